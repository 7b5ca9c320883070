"""The daemon's archive filled, asked and emptied by DCMTK and by pynetdicom, with real files.

What the answers are was worked out by hand: see :mod:`tests.interop.query_matrix`.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom import AE, build_context, build_role, evt
from pynetdicom.sop_class import (  # type: ignore[attr-defined]  # it makes them as it is imported
    PatientRootQueryRetrieveInformationModelFind,
    PatientRootQueryRetrieveInformationModelGet,
    PatientRootQueryRetrieveInformationModelMove,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
)
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from tests.interop.dcmtk_keys import keys, responses
from tests.interop.our_node import TITLE
from tests.interop.peers import Words, dcmtk, dcmtk_credentials, run, start_storescp
from tests.interop.query_matrix import FILES, QUERIES, RETRIEVALS, UNIQUE, Query, unique
from tests.interop.relay import into_tls
from tests.interop.shared_certificates import shared_certificates
from tests.interop.test_dcmtk_scu import contexts_file
from tests.running import Node, start_node

T = TypeVar("T")

PEERS = """
[[peer]]
ae_title = "ASKING"
allow = ["echo", "store", "find", "get", "move"]

[[peer]]
ae_title = "THIRD"
host = "localhost"
port = {third}
"""

_FIND = {
    "S": StudyRootQueryRetrieveInformationModelFind,
    "P": PatientRootQueryRetrieveInformationModelFind,
}
_GET = {
    "S": StudyRootQueryRetrieveInformationModelGet,
    "P": PatientRootQueryRetrieveInformationModelGet,
}
_MOVE = {
    "S": StudyRootQueryRetrieveInformationModelMove,
    "P": PatientRootQueryRetrieveInformationModelMove,
}

#: Transfer syntaxes that DCMTK's getscu proposes unless it is told otherwise.
_UNCOMPRESSED = {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"}


class _Archive(TestCase):
    timeout = 120

    async def archive(self) -> Node:
        """A node, and a third one that it can send to."""
        self.certificates = shared_certificates()
        self.received = self.directory()
        _, third = await start_storescp(self, self.certificates, "-od", self.received)
        return await start_node(
            self, certificates=self.certificates, more=PEERS.format(third=third)
        )

    def directory(self) -> Path:
        directory = Path(self.mktemp()).absolute()
        directory.mkdir(parents=True)
        return directory

    def assert_found(self, query: Query, found: list[Dataset]) -> None:
        """Each of what is to be found is there once, and nothing else is."""
        uids = sorted(str(each.get(UNIQUE[query.level]) or "") for each in found)
        self.assertEqual(sorted(query.expected()), uids, query)

    def assert_received(self, query: Query, directory: Path) -> None:
        """What is to be fetched has come, and nothing else; the directory is emptied."""
        came = sorted(directory.iterdir())
        uids = sorted(str(pydicom.dcmread(path, force=True).SOPInstanceUID) for path in came)
        self.assertEqual(sorted(unique(name, "IMAGE") for name in query.files), uids, query)
        for path in came:
            path.unlink()


class DCMTKTests(_Archive):
    async def test_what_it_stores_it_finds_gets_and_moves(self) -> None:
        self.node = await self.archive()
        self.relay = await into_tls(self, self.node.port, self.certificates)
        paths = list(FILES.values())
        said = await self.said("storescu", "-xf", contexts_file(paths), "Samples", files=paths)
        self.assertEqual(len(FILES), said.count("Received Store Response (Success)"), said)
        for query in QUERIES:
            self.assert_found(query, await self.found(query))
        for query in RETRIEVALS:
            words = [f"-{query.root}", "-aem", "THIRD", *_options(query)]
            said = await self.said("movescu", *words)
            self.assertIn("Received Final Move Response (Success)", said, query)
            self.assert_received(query, self.received)
            if _syntaxes(query) <= _UNCOMPRESSED:
                got = self.directory()
                said = await self.said("getscu", f"-{query.root}", "-od", got, *_options(query))
                self.assertIn("Received C-GET Response (Success)", said, query)
                self.assert_received(query, got)

    async def found(self, query: Query) -> list[Dataset]:
        directory = self.directory()
        words: Words = [f"-{query.root}", "-X", "-od", directory]
        unicode = ("-k", "SpecificCharacterSet=ISO_IR 192")
        said = await self.said("findscu", *words, *unicode, *_options(query))
        self.assertIn("Received Final Find Response (Success)", said, query)
        return responses(directory)

    async def said(self, program: str, *words: str | Path, files: list[Path] | None = None) -> str:
        """Let a program call the node, over TLS if it has that; what it said."""
        has_tls = program in ("storescu", "findscu")
        credentials = dcmtk_credentials(self.certificates, "client") if has_tls else []
        port = str(self.node.port if has_tls else self.relay)
        common: Words = ["-v", "-aet", "ASKING", "-aec", TITLE, *credentials]
        command = [dcmtk(program), *common, *words, "localhost", port, *(files or [])]
        status, said = await run(self, command)
        self.assertEqual(0, status, said)
        return said


class PynetdicomTests(_Archive):
    async def test_what_it_stores_it_finds_gets_and_moves(self) -> None:
        node = await self.archive()
        asking = Asking(node)
        await deferToThread(asking.store, list(FILES.values()))
        for query in QUERIES:
            self.assert_found(query, await deferToThread(asking.find, query))
        for query in RETRIEVALS:
            got = self.directory()
            await deferToThread(asking.get, query, got)
            self.assert_received(query, got)
            await deferToThread(asking.move, query)
            self.assert_received(query, self.received)


class Asking:
    """pynetdicom's requestor, which blocks.

    Each operation has an association of its own: where one follows another at once, the thread of
    the association may take the answer to the second one for a request, and abort.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        pki = node.certificates
        self._tls = ssl.create_default_context(cafile=str(pki.certificate("ca")))
        self._tls.load_cert_chain(pki.certificate("client"), pki.key("client"))

    def store(self, paths: list[Path]) -> None:
        """Send files, each in the transfer syntax that it is in."""
        for path in paths:
            meta = pydicom.dcmread(path, stop_before_pixels=True).file_meta
            context = build_context(meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID)
            status = self._within(partial(_send, path), [context])
            assert status == 0, path

    def find(self, query: Query) -> list[Dataset]:
        """What is found."""
        model = _FIND[query.root]

        def ask(association: Any) -> list[Dataset]:
            *found, (status, _) = association.send_c_find(_identifier(query), model)
            assert status.Status == 0, (query, status)
            return [data for _, data in found]

        return self._within(ask, [build_context(model)])

    def get(self, query: Query, directory: Path) -> None:
        """Have it sent on the association that asks."""
        heads = [pydicom.dcmread(FILES[name], stop_before_pixels=True) for name in query.files]
        kinds = {(head.SOPClassUID, head.file_meta.TransferSyntaxUID) for head in heads}
        roles = [build_role(sop_class, scp_role=True) for sop_class, _ in kinds]

        def keep(event: Any) -> int:
            data = event.dataset
            data.file_meta = event.file_meta
            data.save_as(directory / data.SOPInstanceUID, enforce_file_format=True)
            return 0

        def ask(association: Any) -> None:
            *_, (status, _) = association.send_c_get(_identifier(query), _GET[query.root])
            assert status.Status == 0, (query, status)
            assert status.NumberOfCompletedSuboperations == len(query.files), (query, status)

        contexts = [build_context(_GET[query.root]), *(build_context(*kind) for kind in kinds)]
        self._within(ask, contexts, ext_neg=roles, evt_handlers=[(evt.EVT_C_STORE, keep)])

    def move(self, query: Query) -> None:
        """Have it sent to the third node."""

        def ask(association: Any) -> None:
            model = _MOVE[query.root]
            *_, (status, _) = association.send_c_move(_identifier(query), "THIRD", model)
            assert status.Status == 0, (query, status)

        self._within(ask, [build_context(_MOVE[query.root])])

    def _within(self, ask: Callable[[Any], T], contexts: list[Any], **more: Any) -> T:
        entity = AE("ASKING")
        association = entity.associate(
            "localhost",
            self._node.port,
            contexts=contexts,
            ae_title=TITLE,
            tls_args=(self._tls, "localhost"),
            **more,
        )
        assert association.is_established
        try:
            return ask(association)
        finally:
            association.release()


def _send(path: Path, association: Any) -> int:
    status: int = association.send_c_store(path).Status
    return status


def _syntaxes(query: Query) -> set[UID]:
    """Those that the files of an answer are in."""
    return {
        pydicom.dcmread(FILES[name], stop_before_pixels=True).file_meta.TransferSyntaxUID
        for name in query.files
    }


def _options(query: Query) -> Words:
    """The identifier on the command line of DCMTK."""
    named = {name.replace(".", "[0]."): value for name, value in query.values().items()}
    return keys(query.level, **{UNIQUE[query.level]: "", **named})


def _identifier(query: Query) -> Dataset:
    """The identifier, in Unicode."""
    identifier = Dataset()
    identifier.SpecificCharacterSet = "ISO_IR 192"
    identifier.QueryRetrieveLevel = query.level
    setattr(identifier, UNIQUE[query.level], "")
    for name, value in query.values().items():
        sequence, _, inner = name.rpartition(".")
        target = identifier
        if sequence:
            if sequence not in identifier:
                setattr(identifier, sequence, [Dataset()])
            target = identifier[sequence].value[0]
        setattr(target, inner, value)
    return identifier
