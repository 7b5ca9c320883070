"""How an association comes to be, or does not."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred, succeed

from tests.association.pair import CT
from tests.net.doubles import Gate
from tests.net.pair import Peer, client_security
from tests.scu.cases import NOBODY, ConnectCase, Endpoint
from txdicomtls import uids
from txdicomtls.association import AssociateIndication, Role, Window
from txdicomtls.codes import RejectReason, RejectResult
from txdicomtls.errors import (
    AssociationAborted,
    AssociationRefused,
    AssociationRejected,
    IdentityNotAcknowledged,
    LocalProtocolError,
    PeerUnreachable,
)
from txdicomtls.interfaces import Grant
from txdicomtls.pdu import (
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    PresentationContextRQ,
    RoleSelection,
    UserInformation,
)
from txdicomtls.scu import (
    Association,
    PositiveResponse,
    Retry,
    UserIdentity,
    connect,
    connecting,
    get_contexts,
    normalized_contexts,
    query_contexts,
    verification_context,
)


class ConnectTests(ConnectCase):
    def test_it_fires_with_what_was_agreed(self) -> None:
        association = self.connected(window=4)
        (context,) = association.contexts
        self.assertEqual((1, 4), (context.context_id, association.window))
        self.assertEqual("TLSv1.3", association.link.protocol)

    def test_without_a_window_nothing_is_negotiated(self) -> None:
        peer = Peer(Role.ACCEPTOR)
        self.connecting(peer).addErrback(lambda _: None)
        self.flush()
        (indication,) = peer.told(AssociateIndication)
        self.assertIsNone(indication.request.user_information.window)
        self.assertEqual(
            ("ACCEPTOR", "REQUESTOR"),
            (indication.request.called_ae_title, indication.request.calling_ae_title),
        )

    def test_a_rejection_is_told(self) -> None:
        gate = Gate(authorization=AssociationRefused(RejectReason.NO_REASON_GIVEN))
        connecting = self.connecting(self.factory(access=gate).buildProtocol(None))
        self.flush()
        self.failureResultOf(connecting, AssociationRejected)

    def test_a_peer_that_cannot_be_reached_is_told(self) -> None:
        self.failureResultOf(self.connecting(endpoint=Endpoint(self, NOBODY)), PeerUnreachable)

    def test_what_is_no_ae_title_is_refused_before_anything_is_sent(self) -> None:
        reactor: Any = self.clock
        for title in ("", " ", " PACS", "A" * 17, "BACK\\SLASH", "BÜRO", "TAB\t"):
            for titles in ((title, "OTHER"), ("OTHER", title)):
                self.assertRaises(
                    LocalProtocolError,
                    connect,
                    reactor,
                    Endpoint(self, NOBODY),
                    called=titles[0],
                    calling=titles[1],
                    contexts=verification_context(),
                )

    def test_a_request_that_cannot_be_sent_is_refused_before_anything_is_sent(self) -> None:
        reactor: Any = self.clock
        spoiled = (
            PresentationContextRQ(context_id=1, abstract_syntax="x", transfer_syntaxes=("1.2",)),
        )
        for contexts in ((), spoiled):

            async def attempt(contexts: Any = contexts) -> None:
                await connect(
                    reactor,
                    Endpoint(self, self.factory().buildProtocol(None)),
                    called="ACCEPTOR",
                    calling="REQUESTOR",
                    contexts=contexts,
                )

            connecting = Deferred.fromCoroutine(attempt())
            self.flush()
            self.failureResultOf(connecting, LocalProtocolError)

    def test_who_cancels_gives_up_and_leaves_no_connection(self) -> None:
        for flushed in (False, True):
            connecting = self.connecting(Peer(Role.ACCEPTOR))
            if flushed:
                self.flush()
            connecting.cancel()
            self.flush()
            self.failureResultOf(connecting, CancelledError, AssociationAborted)
            self.assertFalse(self.wires[-1].is_open)


class ProposalTests(ConnectCase):
    def asked(self, **more: Any) -> UserInformation:
        """The user information of the request that these arguments lead to."""
        _, peer = self.played(**more)
        (indication,) = peer.told(AssociateIndication)
        return indication.request.user_information

    def test_roles_come_with_the_contexts_and_besides(self) -> None:
        role = RoleSelection(sop_class_uid="1.2.3", scu=True, scp=True)
        information = self.asked(contexts=get_contexts([CT]), roles=[role])
        self.assertEqual(
            [(CT, False, True), ("1.2.3", True, True)],
            [(each.sop_class_uid, each.scu, each.scp) for each in information.roles],
        )

    def test_a_window_is_for_both_directions_or_one_of_them(self) -> None:
        for window, expected in ((8, (8, 8)), (Window(invoked=1, performed=4), (1, 4))):
            asked = self.asked(window=window).window
            assert asked is not None
            self.assertEqual(expected, (asked.invoked, asked.performed))

    def test_extended_negotiation_is_proposed(self) -> None:
        single = ExtendedNegotiation(sop_class_uid=uids.STUDY_ROOT_FIND, information=b"\1")
        common = CommonExtendedNegotiation(
            sop_class_uid="1.2.3", service_class_uid="1.2.4", related_general_sop_classes=(CT,)
        )
        information = self.asked(
            contexts=query_contexts(), extended=[single], common_extended=[common]
        )
        self.assertEqual(
            ((single,), (common,)), (information.extended, information.common_extended)
        )

    def test_128_contexts_are_proposed(self) -> None:
        association, _ = self.played(normalized_contexts(*(f"1.2.{n}" for n in range(127))))
        self.assertEqual(128, len(association.contexts))

    def test_implementation_and_identity_are_told(self) -> None:
        identity = UserIdentity.passcode("joe", "s3cret")
        information = self.asked(identity=identity)
        self.assertEqual(identity.request, information.user_identity)
        self.assertEqual(uids.IMPLEMENTATION_CLASS_UID, information.implementation_class_uid)
        self.assertEqual(uids.IMPLEMENTATION_VERSION_NAME, information.implementation_version_name)


class IdentityTests(ConnectCase):
    def asking(
        self, wanted: PositiveResponse, response: bytes | None
    ) -> tuple[Deferred[Association], Any]:
        gate = Gate(authorization=succeed(Grant(identity_response=response)))
        server = self.factory(access=gate).buildProtocol(None)
        identity = UserIdentity.name("joe", positive_response=wanted)
        connecting = self.connecting(server, identity=identity)
        self.flush()
        return connecting, server

    def test_a_positive_response_can_be_read(self) -> None:
        for response in (b"", b"ticket"):
            connecting, _ = self.asking(PositiveResponse.REQUIRED, response)
            self.assertEqual(response, self.successResultOf(connecting).identity_response)

    def test_one_that_is_required_and_does_not_come_is_an_error_and_leaves_nothing(self) -> None:
        connecting, _ = self.asking(PositiveResponse.REQUIRED, None)
        self.failureResultOf(connecting, IdentityNotAcknowledged)
        self.flush()
        self.assertFalse(self.wires[-1].is_open)

    def test_one_that_is_only_requested_may_be_missing(self) -> None:
        connecting, _ = self.asking(PositiveResponse.REQUESTED, None)
        self.assertIsNone(self.successResultOf(connecting).identity_response)


class RetryTests(ConnectCase):
    RETRY = Retry(attempts=3, first=10, jitter=0)

    def test_a_peer_that_comes_later_is_reached(self) -> None:
        busy = Gate(
            authorization=AssociationRefused(
                RejectReason.TEMPORARY_CONGESTION, RejectResult.TRANSIENT
            )
        )
        endpoint = Endpoint(
            self,
            NOBODY,
            self.factory(access=busy).buildProtocol(None),
            self.factory().buildProtocol(None),
        )
        connecting = self.connecting(endpoint=endpoint, retry=self.RETRY)
        self.flush()
        self.assertNoResult(connecting)
        self.advance(10)
        self.assertNoResult(connecting)
        self.advance(20)
        self.successResultOf(connecting)
        self.assertEqual(3, endpoint.attempts)

    def test_without_a_policy_there_is_one_try(self) -> None:
        endpoint = Endpoint(self, NOBODY, NOBODY)
        self.failureResultOf(self.connecting(endpoint=endpoint), PeerUnreachable)
        self.assertEqual(1, endpoint.attempts)

    def test_a_permanent_rejection_is_not_tried_again(self) -> None:
        gate = Gate(authorization=AssociationRefused(RejectReason.CALLED_AE_TITLE_NOT_RECOGNIZED))
        endpoint = Endpoint(self, self.factory(access=gate).buildProtocol(None), NOBODY)
        connecting = self.connecting(endpoint=endpoint, retry=self.RETRY)
        self.flush()
        self.failureResultOf(connecting, AssociationRejected)

    def test_who_cancels_between_two_tries_gives_up(self) -> None:
        connecting = self.connecting(endpoint=Endpoint(self, NOBODY, NOBODY), retry=self.RETRY)
        connecting.cancel()
        self.failureResultOf(connecting, CancelledError)
        self.assertEqual([], self.clock.getDelayedCalls())


class EndpointTests(ConnectCase):
    def test_a_security_goes_with_a_string_that_says_where(self) -> None:
        made: list[Any] = []
        server = self.factory().buildProtocol(None)

        def client(*args: Any) -> Endpoint:
            made.append(args)
            return Endpoint(self, server)

        self.patch(connecting, "ClientEndpoint", client)
        self.connected(
            endpoint="dicomtls:pacs.example:11112", security=(security := client_security())
        )
        self.assertEqual([(self.clock, "pacs.example", 11112, security)], made)

    def test_an_address_of_ipv6_and_the_registered_port(self) -> None:
        made: list[Any] = []

        def client(*args: Any) -> Endpoint:
            made.append(args[1:3])
            return Endpoint(self, NOBODY)

        self.patch(connecting, "ClientEndpoint", client)
        connect_to = self.connecting(endpoint="dicomtls:\\:\\:1", security=client_security())
        self.failureResultOf(connect_to, PeerUnreachable)
        self.assertEqual([("::1", 2762)], made)

    def test_a_string_with_more_than_that_is_refused(self) -> None:
        for wrong in (
            "tls:pacs.example:2762",
            "dicomtls:pacs.example:2762:trust=ca.crt",
            "dicomtls:pacs.example:x",
            "dicomtls:pacs.example:65536",
            "dicomtls",
        ):
            self.assertRaises(
                ValueError, self.connecting, endpoint=wrong, security=client_security()
            )

    def test_an_endpoint_that_has_its_security_gets_no_other(self) -> None:
        self.assertRaises(
            LocalProtocolError,
            self.connecting,
            endpoint=Endpoint(self, NOBODY),
            security=client_security(),
        )
