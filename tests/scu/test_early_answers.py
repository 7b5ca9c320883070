"""A peer that answers a C-STORE while its data set is still being sent, PDU by PDU."""

from __future__ import annotations

from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.archive.doubles import at_once, open_descriptors
from tests.association.pair import CT, EXPLICIT, IMPLICIT, VERIFICATION
from tests.scu.files import make_file
from txdicomtls import uids
from txdicomtls.association import ConnectionLimits
from txdicomtls.dimse import (
    CEchoRQ,
    CStoreRQ,
    Status,
    command_fragments,
    data_fragments,
    fragment_size,
)
from txdicomtls.errors import AssociationAborted
from txdicomtls.net import RequestorProtocol
from txdicomtls.pdu import (
    Abort,
    AssociateAC,
    AssociateRQ,
    PresentationContextAC,
    PresentationContextRQ,
    ReleaseRP,
    ReleaseRQ,
    UserInformation,
)
from txdicomtls.scu import Sent
from txdicomtls.scu.invoking import Requestor
from txdicomtls.scu.store import store_one
from txdicomtls.scu.verification import echo
from txdicomtls.testing import (
    Expect,
    ExpectClose,
    MemoryNetwork,
    ScriptedPeer,
    Send,
    Step,
    message_bytes,
)

#: What the peer takes in one PDU, and what of a data set fits into it.
LENGTH = 16384
FRAGMENT = fragment_size(LENGTH)

#: What is read of a file at once, in whole fragments: so much is on its way already.
BLOCK = (1 << 20) // FRAGMENT * FRAGMENT
BIG = bytes(20 << 20)

ECHO_ID, STORE_ID = 1, 3
USER = UserInformation(
    maximum_length=LENGTH,
    implementation_class_uid=uids.IMPLEMENTATION_CLASS_UID,
    implementation_version_name=uids.IMPLEMENTATION_VERSION_NAME,
)
REQUEST = AssociateRQ(
    called_ae_title="ACCEPTOR",
    calling_ae_title="REQUESTOR",
    presentation_contexts=(
        PresentationContextRQ(
            context_id=ECHO_ID, abstract_syntax=VERIFICATION, transfer_syntaxes=(IMPLICIT,)
        ),
        PresentationContextRQ(
            context_id=STORE_ID, abstract_syntax=CT, transfer_syntaxes=(EXPLICIT,)
        ),
    ),
    user_information=USER,
)
ACCEPTANCE = AssociateAC(
    called_ae_title="ACCEPTOR",
    calling_ae_title="REQUESTOR",
    presentation_contexts=(
        PresentationContextAC(context_id=ECHO_ID, result=0, transfer_syntax=IMPLICIT),
        PresentationContextAC(context_id=STORE_ID, result=0, transfer_syntax=EXPLICIT),
    ),
    user_information=USER,
)
STORE = CStoreRQ(message_id=1, affected_sop_class_uid=CT, affected_sop_instance_uid="1.2.3")
ECHO = CEchoRQ(message_id=2, affected_sop_class_uid=VERIFICATION)


def command(message: CStoreRQ) -> bytes:
    """Its command set alone."""
    return b"".join(command_fragments(STORE_ID, message, LENGTH))


def data(octets: bytes, *, last: bool) -> bytes:
    """A part of the data set."""
    return b"".join(data_fragments(STORE_ID, octets, last=last, max_length=LENGTH))


def answer(status: int) -> Send:
    """The response to the C-STORE."""
    return Send(message_bytes(STORE_ID, STORE.response(status)))


ASSOCIATED = (Expect(REQUEST), Send(ACCEPTANCE))
BEGUN = (*ASSOCIATED, Expect(command(STORE)), Expect(data(BIG[:FRAGMENT], last=False)))
WHAT_IS_ON_ITS_WAY = Expect(data(BIG[FRAGMENT:BLOCK], last=False))
END = Expect(data(b"", last=True))
ECHOED = (
    Expect(message_bytes(ECHO_ID, ECHO)),
    Send(message_bytes(ECHO_ID, ECHO.response(Status.SUCCESS))),
)
RELEASED = (Expect(ReleaseRQ()), Send(ReleaseRP()), ExpectClose())


class EarlyAnswerTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.network = MemoryNetwork()
        self.addCleanup(self.network.close)
        self.path = make_file(Path(self.mktemp()), BIG)
        before = open_descriptors()
        self.addCleanup(lambda: self.assertEqual(before, open_descriptors()))

    def called(self, *script: Step) -> ScriptedPeer:
        """Somebody who plays the acceptor, and calls us nothing but what the script says."""
        self.protocol = RequestorProtocol(
            self.network.reactor, REQUEST, limits=ConnectionLimits(maximum_length=LENGTH)
        )
        self.requestor = Requestor(self.protocol, at_once)
        peer = ScriptedPeer(self.network, script)
        self.network.join(self.protocol, peer)
        self.network.result_of(self.protocol.when_associated())
        return peer

    def stored(self) -> Sent:
        sent: Sent = self.network.result_of(
            Deferred.fromCoroutine(store_one(self.requestor, self.path))
        )
        return sent

    def test_after_a_failure_the_data_set_is_ended_and_the_association_goes_on(self) -> None:
        for status in (Status.OUT_OF_RESOURCES, Status.NOT_AUTHORIZED, 0xC123, 0x4321, 0xFF00):
            peer = self.called(*BEGUN, answer(status), WHAT_IS_ON_ITS_WAY, END, *ECHOED, *RELEASED)
            sent = self.stored()
            self.assertEqual((status, None, False), (sent.status, sent.error, sent.succeeded))
            echoed = self.network.result_of(Deferred.fromCoroutine(echo(self.requestor)))
            self.assertEqual(Status.SUCCESS, echoed)
            self.network.result_of(self.protocol.release())
            peer.run()

    def test_the_next_instance_follows_at_once(self) -> None:
        again = CStoreRQ(message_id=2, affected_sop_class_uid=CT, affected_sop_instance_uid="1.2.3")
        peer = self.called(
            *BEGUN,
            answer(Status.OUT_OF_RESOURCES),
            WHAT_IS_ON_ITS_WAY,
            END,
            Expect(command(again) + data(BIG, last=True)),
            Send(message_bytes(STORE_ID, again.response(Status.SUCCESS))),
            *RELEASED,
        )
        self.assertEqual(Status.OUT_OF_RESOURCES, self.stored().status)
        self.assertEqual(Status.SUCCESS, self.stored().status)
        self.network.result_of(self.protocol.release())
        peer.run()

    def test_a_peer_that_fails_it_and_goes_has_failed_it(self) -> None:
        peer = self.called(
            *BEGUN, answer(Status.OUT_OF_RESOURCES), Send(Abort(source=0)), ExpectClose()
        )
        sent = self.stored()
        self.assertEqual((Status.OUT_OF_RESOURCES, None), (sent.status, sent.error))
        self.network.flush()
        self.assertTrue(peer.is_done)
        self.assertIsNotNone(self.protocol.error)

    def test_a_success_before_the_end_is_none_and_aborts(self) -> None:
        for status in (Status.SUCCESS, Status.COERCION_OF_DATA_ELEMENTS):
            peer = self.called(
                *BEGUN, answer(status), WHAT_IS_ON_ITS_WAY, Expect(Abort(source=0)), ExpectClose()
            )
            sent = self.stored()
            self.assertEqual((None, False), (sent.status, sent.succeeded))
            self.assertIsInstance(sent.error, AssociationAborted)
            self.assertIn(f"{status:04X}H came before the data set was sent", sent.outcome)
            peer.run()
