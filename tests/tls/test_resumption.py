"""Sessions that are taken up again, and those that are not any more."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from OpenSSL import SSL
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from tests.tls.certificates import CA, DAY, NOW, Issued
from tests.tls.pair import SERVER_NAME, Pair, join
from txdicomtls.errors import HandshakeFailed
from txdicomtls.tls import DEFAULT_PROFILE, ChainStep, Security, Stapling, TLSVersion

TLS_1_2 = replace(DEFAULT_PROFILE, maximum_version=TLSVersion.TLS_1_2)

CLIENT = CA.issue("client.example", subject="client", end=NOW + DAY / 4)
SERVER = CA.issue(SERVER_NAME, end=NOW + DAY / 4)


def make(issued: Issued | None, **more: Any) -> Security:
    options: dict[str, Any] = {"profile": DEFAULT_PROFILE, "trust": CA.trust} | more
    return Security(credentials=issued.credentials if issued else None, **options)


def let_half_a_day_pass(context: SSL.Context | None) -> None:
    """For the verification of certificates."""
    assert context is not None
    store = context.get_cert_store()
    assert store is not None
    store.set_time(NOW + DAY / 2)


def use(client: Security, server: Security) -> Pair:
    """A link that is used in both directions and closed in order."""
    pair = join(client, server)
    if pair.client.link is None or pair.server.link is None:
        return pair
    pair.client.transport.write(b"question")
    pair.pump.flush()
    pair.server.transport.write(b"answer")
    pair.pump.flush()
    pair.client.transport.loseConnection()
    pair.pump.flush()
    return pair


class ResumptionTests(SynchronousTestCase):
    def assert_resumed(self, pair: Pair, expected: bool = True) -> None:
        self.assertEqual([b"answer"], pair.client.received)
        self.assertEqual(
            (expected, expected),
            (pair.client.secure_link.resumed, pair.server.secure_link.resumed),
        )

    def test_the_second_link_takes_up_the_session_of_the_first(self) -> None:
        for profile in (DEFAULT_PROFILE, TLS_1_2):
            client, server = make(CLIENT, profile=profile), make(SERVER, profile=profile)
            self.assert_resumed(use(client, server), False)
            for _ in range(5):
                self.assert_resumed(use(client, server))

    def test_a_link_that_was_taken_up_says_the_same_of_its_peer(self) -> None:
        for profile in (DEFAULT_PROFILE, TLS_1_2):
            client, server = make(CLIENT, profile=profile), make(SERVER, profile=profile)
            first, second = use(client, server), use(client, server)
            self.assert_resumed(second)
            for side in ("client", "server"):
                one, other = getattr(first, side).secure_link, getattr(second, side).secure_link
                self.assertEqual(one.peer_certificate, other.peer_certificate)
                self.assertEqual(one.peer_chain, other.peer_chain)
                self.assertEqual(2, len(other.peer_chain))

    def test_chains_with_certificates_between_are_verified_again(self) -> None:
        between = CA.issue(subject="between", is_ca=True)
        client, server = make(between.issue("client.example")), make(between.issue(SERVER_NAME))
        use(client, server)
        pair = use(client, server)
        self.assert_resumed(pair)
        self.assertEqual(3, len(pair.server.secure_link.peer_chain))

    def test_it_can_be_turned_off_on_either_side(self) -> None:
        for here, there in ((False, True), (True, False)):
            client, server = make(CLIENT, resumption=here), make(SERVER, resumption=there)
            for _ in range(3):
                self.assert_resumed(use(client, server), False)

    def test_no_session_outlives_the_security_of_a_server(self) -> None:
        client = make(CLIENT)
        use(client, make(SERVER))
        self.assert_resumed(use(client, make(SERVER)), False)

    def test_no_session_outlives_the_security_of_a_client(self) -> None:
        server = make(SERVER)
        use(make(CLIENT), server)
        self.assert_resumed(use(make(CLIENT), server), False)

    def test_a_certificate_that_has_expired_since_is_refused(self) -> None:
        for profile in (DEFAULT_PROFILE, TLS_1_2):
            client, server = make(CLIENT, profile=profile), make(SERVER, profile=profile)
            use(client, server)
            let_half_a_day_pass(server.server_context)
            pair = use(client, server)
            self.assertIsNone(pair.server.link)
            self.assertIn("(CN=client) expired on", str(pair.server.failure))
            self.assertEqual([], pair.server.received)

    def test_a_server_whose_certificate_has_expired_since_is_refused(self) -> None:
        client, server = make(CLIENT), make(SERVER)
        use(client, server)
        let_half_a_day_pass(client.client_context)
        pair = use(client, server)
        self.assertIsNone(pair.client.link)
        self.assertIn("(CN=node) expired on", str(pair.client.failure))

    def test_whoever_judges_certificates_judges_them_again(self) -> None:
        wanted = [True]
        trust = replace(CA.trust, judge=lambda _step: None if wanted else "it is not wanted")
        client, server = make(CLIENT), make(SERVER, trust=trust)
        use(client, server)
        self.assert_resumed(use(client, server))
        wanted.clear()
        pair = use(client, server)
        self.assertIsNone(pair.server.link)
        self.assertIn("it is not wanted", str(pair.server.failure))
        self.assertEqual([], pair.server.received)

    def test_who_was_refused_with_a_session_is_told_why_with_a_full_handshake(self) -> None:
        for profile in (DEFAULT_PROFILE, TLS_1_2):
            unwanted: list[str] = []

            def judge(_: ChainStep, unwanted: list[str] = unwanted) -> str | None:
                return unwanted[0] if unwanted else None

            trust = replace(CA.trust, judge=judge)
            client = make(CLIENT, profile=profile)
            server = make(SERVER, trust=trust, profile=profile)
            use(client, server)
            unwanted.append("it is not wanted")
            use(client, server)
            error = use(client, server).client.failure
            assert isinstance(error, HandshakeFailed)
            self.assertEqual((True, "bad_certificate"), (error.by_peer, error.alert))

    def test_where_a_staple_is_required_every_handshake_is_whole(self) -> None:
        client = make(CLIENT, trust=replace(CA.trust, stapling=Stapling.REQUIRED))
        self.assertIsNone(client.sessions)

    def test_the_session_of_a_link_that_broke_is_not_kept(self) -> None:
        client, server = make(CLIENT), make(SERVER)
        pair = join(client, server)
        pair.client.transport.write(b"question")
        pair.pump.flush()
        pair.server.transport.write(b"answer")
        pair.pump.flush()
        pair.client.transport.abortConnection()
        pair.pump.flush()
        self.assert_resumed(use(client, server), False)

    def test_a_client_that_goes_without_a_word_may_take_its_session_up(self) -> None:
        client, server = make(CLIENT), make(SERVER)
        pair = join(client, server)
        pair.server.transport.write(b"answer")
        pair.pump.flush()
        session = pair.client.transport.getHandle().get_session()
        pair.server.transport.connectionLost(Failure(ConnectionDone()))
        assert client.sessions is not None
        client.sessions.keep(f"{SERVER_NAME}:", session)
        self.assert_resumed(use(client, server))

    def test_sessions_end_by_themselves(self) -> None:
        self.assertLessEqual(make(SERVER).server_context.get_timeout(), 120)  # type: ignore[union-attr]  # there is one
