"""A requestor beside a daemon: in this process, with what the package itself offers for it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pydicom
from pydicom.dataset import Dataset
from twisted.internet.endpoints import TCP4ServerEndpoint

from tests.daemon.cases import DaemonTestCase
from tests.running import Certificates, Node, start_again
from txdicomtls.access import AnyPeer
from txdicomtls.interfaces import IService
from txdicomtls.net import AssociationFactory, ClientEndpoint, ServerEndpoint
from txdicomtls.part10 import FileHeader, read_header
from txdicomtls.scu import Association, Contexts, connect, contexts_for, query_contexts
from txdicomtls.threads import in_thread_of
from txdicomtls.tls import Security, load_security

_SHIPPED = Path(pydicom.__file__).parent / "data" / "test_files"

#: A tomogram, a magnetic resonance image and a photograph in JPEG, each of a patient of its own.
CT, MR, PHOTOGRAPH = (
    _SHIPPED / name for name in ("CT_small.dcm", "MR_small.dcm", "SC_rgb_jpeg_gdcm.dcm")
)


#: One peer that may do everything.
EVERYTHING = """
[[peer]]
ae_title = "TEST"
allow = ["echo", "store", "find", "get", "move", "commit", "worklist", "procedure-step"]
"""


def the_reactor() -> Any:
    """The reactor that the tests run in."""
    from twisted.internet import reactor

    return reactor


class RequestingTestCase(DaemonTestCase):
    """Calls daemons, and can be called by them."""

    async def security(self, certificates: Certificates, name: str) -> Security:
        """How a link is secured by who has this certificate."""
        return await load_security(
            certificate=certificates.certificate(name),
            private_key=certificates.key(name),
            trust=[certificates.certificate("ca")],
            in_thread=in_thread_of(the_reactor()),
        )

    async def associate(
        self,
        node: Node,
        contexts: Contexts,
        *,
        calling: str = "TEST",
        called: str = "TXDICOM",
        window: int = 4,
        services: Iterable[IService] = (),
    ) -> Association:
        """An association with a node; aborted at the end of the test if it is there still."""
        reactor = the_reactor()
        association = await connect(
            reactor,
            ClientEndpoint(
                reactor, "localhost", node.port, await self.security(node.certificates, "client")
            ),
            called=called,
            calling=calling,
            contexts=contexts,
            window=window,
            services=services,
        )
        self.addCleanup(self.closed, association)
        return association

    async def restarted(self, node: Node, signal: str = "TERM") -> Node:
        """End a node with a signal, and start it again on what it has kept."""
        node.process.send_signal(signal)
        await self.soon(node.process.ended)
        again = await start_again(self, node)
        self.addCleanup(self.stopped, again.process)
        return again

    def directory(self) -> Path:
        """A new directory."""
        path = Path(self.mktemp()).absolute()
        path.mkdir(parents=True)
        return path

    async def closed(self, association: Association) -> None:
        """Have an association over."""
        association.abort("the test is over")
        await self.soon(association.when_closed())

    async def store(self, node: Node, *paths: Path, calling: str = "TEST") -> None:
        """Store files, with success."""
        headers = [read_header(path) for path in paths]
        async with await self.associate(node, contexts_for(headers), calling=calling) as sending:
            sent = [each async for each in sending.store(paths)]
        self.assertEqual([0] * len(paths), [each.status for each in sent], sent)

    async def kept_by(self, node: Node) -> set[str]:
        """SOP Instance UIDs of all that a node has, as it says itself."""
        async with await self.associate(node, query_contexts()) as association:
            studies = await association.find(keys("STUDY", StudyInstanceUID="")).all()
            found = set()
            for study in studies:
                wanted = keys(
                    "SERIES", StudyInstanceUID=study.StudyInstanceUID, SeriesInstanceUID=""
                )
                for series in await association.find(wanted).all():
                    wanted = keys(
                        "IMAGE",
                        StudyInstanceUID=study.StudyInstanceUID,
                        SeriesInstanceUID=series.SeriesInstanceUID,
                        SOPInstanceUID="",
                    )
                    images = await association.find(wanted).all()
                    found |= {str(image.SOPInstanceUID) for image in images}
        return found

    async def listen(self, certificates: Certificates, services: list[IService], port: int) -> None:
        """Be called by a node, as the holder of the certificate "node"."""
        reactor = the_reactor()
        factory = AssociationFactory(reactor, services=services, access=AnyPeer())
        tcp = TCP4ServerEndpoint(reactor, port, interface="127.0.0.1")
        security = await self.security(certificates, "node")
        listening: Any = await ServerEndpoint(reactor, tcp, security).listen(factory)

        async def stop() -> None:
            await listening.stopListening()
            factory.abort_all("the test is over")
            await self.soon(factory.drain())

        self.addCleanup(stop)


def header_of(path: Path) -> FileHeader:
    """What a file says that it is."""
    return read_header(path)


def data_set_of(path: Path) -> Dataset:
    """A file, without what is in its pixels."""
    return pydicom.dcmread(path, stop_before_pixels=True)


def keys(level: str, **values: str) -> Dataset:
    """An identifier of the Query/Retrieve service class."""
    identifier = Dataset()
    identifier.QueryRetrieveLevel = level
    for keyword, value in values.items():
        setattr(identifier, keyword, value)
    return identifier


def destination(name: str, port: int, *, calling: str = "TXDICOM") -> str:
    """A peer that can be called, on this machine."""
    return f"""
[[peer]]
ae_title = "{name}"
host = "localhost"
port = {port}
called = "TXDICOM"
calling = "{calling}"
"""


def step_that_begins() -> Dataset:
    """A performed procedure step that begins (PS3.4 F.7.2.1)."""
    item = Dataset()
    item.StudyInstanceUID = "1.2.3"
    attributes = Dataset()
    attributes.PerformedProcedureStepStatus = "IN PROGRESS"
    attributes.PerformedProcedureStepID = "1"
    attributes.PerformedStationAETitle = "TEST"
    attributes.PerformedProcedureStepStartDate = "20260101"
    attributes.PerformedProcedureStepStartTime = "1100"
    attributes.Modality = "CT"
    attributes.ScheduledStepAttributesSequence = [item]
    attributes.PatientName = ""
    attributes.PatientID = ""
    return attributes


def end_of_step() -> Dataset:
    """What completes it (PS3.4 F.7.2.2)."""
    series = Dataset()
    series.SeriesInstanceUID = "1.2.3.4"
    series.ProtocolName = "HEAD"
    modifications = Dataset()
    modifications.PerformedProcedureStepStatus = "COMPLETED"
    modifications.PerformedProcedureStepEndDate = "20260101"
    modifications.PerformedProcedureStepEndTime = "1200"
    modifications.PerformedSeriesSequence = [series]
    return modifications
