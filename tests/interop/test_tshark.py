"""Every PDU that we send, as tshark shows it: seven types of PDU, and each of the DIMSE messages.

A real capture of requestors of ours and a node of ours, over TLS, with all that can be negotiated.
"""

from __future__ import annotations

import re
from pathlib import Path

from twisted.trial.unittest import TestCase

from tests.interop.links import associate, security, the_reactor
from tests.interop.our_node import NAMES, TITLE, OurNode, sample, start_our_node
from tests.interop.our_providers import Endless
from tests.interop.shared_certificates import shared_certificates
from tests.interop.tshark import Seen, start_capture, tshark
from tests.interop.values import (
    CT_IMAGE_STORAGE,
    FILM_SESSION,
    LOST,
    PRINT,
    PRINTER,
    PRINTER_INSTANCE,
    dataset,
)
from txdicomtls import uids
from txdicomtls.association import ConnectionLimits
from txdicomtls.codes import RejectReason
from txdicomtls.errors import AssociationRefused, AssociationRejected, OperationFailed
from txdicomtls.interfaces import Grant
from txdicomtls.part10 import read_header
from txdicomtls.pdu import CommonExtendedNegotiation, ExtendedNegotiation
from txdicomtls.scp import Find, means_of
from txdicomtls.scu import (
    Association,
    Instance,
    PositiveResponse,
    Reference,
    UserIdentity,
    commitment_contexts,
    contexts_for,
    get_contexts,
    move_contexts,
    normalized_contexts,
    procedure_step_contexts,
    query_contexts,
    verification_context,
    worklist_contexts,
)
from txdicomtls.testing import MemoryAccess, MemoryReceiver
from txdicomtls.tls.authority import KeyType

#: The 23 messages of DIMSE (PS3.7 9.3, 10.3), and their data sets where they have one.
MESSAGES = frozenset(
    f"{service}-{kind}"
    for service in (
        *("C-STORE", "C-FIND", "C-GET", "C-MOVE", "C-ECHO"),
        *("N-EVENT-REPORT", "N-GET", "N-SET", "N-ACTION", "N-CREATE", "N-DELETE"),
    )
    for kind in ("RQ", "RSP")
) | {"C-CANCEL-RQ"}

#: What it says of A-ASSOCIATE-RJ and A-ABORT: that is what they are for.
SAID_OF = {3: ["Message: Association rejected"], 7: ["Message: Association aborted"]}

#: Sub-items that version 4.0 does not know: SOP class common extended negotiation, and the
#: response to the user identity.  It steps over them by their length, which so is right.
UNKNOWN_TO_IT = {"Item Type: Unknown (0x57)", "Item Type: Unknown (0x59)"}

PATIENT_STUDY_ONLY_FIND = "1.2.840.10008.5.1.4.1.2.3.1"
STORAGE_SERVICE_CLASS = "1.2.840.10008.4.2"
CT_FILE = "CT_small.dcm"


class OnlyPatients(Find):
    """Only one of the three models, so that another service has the others."""

    def accepts(self, abstract_syntax: str) -> bool:
        return abstract_syntax == uids.PATIENT_ROOT_FIND


class DissectionTests(TestCase):
    timeout = 90

    def setUp(self) -> None:
        tshark()
        self.directory = Path(self.mktemp()).absolute()
        self.directory.mkdir()

    async def test_every_pdu_and_every_message_is_understood_without_a_complaint(self) -> None:
        seen = await self.captured()
        self.assertEqual((), seen.malformed)
        self.assertEqual(seen.sent, seen.shown)  # nothing was passed over
        self.assertEqual(set(range(5)), {stream for stream, _ in seen.sent})
        self.assertEqual(set(range(1, 8)), {each.pdu_type for each in seen.pdus})
        messages = {message for each in seen.pdus for message in messages_in(each.title)}
        self.assertEqual(MESSAGES, messages)
        for each in seen.pdus:
            self.assertEqual(SAID_OF.get(each.pdu_type, []), list(each.remarks), each.title)
        lines = [line for each in seen.pdus for line in each.lines]
        self.assertEqual(
            UNKNOWN_TO_IT, {line for line in lines if re.match(r".*: Unknown \(0x", line)}
        )
        # It has read the texts as well, and put the fragments together.
        for text in ("[PN] Διονυσιος", f"[PN] {NAMES['H31EXAMPLE']}", "[AE] MR1"):
            self.assertTrue(any(text in line for line in lines), text)
        self.assertTrue(any(re.match(r"Reassembled PDV length: 38\d{3}$", line) for line in lines))

    async def captured(self) -> Seen:
        """What tshark has seen of it all."""
        access = MemoryAccess(Grant(identity_response=b""))
        patients = OnlyPatients(Endless(), means_of(the_reactor()))
        keys = self.directory / "keys"
        certificates = shared_certificates(KeyType.RSA)
        node = await start_our_node(
            self, certificates, access=access, more=[patients], key_log=keys
        )
        capture = await start_capture(self, self.directory / "seen.pcapng", node.port)
        self.secured = await security(certificates, "client", key_log=keys)
        connections = await self.everything(node)
        access.refusal = AssociationRefused(RejectReason.CALLED_AE_TITLE_NOT_RECOGNIZED)
        with self.assertRaises(AssociationRejected):
            await self.associate(node)
        access.refusal = None
        for from_acceptor in (False, True):
            association = await self.associate(node)
            if from_acceptor:
                node.factory.abort_all("it is the end of the test")
            else:
                association.abort()
            await association.when_closed()
        return await capture.stop(keys, certificates.key("node"), connections + 3)

    async def associate(self, node: OurNode) -> Association:
        return await associate(node.port, self.secured, called=TITLE)

    async def everything(self, node: OurNode) -> int:
        """Ask for every service, on an association that negotiates all that there is.

        :return: how many connections it took.
        """
        node.destinations.ports[TITLE] = node.port
        identity = UserIdentity.passcode(
            "jane", "sesame", positive_response=PositiveResponse.REQUIRED
        )
        association = await associate(
            node.port,
            self.secured,
            called=TITLE,
            window=8,
            limits=ConnectionLimits(maximum_length=4096),  # so that what we get is in fragments
            identity=identity,
            extended=[
                ExtendedNegotiation(
                    sop_class_uid=uids.STUDY_ROOT_FIND, information=b"\x01\x01\x01\x00"
                )
            ],
            common_extended=[
                CommonExtendedNegotiation(
                    sop_class_uid=CT_IMAGE_STORAGE,
                    service_class_uid=STORAGE_SERVICE_CLASS,
                )
            ],
            contexts=verification_context()
            + contexts_for([read_header(sample(CT_FILE))])
            + query_contexts(uids.PATIENT_ROOT_FIND)
            + query_contexts(transfer_syntaxes=(uids.EXPLICIT_VR_BIG_ENDIAN,))
            + query_contexts(
                PATIENT_STUDY_ONLY_FIND, transfer_syntaxes=(uids.IMPLICIT_VR_LITTLE_ENDIAN,)
            )
            + get_contexts([CT_IMAGE_STORAGE], stored_in=(uids.EXPLICIT_VR_LITTLE_ENDIAN,))
            + move_contexts()
            + worklist_contexts()
            + procedure_step_contexts()
            + commitment_contexts()
            + normalized_contexts(FILM_SESSION, PRINTER),
        )
        async with association:
            await self.composite(association)
            await self.normalized(association)
        return 2  # the C-MOVE took one as well

    async def composite(self, association: Association) -> None:
        """C-ECHO to C-CANCEL."""
        self.assertEqual(0, await association.echo())
        [sent] = [each async for each in association.store([sample(CT_FILE)])]
        self.assertEqual(0, sent.status)
        greek = dataset(
            QueryRetrieveLevel="STUDY", PatientName="", PatientID="SCSGREEK", StudyInstanceUID=""
        )
        for model in (uids.STUDY_ROOT_FIND, PATIENT_STUDY_ONLY_FIND):
            self.assertEqual(1, len(await association.find(greek, model=model).all()))
        patients = dataset(QueryRetrieveLevel="PATIENT", PatientID="")
        some = association.find(patients, model=uids.PATIENT_ROOT_FIND, limit=2)
        self.assertEqual(2, len(await some.all()))
        step = dataset(ScheduledStationAETitle="", Modality="MR")
        keys = dataset(PatientName="", PatientID="", ScheduledProcedureStepSequence=[step])
        self.assertEqual(1, len(await association.worklist(keys).all()))
        tomography = dataset(QueryRetrieveLevel="STUDY", PatientID="1CT1", StudyInstanceUID="")
        [found] = await association.find(tomography).all()
        wanted = dataset(QueryRetrieveLevel="STUDY", StudyInstanceUID=found.StudyInstanceUID)
        got = await association.get(wanted, MemoryReceiver()).finished()
        self.assertTrue(got.is_complete)
        moved = await association.move(wanted, TITLE).finished()
        self.assertTrue(moved.is_complete)

    async def normalized(self, association: Association) -> None:
        """N-EVENT-REPORT to N-DELETE, also some that fail."""
        report = await association.commit(
            [read_header(sample(CT_FILE)), Reference(CT_IMAGE_STORAGE, LOST)]
        )
        self.assertEqual((1, 1), (len(report.committed), len(report.failed)))
        session = Instance(sop_class_uid=FILM_SESSION, sop_instance_uid="1.2.3.5")
        await association.create(session, dataset(PrintPriority="LOW"))
        await association.set_attributes(session, dataset(PrintPriority="HIGH"))
        await association.action(session, PRINT)
        await association.delete(session)
        with self.assertRaises(OperationFailed):
            await association.delete(session)
        printer = Instance(sop_class_uid=PRINTER, sop_instance_uid=PRINTER_INSTANCE)
        await association.get_attributes(printer, 0x21100010)


def messages_in(title: str) -> set[str]:
    """The messages that a title names: of their command sets, not of their data sets."""
    return {name for name in re.findall(r"[CN]-[A-Z-]+", title) if not name.endswith("-DATA")}
