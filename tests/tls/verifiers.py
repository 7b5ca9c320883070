"""Sides of a handshake that verify by a trust and a profile, and nothing more."""

from __future__ import annotations

from collections.abc import Sequence

from OpenSSL import SSL
from twisted.internet.interfaces import (
    IOpenSSLClientConnectionCreator,
    IOpenSSLServerConnectionCreator,
)
from twisted.protocols.tls import TLSMemoryBIOProtocol
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from tests.tls.certificates import CA, Issued
from tests.tls.pair import SERVER_NAME, FromContext, Pair, join
from txdicomtls.errors import HandshakeFailed
from txdicomtls.tls import DEFAULT_PROFILE, Profile, Trust
from txdicomtls.tls.names import subject_of
from txdicomtls.tls.ocsp import staple_callback
from txdicomtls.tls.trust import Stapling
from txdicomtls.tls.verification import LinkConnection, Verification

SERVER = CA.issue(SERVER_NAME, subject="PACS")
CLIENT = CA.issue("ct1.example", subject="CT 1")
VERSIONS = (SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION)


def careless(issued: Issued, version: int, security_level: int = 0) -> FromContext:
    """A peer that shows what it has and believes everything, on one version of TLS."""
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_cipher_list(f"DEFAULT:@SECLEVEL={security_level}".encode())
    context.set_min_proto_version(version)
    context.set_max_proto_version(version)
    context.use_certificate(issued.certificate)
    for intermediate in issued.chain:
        context.add_extra_chain_cert(intermediate)
    context.use_privatekey(issued.key)
    return FromContext(context)


class RefusalTestCase(SynchronousTestCase):
    def assert_refused(self, pair: Pair, *, by_client: bool, words: str, alert: str) -> None:
        """One side has refused with these words, the other was told by this alert."""
        here, there = (pair.client, pair.server) if by_client else (pair.server, pair.client)
        refusal = here.failure
        assert isinstance(refusal, HandshakeFailed), refusal
        self.assertIn(words, str(refusal))
        self.assertNotIn("\n", str(refusal))
        self.assertEqual((refusal.by_peer, refusal.alert), (False, alert))
        self.assertIsNone(here.link)
        told = there.failure
        assert isinstance(told, HandshakeFailed)
        self.assertEqual((told.by_peer, told.alert), (True, alert))
        self.assertEqual((here.received, there.received), ([], []))


@implementer(IOpenSSLClientConnectionCreator, IOpenSSLServerConnectionCreator)
class Verifier:
    """Makes connections that verify their peers.

    :param trust: whom to believe.
    :param issued: what to show.
    :param response: what to staple, as a server; a client has none.
    """

    def __init__(
        self,
        trust: Trust,
        issued: Issued | None = None,
        *,
        profile: Profile = DEFAULT_PROFILE,
        version: int | None = None,
        server_name: str = SERVER_NAME,
        verify_name: bool = True,
        response: bytes | None = None,
        security_level: int = 2,
    ) -> None:
        self.trust = trust
        self.server_name = server_name
        self.verify_name = verify_name
        self.context = SSL.Context(SSL.TLS_METHOD)
        self.context.set_cipher_list(f"DEFAULT:@SECLEVEL={security_level}".encode())
        if version is not None:
            self.context.set_min_proto_version(version)
            self.context.set_max_proto_version(version)
        if issued is not None:
            self.context.use_certificate(issued.certificate)
            for between in issued.chain:
                self.context.add_extra_chain_cert(between)
            self.context.use_privatekey(issued.key)
        self.verification = Verification(profile, trust)
        mode = SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT
        self.verification.install(self.context, mode)
        # OpenSSL has one place for both.
        if response is not None:
            self.context.set_ocsp_server_callback(lambda _connection, _data: response or b"")
        else:
            self.context.set_ocsp_client_callback(staple_callback(profile, trust))
        self.context.set_session_id(b"test")

    def clientConnectionForTLS(self, tlsProtocol: TLSMemoryBIOProtocol | None) -> LinkConnection:
        connection = LinkConnection(
            self.context,
            is_client=True,
            profile="",
            server_name=self.server_name,
            verify_name=self.verify_name,
            recheck=self.verification.recheck,
        )
        if self.trust.stapling is not Stapling.IGNORED:
            connection.request_ocsp()
        return connection

    def serverConnectionForTLS(self, tlsProtocol: TLSMemoryBIOProtocol | None) -> LinkConnection:
        return LinkConnection(
            self.context, is_client=False, profile="", recheck=self.verification.recheck
        )


class DirectionTestCase(RefusalTestCase):
    def refuse_client(
        self,
        client: Issued,
        words: str,
        alert: str,
        trust: Trust = CA.trust,
        *,
        versions: Sequence[int] = VERSIONS,
        security_level: int = 2,
    ) -> None:
        for version in versions:
            server = Verifier(trust, SERVER, version=version, security_level=security_level)
            pair = join(careless(client, version), server)
            self.assert_refused(pair, by_client=False, words=words, alert=alert)

    def take_client(self, client: Issued, trust: Trust = CA.trust) -> tuple[str, ...]:
        """The subjects of the chain with which it is taken."""
        chains = set()
        for version in VERSIONS:
            pair = join(careless(client, version), Verifier(trust, SERVER, version=version))
            chain = pair.server.secure_link.peer_chain
            chains.add(tuple(subject_of(certificate) for certificate in chain))
        (subjects,) = chains
        return subjects

    def refuse_server(self, server: Issued, words: str, alert: str) -> None:
        for version in VERSIONS:
            pair = join(Verifier(CA.trust, CLIENT), careless(server, version))
            self.assert_refused(pair, by_client=True, words=words, alert=alert)
