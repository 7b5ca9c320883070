"""A peer that plays a script."""

from __future__ import annotations

from dataclasses import replace

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory
from twisted.trial.unittest import SynchronousTestCase

from tests.association.pair import POLICY, VERIFICATION, request
from txdicomtls.association import Acceptance, negotiate
from txdicomtls.codes import RejectReason
from txdicomtls.dimse import CEchoRQ, CEchoRSP, Response, Status
from txdicomtls.errors import (
    AssociationAborted,
    AssociationRefused,
    AssociationRejected,
    LinkError,
    LocalProtocolError,
)
from txdicomtls.net import AssociationFactory, RequestorProtocol
from txdicomtls.pdu import Abort, AssociateAC, AssociateRJ, ReleaseRP, ReleaseRQ, encode
from txdicomtls.scp import Verification
from txdicomtls.testing import (
    Close,
    Cut,
    Expect,
    ExpectClose,
    MemoryAccess,
    MemoryNetwork,
    ScriptedPeer,
    ScriptMismatch,
    Send,
    Step,
    Wait,
    message_bytes,
)

REJECTION = AssociateRJ(result=1, source=1, reason=7)


def acceptance() -> AssociateAC:
    answer = negotiate(request(), POLICY)
    assert isinstance(answer, Acceptance)
    return answer.pdu


def echo(message_id: int = 1) -> CEchoRQ:
    return CEchoRQ(message_id=message_id, affected_sop_class_uid=VERIFICATION)


ECHO = message_bytes(1, echo())
ECHOED = message_bytes(1, echo().response(Status.SUCCESS))


class Case(SynchronousTestCase):
    def setUp(self) -> None:
        self.network = MemoryNetwork()
        self.access = MemoryAccess()
        self.addCleanup(self.network.close)

    def called(self, *script: Step) -> tuple[RequestorProtocol, ScriptedPeer]:
        """A requestor of ours that has connected to the peer."""
        peer = ScriptedPeer(self.network, script)
        requestor = RequestorProtocol(self.network.reactor, request())
        self.network.join(requestor, peer)
        requestor.when_associated().addErrback(lambda _: None)
        return requestor, peer

    def calling(self, *script: Step) -> ScriptedPeer:
        """A peer that has connected to an acceptor of ours."""
        peer = ScriptedPeer(self.network, script)
        factory = AssociationFactory(
            self.network.reactor, services=[Verification()], access=self.access
        )
        self.network.join(peer, factory.buildProtocol(None))
        return peer

    def echo(self, requestor: RequestorProtocol) -> Deferred[Response]:
        return requestor.invoke(1, echo)


class PlayingTests(Case):
    def test_it_plays_an_acceptor(self) -> None:
        requestor, peer = self.called(
            Expect(request()),
            Send(acceptance()),
            Expect(ECHO),
            Send(ECHOED),
            Expect(ReleaseRQ()),
            Send(ReleaseRP()),
            ExpectClose(),
        )
        self.network.result_of(requestor.when_associated())
        response = self.network.result_of(self.echo(requestor))
        self.assertEqual((CEchoRSP, 0), (type(response), response.status))
        self.network.result_of(requestor.release())
        peer.run()
        self.assertTrue(peer.is_done)

    def test_it_plays_a_requestor(self) -> None:
        self.access.refusal = AssociationRefused(RejectReason.CALLED_AE_TITLE_NOT_RECOGNIZED)
        peer = self.calling(Send(request()), Wait(1), Expect(REJECTION), Close(), ExpectClose())
        peer.run()
        self.assertEqual(1, self.network.reactor.seconds())

    def test_bytes_are_sent_as_they_are(self) -> None:
        peer = self.calling(
            Send(b"GET / HTTP/1.0\r\n\r\n"), Expect(Abort(source=0)), Close(), ExpectClose()
        )
        peer.run()

    def test_pieces_of_an_answer_are_put_together(self) -> None:
        octets = encode(request())
        _, peer = self.called(Expect(octets[:7]), Expect(octets[7:]), Send(REJECTION))
        peer.run()

    def test_it_waits_no_longer_than_it_says(self) -> None:
        requestor, peer = self.called(Expect(request()), Wait(2.5), Send(REJECTION), ExpectClose())
        rejected = requestor.when_associated()
        peer.run()
        self.failureResultOf(rejected, AssociationRejected)
        self.assertEqual(2.5, self.network.reactor.seconds())

    def test_what_it_expects_may_take_some_time(self) -> None:
        requestor, peer = self.called(Expect(request()), Wait(1), Expect(Abort(source=0)))
        self.network.reactor.callLater(3, requestor.abort)
        peer.run(seconds=2)
        self.assertEqual(3, self.network.reactor.seconds())
        requestor, peer = self.called(Expect(request()), Wait(1), Expect(Abort(source=0)))
        self.network.reactor.callLater(3, requestor.abort)
        self.assertRaises(ScriptMismatch, peer.run, seconds=1)
        self.network.advance(2)

    def test_it_may_be_gone_without_a_word(self) -> None:
        requestor, peer = self.called(Expect(request()), Cut())
        associating = requestor.when_associated()
        peer.run()
        self.failureResultOf(associating, LinkError)

    def test_it_can_be_connected_to_once_through_an_endpoint(self) -> None:
        peer = ScriptedPeer(self.network, [Expect(request()), Send(Abort(source=2))])
        endpoint = self.network.endpoint(peer.as_factory())
        requestor = RequestorProtocol(self.network.reactor, request())
        self.network.result_of(endpoint.connect(Factory.forProtocol(lambda: requestor)))
        associating = requestor.when_associated()
        peer.run()
        self.failureResultOf(associating, AssociationAborted)


class MismatchTests(Case):
    def mismatch(self, peer: ScriptedPeer) -> ScriptMismatch:
        """What run() raises."""
        error = self.assertRaises(ScriptMismatch, peer.run)
        assert isinstance(error, ScriptMismatch)
        return error

    def test_an_answer_that_differs_is_raised_where_it_arrives_and_again(self) -> None:
        _, peer = self.called(Expect(replace(request(), calling_ae_title="ELSE")), Send(REJECTION))
        error = self.assertRaises(ScriptMismatch, self.network.flush)
        self.assertEqual(1, error.step)
        self.assertIn("calling_ae_title is 'REQUESTOR', not 'ELSE'", str(error))
        self.assertIs(error, self.mismatch(peer))

    def test_it_is_raised_only_when_the_pdu_that_differs_is_whole(self) -> None:
        peer = ScriptedPeer(self.network, [Expect(replace(request(), calling_ae_title="ELSE"))])
        other = ScriptedPeer(self.network, [Send(encode(request())[:60])])
        self.network.join(other, peer)
        self.network.flush()
        error = self.mismatch(peer)
        self.assertIn("expected A-ASSOCIATE-RQ; what came is the first 60 bytes", str(error))

    def test_another_pdu_than_expected_is_named(self) -> None:
        peer = self.calling(Send(request()), Expect(REJECTION))
        error = self.mismatch(peer)
        self.assertEqual(2, error.step)
        self.assertIn("expected A-ASSOCIATE-RJ, received A-ASSOCIATE-AC", error.problem)

    def test_what_later_steps_expect_is_no_difference(self) -> None:
        two = encode(ReleaseRQ()) + encode(Abort(source=0))
        peer = ScriptedPeer(self.network, [Expect(ReleaseRP()), Expect(Abort(source=0))])
        self.network.join(ScriptedPeer(self.network, [Send(two)]), peer)
        self.assertRaises(ScriptMismatch, self.network.flush)
        problem = self.mismatch(peer).problem
        self.assertIn("expected A-RELEASE-RP, received A-RELEASE-RQ", problem)
        self.assertNotIn("ABORT", problem)

    def test_what_is_left_over_is_told(self) -> None:
        _, peer = self.called(Expect(encode(request())[:10]))
        error = self.mismatch(peer)
        self.assertIn("it was the last, and then came", str(error))

    def test_a_step_that_was_not_reached_is_told(self) -> None:
        _, peer = self.called(Expect(request()), Expect(ReleaseRQ()))
        error = self.mismatch(peer)
        self.assertEqual(2, error.step)
        self.assertIn("expected A-RELEASE-RQ; what came is nothing", str(error))

    def test_a_link_that_ends_early_is_told(self) -> None:
        requestor, peer = self.called(Expect(request()), Wait(5), Send(REJECTION))
        self.network.flush()
        requestor.abort()
        self.network.flush()
        error = self.mismatch(peer)
        self.assertIn("the link ended while it waited; the link is gone", str(error))
        self.assertEqual([], self.network.reactor.getDelayedCalls())

    def test_there_is_nothing_to_send_on_when_the_link_is_gone(self) -> None:
        _, peer = self.called(Expect(request()), Cut(), ExpectClose())
        self.assertIn("not closed in order", str(self.mismatch(peer)))
        _, peer = self.called(Expect(request()), Close(), ExpectClose(), Send(REJECTION))
        self.assertIn("no link to send on", str(self.mismatch(peer)))

    def test_a_pdu_that_cannot_be_encoded_is_raised_where_the_script_is_written(self) -> None:
        impossible = replace(request(), presentation_contexts=())
        self.assertRaises(LocalProtocolError, ScriptedPeer, self.network, [Expect(impossible)])

    def test_a_peer_that_was_never_connected_to_says_so(self) -> None:
        peer = ScriptedPeer(self.network, [Expect(request())])
        self.assertIn("no link was made", str(self.mismatch(peer)))
