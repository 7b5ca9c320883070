"""What pynetdicom does as SCU of services that its applications lack, one scenario after the other.

Each yields what became of its operations; ``pynetdicom_services.py`` runs them.
"""

from __future__ import annotations

import argparse
import json
import ssl
import time
from collections.abc import Iterator
from typing import Any

from pynetdicom import AE, evt
from pynetdicom.pdu_primitives import UserIdentityNegotiation
from pynetdicom.presentation import build_context, build_role

from tests.interop.pynetdicom_peer import TITLE, settle, tell, tls_context
from tests.interop.values import (
    CT_IMAGE_STORAGE,
    FILM_SESSION,
    LOST,
    PRINT,
    PRINTER,
    PRINTER_INSTANCE,
    USER,
    dataset,
)
from txdicomtls import uids


def steps(association: Any, _: list[Any]) -> Iterator[Any]:
    """A performed procedure step from its creation to its end, and what may not be done then."""
    step, retrieve = (
        uids.MODALITY_PERFORMED_PROCEDURE_STEP,
        uids.MODALITY_PERFORMED_PROCEDURE_STEP_RETRIEVE,
    )
    begun = dataset(
        SpecificCharacterSet="ISO_IR 192",
        PatientName="山田^太郎",
        ScheduledStepAttributesSequence=[dataset(StudyInstanceUID="1.2.3")],
        PerformedProcedureStepID="S1",
        PerformedStationAETitle="CT1",
        PerformedProcedureStepStartDate="20260131",
        PerformedProcedureStepStartTime="1200",
        PerformedProcedureStepStatus="IN PROGRESS",
        Modality="CT",
        PerformedSeriesSequence=[],
    )
    series = dataset(
        SeriesInstanceUID="1.2.3.4", ProtocolName="Head", RetrieveAETitle="", SeriesDescription=""
    )
    done = dataset(
        PerformedProcedureStepStatus="COMPLETED",
        PerformedProcedureStepEndDate="20260131",
        PerformedProcedureStepEndTime="1230",
        PerformedSeriesSequence=[series],
    )
    status, _attributes = association.send_n_create(begun, step, "1.2.3.7")
    yield ["created", status.Status]
    status, _attributes = association.send_n_create(begun, step, None)
    yield ["created without a UID", status.Status]
    status, _attributes = association.send_n_set(done, step, "1.2.3.7")
    yield ["completed", status.Status]
    status, found = association.send_n_get([0x00400252, 0x00100010], retrieve, "1.2.3.7")
    yield ["got", status.Status, found.PerformedProcedureStepStatus, str(found.PatientName)]
    status, _attributes = association.send_n_set(done, step, "1.2.3.7")
    yield ["set again", status.Status]
    status, _attributes = association.send_n_set(done, step, "1.2.3.8")
    yield ["set unknown", status.Status]


def films(association: Any, _: list[Any]) -> Iterator[Any]:
    """A film session from its creation to its end, and the printer."""
    session = dataset(NumberOfCopies="1", PrintPriority="LOW")
    status, made = association.send_n_create(session, FILM_SESSION, "1.2.3.5")
    yield ["created", status.Status, made.PrintPriority]
    changed = dataset(PrintPriority="HIGH")
    status, made = association.send_n_set(changed, FILM_SESSION, "1.2.3.5")
    yield ["set", status.Status, made.PrintPriority]
    status, _reply = association.send_n_action(None, PRINT, FILM_SESSION, "1.2.3.5")
    yield ["printed", status.Status]
    status, _reply = association.send_n_action(None, 7, FILM_SESSION, "1.2.3.5")
    yield ["no such action", status.Status]
    status = association.send_n_delete(FILM_SESSION, "1.2.3.5")
    yield ["deleted", status.Status]
    status = association.send_n_delete(FILM_SESSION, "1.2.3.5")
    yield ["deleted again", status.Status]
    status, found = association.send_n_get([0x21100010, 0x21100030], PRINTER, PRINTER_INSTANCE)
    yield ["printer", status.Status, found.PrinterStatus, found.PrinterName]


def commitment(association: Any, reported: list[Any]) -> Iterator[Any]:
    """Storage commitment for one instance that is there and one that is not."""
    asked = dataset(
        TransactionUID="2.25.1",
        ReferencedSOPSequence=[
            dataset(ReferencedSOPClassUID=CT_IMAGE_STORAGE, ReferencedSOPInstanceUID=uid)
            for uid in ("1.3.6.1.4.1.5962.1.1.1.1.1.20040119072730.12322", LOST)
        ],
    )
    status, _reply = association.send_n_action(
        asked, 1, uids.STORAGE_COMMITMENT, uids.STORAGE_COMMITMENT_INSTANCE
    )
    yield ["asked", status.Status]
    deadline = time.monotonic() + 10
    while not reported and time.monotonic() < deadline:
        time.sleep(0.01)
    yield from reported


def reports(association: Any, _: list[Any]) -> Iterator[Any]:
    """Reports of an SCP that opened the association itself."""
    for sop_class, event_type in ((uids.STORAGE_COMMITMENT, 1), (FILM_SESSION, 3)):
        status, _reply = association.send_n_event_report(
            dataset(TransactionUID="2.25.1"), event_type, sop_class, "1.2.3.9"
        )
        yield [event_type, status.Status]


def finds(association: Any, _: list[Any]) -> Iterator[Any]:
    """A query that is cancelled after its third match."""
    keys = dataset(QueryRetrieveLevel="PATIENT", PatientID="", PatientName="*")
    found = 0
    for status, _identifier in association.send_c_find(keys, uids.PATIENT_ROOT_FIND, msg_id=7):
        found += status.Status == 0xFF00
        if found == 3 and status.Status == 0xFF00:
            association.send_c_cancel(7, query_model=uids.PATIENT_ROOT_FIND)
    yield ["ended", status.Status, found >= 3]


def echoes(association: Any, _: list[Any]) -> Iterator[Any]:
    """Several, one after the other."""
    for _number in range(3):
        yield ["echoed", association.send_c_echo().Status]


def nothing(association: Any, _: list[Any]) -> Iterator[Any]:
    """An association alone."""
    yield ["echoed", association.send_c_echo().Status]


SCENARIOS = {
    each.__name__: each for each in (steps, films, commitment, reports, finds, echoes, nothing)
}

#: Whoever reports on an association of its own is SCP there.
AS_SCP = ("reports",)


def call(options: argparse.Namespace) -> None:
    """Be an SCU."""
    reported: list[Any] = []

    def report(event: Any) -> tuple[int, None]:
        told = event.event_information
        reported.append(
            [
                event.event_type,
                [str(each.ReferencedSOPInstanceUID) for each in told.ReferencedSOPSequence],
                [
                    [str(x.ReferencedSOPInstanceUID), x.FailureReason]
                    for x in told.FailedSOPSequence
                ],
            ]
        )
        return 0, None

    entity = AE(TITLE)
    classes = (
        uids.VERIFICATION,
        uids.PATIENT_ROOT_FIND,
        uids.MODALITY_PERFORMED_PROCEDURE_STEP,
        uids.MODALITY_PERFORMED_PROCEDURE_STEP_RETRIEVE,
        uids.STORAGE_COMMITMENT,
        FILM_SESSION,
        PRINTER,
    )
    entity.requested_contexts = [build_context(each) for each in classes]
    negotiated: list[Any] = []
    if options.scenario in AS_SCP:
        negotiated += [build_role(each, scp_role=True) for each in (classes[4], FILM_SESSION)]
    if options.user:
        identity = UserIdentityNegotiation()
        identity.user_identity_type = 2
        identity.primary_field, identity.secondary_field = USER, options.user.encode()
        identity.positive_response_requested = True
        negotiated.append(identity)
    association = entity.associate(
        "localhost",
        options.port,
        ae_title=options.called,
        ext_neg=negotiated,
        evt_handlers=[(evt.EVT_N_EVENT_REPORT, report)],
        tls_args=(tls_context(options, ssl.Purpose.SERVER_AUTH), "localhost"),
    )
    if not association.is_established:
        tell(json.dumps([["rejected", association.is_rejected]]))
        return
    told = []
    for each in SCENARIOS[options.scenario](association, reported):
        told.append(each)
        settle(association)
    association.release()
    tell(json.dumps([*told, ["released", association.is_released]]))
