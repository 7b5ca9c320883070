"""pynetdicom with every service that its applications lack, over TLS, in a process of its own.

pynetdicom_services.py scp [options]            says "listens on port N", serves until it is ended
pynetdicom_services.py scu [options] SCENARIO   says what became of it as one line of JSON

As SCP it performs N-CREATE, N-SET, N-GET, N-ACTION and N-DELETE on what it keeps, takes
N-EVENT-REPORT, commits itself to whatever it is asked for but the instance 1.2.3.404, knows a user,
and finds patients without end until it is told to stop.  It says one line of JSON for each request.
"""

from __future__ import annotations

import argparse
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import AE, evt
from pynetdicom.presentation import build_context, build_role
from pynetdicom.transport import ThreadedAssociationServer

from tests.interop.pynetdicom_peer import TITLE, tell, tls_context
from tests.interop.pynetdicom_scenarios import SCENARIOS, call
from tests.interop.values import (
    FILM_SESSION,
    LOST,
    PASSCODE,
    PRINT_MANAGEMENT,
    PRINTER,
    PRINTER_INSTANCE,
    SERVER_TICKET,
    USER,
    dataset,
)
from txdicomtls import uids

NO_SUCH_INSTANCE = 0x0112

#: The UID of an instance that it has to give one.
MADE = "1.2.3.99"


class Provider:
    """Keeps instances of any SOP class.

    :param report: sends the report of a commitment, given the association and the report.
    """

    def __init__(self, report: Callable[[Any, int, Dataset], None]) -> None:
        self._kept: dict[str, Dataset] = {PRINTER_INSTANCE: dataset(PrinterStatus="NORMAL")}
        self._report = report

    def create(self, event: Any) -> tuple[int, Dataset]:
        uid = str(event.request.AffectedSOPInstanceUID or MADE)
        self._kept[uid] = event.attribute_list
        attributes = Dataset(self._kept[uid])
        if event.request.AffectedSOPInstanceUID is None:
            attributes.AffectedSOPInstanceUID = uid  # from here it moves it to the command set
        tell(json.dumps(["N-CREATE", uid]))
        return 0, attributes

    def set(self, event: Any) -> tuple[int, Dataset | None]:
        uid = str(event.request.RequestedSOPInstanceUID)
        if uid not in self._kept:
            return NO_SUCH_INSTANCE, None
        self._kept[uid].update(event.modification_list)
        tell(json.dumps(["N-SET", uid]))
        return 0, self._kept[uid]

    def get(self, event: Any) -> tuple[int, Dataset | None]:
        uid = str(event.request.RequestedSOPInstanceUID)
        if uid not in self._kept:
            return NO_SUCH_INSTANCE, None
        found = Dataset()
        for element in self._kept[uid]:
            if not event.attribute_identifiers or element.tag in event.attribute_identifiers:
                found.add(element)
        tell(json.dumps(["N-GET", uid]))
        return 0, found

    def action(self, event: Any) -> tuple[int, None]:
        request = event.request
        uid = str(request.RequestedSOPInstanceUID)
        tell(json.dumps(["N-ACTION", uid, event.action_type]))
        if request.RequestedSOPClassUID == uids.STORAGE_COMMITMENT:
            asked = event.action_information
            kept = [each for each in asked.ReferencedSOPSequence if not is_lost(each)]
            lost = [each for each in asked.ReferencedSOPSequence if is_lost(each)]
            outcome = dataset(TransactionUID=asked.TransactionUID, ReferencedSOPSequence=kept)
            for each in lost:
                each.FailureReason = NO_SUCH_INSTANCE
            if lost:
                outcome.FailedSOPSequence = lost
            # It sends nothing as long as a handler runs; the answer to this request comes first.
            threading.Thread(
                target=self._report, args=(event.assoc, 2 if lost else 1, outcome), daemon=True
            ).start()
        elif uid not in self._kept:
            return NO_SUCH_INSTANCE, None
        return 0, None

    def delete(self, event: Any) -> int:
        uid = str(event.request.RequestedSOPInstanceUID)
        tell(json.dumps(["N-DELETE", uid]))
        return 0 if self._kept.pop(uid, None) is not None else NO_SUCH_INSTANCE

    def event(self, event: Any) -> tuple[int, None]:
        uid = str(event.request.AffectedSOPInstanceUID)
        tell(json.dumps(["N-EVENT-REPORT", uid, event.event_type]))
        return 0, None

    def find(self, event: Any) -> Iterator[tuple[int, Dataset | None]]:
        if event.request.AffectedSOPClassUID == uids.MODALITY_WORKLIST_FIND:
            [asked] = event.identifier.ScheduledProcedureStepSequence
            asked.ScheduledProcedureStepStartDate = "20260131"
            yield (
                0xFF00,
                dataset(
                    SpecificCharacterSet="ISO_IR 192",
                    PatientName="山田^太郎",
                    ScheduledProcedureStepSequence=[asked],
                ),
            )
            return
        while not event.is_cancelled:
            yield 0xFF00, dataset(QueryRetrieveLevel="PATIENT", PatientID="1")
            time.sleep(0.02)
        tell(json.dumps(["C-CANCEL"]))
        yield 0xFE00, None

    def user(self, event: Any) -> tuple[bool, bytes | None]:
        tell(json.dumps(["user", event.user_id_type, event.primary_field.decode()]))
        if event.user_id_type == 2:
            return (event.primary_field, event.secondary_field) == (USER, PASSCODE.encode()), None
        return True, SERVER_TICKET if event.user_id_type == 3 else None


def is_lost(reference: Dataset) -> bool:
    """Whether this is the instance that is not there."""
    return bool(reference.ReferencedSOPInstanceUID == LOST)


def serve(options: argparse.Namespace) -> None:
    """Be an SCP."""

    def report(association: Any, event_type: int, outcome: Dataset) -> None:
        if not options.port:
            send_report(association, event_type, outcome)
            return
        entity = AE(TITLE)
        entity.requested_contexts = [build_context(uids.STORAGE_COMMITMENT)]
        own = entity.associate(
            "localhost",
            options.port,
            ae_title=options.called,
            ext_neg=[build_role(uids.STORAGE_COMMITMENT, scp_role=True)],
            tls_args=(tls_context(options, ssl.Purpose.SERVER_AUTH), "localhost"),
        )
        send_report(own, event_type, outcome)
        own.release()

    def send_report(association: Any, event_type: int, outcome: Dataset) -> None:
        status, _ = association.send_n_event_report(
            outcome, event_type, uids.STORAGE_COMMITMENT, uids.STORAGE_COMMITMENT_INSTANCE
        )
        tell(json.dumps(["reported", status.get("Status")]))

    provider = Provider(report)
    entity = AE(TITLE)
    for abstract_syntax in (
        uids.VERIFICATION,
        uids.PATIENT_ROOT_FIND,
        uids.MODALITY_PERFORMED_PROCEDURE_STEP,
        uids.MODALITY_WORKLIST_FIND,
        FILM_SESSION,
        PRINTER,
        PRINT_MANAGEMENT,
    ):
        entity.add_supported_context(abstract_syntax)
    entity.add_supported_context(uids.STORAGE_COMMITMENT, scu_role=True, scp_role=True)
    server = entity.start_server(
        ("127.0.0.1", 0),
        block=False,
        ssl_context=tls_context(options, ssl.Purpose.CLIENT_AUTH),
        evt_handlers=[
            (evt.EVT_N_CREATE, provider.create),
            (evt.EVT_N_SET, provider.set),
            (evt.EVT_N_GET, provider.get),
            (evt.EVT_N_ACTION, provider.action),
            (evt.EVT_N_DELETE, provider.delete),
            (evt.EVT_N_EVENT_REPORT, provider.event),
            (evt.EVT_C_FIND, provider.find),
            (evt.EVT_USER_ID, provider.user),
        ],
    )
    assert isinstance(server, ThreadedAssociationServer)
    tell(f"listens on port {server.server_address[1]}")
    threading.Event().wait()


def main() -> None:
    """Be what the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=["scp", "scu"])
    parser.add_argument("--key", required=True)
    parser.add_argument("--certificate", required=True)
    parser.add_argument("--authority", required=True)
    parser.add_argument("--tls", default="1.3")
    parser.add_argument("--port", type=int, help="whom to call; as SCP, whom to report to")
    parser.add_argument("--called", default="TXDICOM")
    parser.add_argument("--user", default="", help="the passcode of a user")
    parser.add_argument("scenario", nargs="?", choices=SCENARIOS)
    options = parser.parse_intermixed_args()
    {"scp": serve, "scu": call}[options.role](options)


if __name__ == "__main__":
    main()
