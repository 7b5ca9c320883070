"""A node of ours in this process, over TLS, that offers every service: peers of all kinds call it.

It holds real objects: texts in many character sets, and one series in three transfer syntaxes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.trial.unittest import TestCase

from tests.interop.links import security, the_reactor
from tests.interop.objects import SAMPLES, held
from tests.interop.our_providers import (
    Commitments,
    Destinations,
    Events,
    Films,
    Schedule,
    Steps,
)
from tests.interop.values import FILM_SESSION, PRINTER, dataset
from tests.running import Certificates
from txdicomtls import uids
from txdicomtls.access import AnyPeer
from txdicomtls.interfaces import IAccess, IService, QueryOptions
from txdicomtls.net import AssociationFactory, ServerEndpoint
from txdicomtls.part10 import meta_bytes
from txdicomtls.scp import (
    Commitment,
    EventReports,
    Find,
    Get,
    Move,
    Normalized,
    ProcedureStep,
    Storage,
    Verification,
    Worklist,
    means_of,
)
from txdicomtls.scp.get import StoredIn
from txdicomtls.testing import MemoryInstance, MemoryStore

#: Its AE title.
TITLE = "TXDICOM"

#: The names of the patients, as the files have them, by the patients' IDs.
NAMES = {
    "SCSARAB": "قباني^لنزار",
    "SCSFREN": "Buc^Jérôme",
    "SCSGREEK": "Διονυσιος",
    "H31EXAMPLE": "Yamada^Tarou=山田^太郎=やまだ^たろう",
    "H32EXAMPLE": "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
    "SCSHBRW": "שרון^דבורה",
    "I2EXAMPLE": "Hong^Gildong=洪^吉洞=홍^길동",
    "SCSRUSS": "Люкceмбypг",  # noqa: RUF001  # as the file has it, Latin letters and all
    "X1EXAMPLE": "Wang^XiaoDong=王^小東",
    "1CT1": "CompressedSamples^CT1",
    "ID1": "Lestrade^G",
}

#: One series of three images, each in another compressed transfer syntax.
LESTRADE = "1.2.826.0.1.3680043.8.498.12406831542731051035295345080039845114"
LESTRADE_FILES = ("SC_rgb_small_odd_jpeg.dcm", "SC_rgb_jpeg_gdcm.dcm", "SC_rgb_gdcm_KY.dcm")

#: What the node holds: one study of each of these patients, with one image, but for Lestrade's.
HELD = tuple(
    sample
    for sample in SAMPLES
    if sample.path.parent.name == "charset_files" and sample.path.name != "chrKoreanMulti.dcm"
) + tuple(sample for sample in SAMPLES if sample.path.name in ("CT_small.dcm", *LESTRADE_FILES))


def sample(name: str) -> Path:
    """The file of this name among those that the node holds."""
    [found] = [each.path for each in HELD if each.path.name == name]
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class OurNode:
    """A node that listens, and what stands behind its services."""

    port: int
    certificates: Certificates
    store: MemoryStore
    schedule: Schedule
    steps: Steps
    films: Films
    events: Events
    destinations: Destinations
    factory: AssociationFactory


async def start_our_node(
    case: TestCase,
    certificates: Certificates,
    *,
    access: IAccess | None = None,
    more: Iterable[IService] = (),
    key_log: Path | None = None,
    window: int = 8,
    stored_in: StoredIn | None = None,
) -> OurNode:
    """Let a node of ours listen until the end of the test.

    :param access: who may; everybody with a trusted certificate if None.
    :param more: services besides, asked before its own.
    :param key_log: a file for the keys of its links.
    :param stored_in: in which transfer syntaxes a C-GET is best answered; the requestor's first
        if None.
    """
    reactor = the_reactor()
    means = means_of(reactor)
    store, schedule, steps, films, events = MemoryStore(), Schedule(), Steps(), Films(), Events()
    for each in HELD:
        store.add_bytes(*held(each.path))
    schedule.items = worklist_items()
    destinations = Destinations(await security(certificates, "client", key_log=key_log))
    services = [
        *more,
        Verification(),
        Storage(store),
        Find(store, means, supports=QueryOptions(date_time=True)),
        Get(store, means, stored_in=stored_in or store.stored_in),
        Move(store, destinations, means),
        Worklist(schedule, means),
        ProcedureStep(steps, means),
        Commitment(Commitments(store), None, means),
        EventReports(events, [uids.STORAGE_COMMITMENT, FILM_SESSION], means),
        Normalized(films, [FILM_SESSION, PRINTER], means),
    ]
    factory = AssociationFactory(
        reactor, services=services, access=access or AnyPeer({TITLE}), window=window
    )
    secured = await security(certificates, "node", key_log=key_log)
    tcp = TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")
    listening: Any = await ServerEndpoint(reactor, tcp, secured).listen(factory)

    def stop() -> Deferred[None]:
        stopped: Deferred[None] = listening.stopListening()
        return stopped.addCallback(lambda _: factory.drain())

    case.addCleanup(stop)
    return OurNode(
        port=listening.getHost().port,
        certificates=certificates,
        store=store,
        schedule=schedule,
        steps=steps,
        films=films,
        events=events,
        destinations=destinations,
        factory=factory,
    )


def write(instances: Iterable[MemoryInstance], directory: Path) -> None:
    """Write instances as files, to compare them with what was sent."""
    for each in instances:
        path = directory / f"{each.facts.sop_instance_uid}.dcm"
        path.write_bytes(meta_bytes(each.facts) + each.data)


def worklist_items() -> list[Dataset]:
    """Two scheduled procedure steps: one for the CT tomorrow, one for the MR today."""
    return [
        dataset(
            SpecificCharacterSet="ISO_IR 100",
            AccessionNumber="A1",
            PatientName="Müller^Jürgen",
            PatientID="P1",
            StudyInstanceUID="1.2.3.1",
            RequestedProcedureID="R1",
            ScheduledProcedureStepSequence=[
                dataset(
                    Modality="CT",
                    ScheduledStationAETitle="CT1",
                    ScheduledProcedureStepStartDate="20260201",
                    ScheduledProcedureStepStartTime="093000",
                    ScheduledProcedureStepID="S1",
                )
            ],
        ),
        dataset(
            SpecificCharacterSet=["", "ISO 2022 IR 87"],
            AccessionNumber="A2",
            PatientName=NAMES["H31EXAMPLE"],
            PatientID="P2",
            StudyInstanceUID="1.2.3.2",
            RequestedProcedureID="R2",
            ScheduledProcedureStepSequence=[
                dataset(
                    Modality="MR",
                    ScheduledStationAETitle="MR1",
                    ScheduledProcedureStepStartDate="20260131",
                    ScheduledProcedureStepStartTime="080000",
                    ScheduledProcedureStepID="S2",
                )
            ],
        ),
    ]
