"""Whole dialogues of the upper layer, byte for byte, as PS3.8 9.3 prints its PDUs.

Each is written out by hand, and played against a protocol of ours by a scripted peer.
"""

from __future__ import annotations

from struct import pack

from twisted.trial.unittest import SynchronousTestCase

from tests.association.pair import CT, EXPLICIT, IMPLICIT, VERIFICATION
from txdicomtls import uids
from txdicomtls.association import ConnectionLimits
from txdicomtls.errors import AssociationAborted, AssociationRejected
from txdicomtls.net import AssociationFactory, RequestorProtocol
from txdicomtls.pdu import AssociateRQ, PresentationContextRQ, UserInformation
from txdicomtls.scp import Verification
from txdicomtls.testing import (
    Close,
    Expect,
    ExpectClose,
    MemoryAccess,
    MemoryNetwork,
    NetworkLimits,
    ScriptedPeer,
    Send,
    Step,
    Wait,
)
from txdicomtls.tls import LinkDeadlines


def pdu(pdu_type: int, body: bytes) -> bytes:
    return pack(">BxL", pdu_type, len(body)) + body


def item(item_type: int, value: bytes) -> bytes:
    return pack(">BxH", item_type, len(value)) + value


def user_information(maximum_length: int) -> bytes:
    """Maximum length, and what every implementation of ours says of itself."""
    return item(
        0x50,
        item(0x51, pack(">L", maximum_length))
        + item(0x52, uids.IMPLEMENTATION_CLASS_UID.encode())
        + item(0x55, uids.IMPLEMENTATION_VERSION_NAME.encode()),
    )


def associate(pdu_type: int, contexts: bytes, maximum_length: int, version: int = 1) -> bytes:
    """A-ASSOCIATE-RQ (9.3.2) or -AC (9.3.3), which have the same layout."""
    return pdu(
        pdu_type,
        pack(">H2x16s16s32x", version, b"ACCEPTOR".ljust(16), b"REQUESTOR".ljust(16))
        + item(0x10, b"1.2.840.10008.3.1.1.1")
        + contexts
        + user_information(maximum_length),
    )


def proposed(context_id: int, abstract: str, transfer: str) -> bytes:
    return item(
        0x20,
        bytes((context_id, 0, 0, 0))
        + item(0x30, abstract.encode())
        + item(0x40, transfer.encode()),
    )


def answered(context_id: int, result: int, transfer: str) -> bytes:
    return item(0x21, bytes((context_id, 0, result, 0)) + item(0x40, transfer.encode()))


def p_data(context_id: int, control: int, value: bytes) -> bytes:
    return pdu(0x04, pack(">LBB", len(value) + 2, context_id, control) + value)


def command(*elements: tuple[int, bytes]) -> bytes:
    body = b"".join(pack("<HHL", 0, number, len(value)) + value for number, value in elements)
    return pack("<HHLL", 0, 0, 4, len(body)) + body


def abort(source: int, reason: int) -> bytes:
    return pdu(0x07, bytes((0, 0, source, reason)))


PROPOSED = proposed(1, VERIFICATION, IMPLICIT) + proposed(3, CT, EXPLICIT)
#: Our acceptor verifies, and stores nothing; a context that is refused repeats what was proposed.
ANSWERED = answered(1, 0, IMPLICIT) + answered(3, 3, EXPLICIT)
RELEASE_RQ = pdu(0x05, bytes(4))
RELEASE_RP = pdu(0x06, bytes(4))
ECHO_RQ = p_data(
    1,
    3,
    command(
        (0x0002, VERIFICATION.encode() + b"\0"),
        (0x0100, pack("<H", 0x0030)),
        (0x0110, pack("<H", 7)),
        (0x0800, pack("<H", 0x0101)),
    ),
)
ECHO_RSP = p_data(
    1,
    3,
    command(
        (0x0002, VERIFICATION.encode() + b"\0"),
        (0x0100, pack("<H", 0x8030)),
        (0x0120, pack("<H", 7)),
        (0x0800, pack("<H", 0x0101)),
        (0x0900, pack("<H", 0)),
    ),
)


class ScriptCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.network = MemoryNetwork(limits=NetworkLimits(chunk=5))
        self.addCleanup(self.network.close)


class AcceptorTests(ScriptCase):
    """Our acceptor, called by a scripted requestor."""

    request = Send(associate(0x01, PROPOSED, 16384))
    acceptance = Expect(associate(0x02, ANSWERED, 32768))

    def play(self, *script: Step, seconds: float = 0) -> None:
        factory = AssociationFactory(
            self.network.reactor,
            services=[Verification()],
            access=MemoryAccess(),
            limits=ConnectionLimits(maximum_length=32768),
            deadlines=LinkDeadlines(association=None),  # ARTIM guards the same wait
        )
        peer = ScriptedPeer(self.network, script)
        self.network.join(peer, factory.buildProtocol(None))
        peer.run(seconds)

    def test_an_association_for_one_echo(self) -> None:
        self.play(
            self.request,
            self.acceptance,
            Send(ECHO_RQ),
            Expect(ECHO_RSP),
            Send(RELEASE_RQ),
            Expect(RELEASE_RP),
            Close(),
            ExpectClose(),
        )

    def test_whatever_else_comes_before_the_association_is_an_abort_of_the_user(self) -> None:
        # AA-1 in Sta2 has the source of the service user, whose reason is not significant.
        for wrong in (ECHO_RQ, pdu(0x99, b"")):
            self.play(Send(wrong), Expect(abort(0, 0)), Close(), ExpectClose())

    def test_an_unrecognized_pdu_within_the_association_is_an_abort_of_the_provider(self) -> None:
        self.play(
            self.request, self.acceptance, Send(pdu(0x99, b"")), Expect(abort(2, 1)), ExpectClose()
        )

    def test_a_second_request_is_an_unexpected_pdu(self) -> None:
        self.play(self.request, self.acceptance, self.request, Expect(abort(2, 2)), ExpectClose())

    def test_another_version_of_the_protocol_is_rejected_by_the_provider(self) -> None:
        self.play(
            Send(associate(0x01, PROPOSED, 16384, version=2)),
            Expect(pdu(0x03, bytes((0, 1, 2, 2)))),
            Close(),
            ExpectClose(),
        )

    def test_data_on_a_context_that_was_not_accepted_are_an_abort(self) -> None:
        self.play(
            self.request,
            self.acceptance,
            Send(p_data(3, 3, b"")),
            Expect(abort(2, 6)),
            ExpectClose(),
        )

    def test_a_peer_that_says_nothing_is_gone_when_artim_expires(self) -> None:
        self.play(Wait(29.9), ExpectClose(), seconds=60)
        self.assertAlmostEqual(30, self.network.reactor.seconds())


class RequestorTests(ScriptCase):
    """Our requestor, which has called a scripted acceptor."""

    request = Expect(associate(0x01, PROPOSED, 32768))
    acceptance = Send(associate(0x02, answered(1, 0, IMPLICIT) + answered(3, 4, ""), 16384))

    def called(self, *script: Step) -> tuple[RequestorProtocol, ScriptedPeer]:
        wanted = AssociateRQ(
            called_ae_title="ACCEPTOR",
            calling_ae_title="REQUESTOR",
            presentation_contexts=(
                PresentationContextRQ(
                    context_id=1, abstract_syntax=VERIFICATION, transfer_syntaxes=(IMPLICIT,)
                ),
                PresentationContextRQ(
                    context_id=3, abstract_syntax=CT, transfer_syntaxes=(EXPLICIT,)
                ),
            ),
            user_information=UserInformation(
                maximum_length=32768,
                implementation_class_uid=uids.IMPLEMENTATION_CLASS_UID,
                implementation_version_name=uids.IMPLEMENTATION_VERSION_NAME,
            ),
        )
        requestor = RequestorProtocol(
            self.network.reactor, wanted, limits=ConnectionLimits(maximum_length=32768)
        )
        peer = ScriptedPeer(self.network, script)
        self.network.join(requestor, peer)
        return requestor, peer

    def test_an_association_that_is_released(self) -> None:
        requestor, peer = self.called(
            self.request, self.acceptance, Expect(RELEASE_RQ), Send(RELEASE_RP), ExpectClose()
        )
        self.network.result_of(requestor.when_associated())
        self.assertEqual({1}, set(requestor.connection.contexts))
        self.network.result_of(requestor.release())
        peer.run()

    def test_a_release_that_collides_is_answered_and_waited_for(self) -> None:
        # PS3.8 9.2.2, figure 9-2: the requestor goes first through Sta9 to Sta11.
        requestor, peer = self.called(
            self.request,
            self.acceptance,
            Wait(1),
            Send(RELEASE_RQ),
            Expect(RELEASE_RQ + RELEASE_RP),
            Send(RELEASE_RP),
            ExpectClose(),
        )
        self.network.result_of(requestor.when_associated())
        released = requestor.release()
        peer.run()
        self.successResultOf(released)

    def test_a_rejection_is_told_as_it_came(self) -> None:
        requestor, peer = self.called(
            self.request, Send(pdu(0x03, bytes((0, 2, 3, 2)))), ExpectClose()
        )
        error = self.network.failure_of(requestor.when_associated(), AssociationRejected)
        self.assertEqual((2, 3, 2), (error.result, error.source, error.reason))
        peer.run()

    def test_an_abort_of_the_peer_is_told_as_it_came(self) -> None:
        requestor, peer = self.called(self.request, Send(abort(2, 5)), ExpectClose())
        error = self.network.failure_of(requestor.when_associated(), AssociationAborted)
        self.assertEqual((2, 5, True), (error.source, error.reason, error.by_peer))
        peer.run()

    def test_an_answer_that_is_no_pdu_is_aborted(self) -> None:
        requestor, peer = self.called(
            self.request, Send(b"HTTP/1.1 400 Bad Request"), Expect(abort(2, 1)), ExpectClose()
        )
        error = self.network.failure_of(requestor.when_associated(), AssociationAborted)
        self.assertFalse(error.by_peer)
        peer.run()
