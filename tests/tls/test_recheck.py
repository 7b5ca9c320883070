"""A session that is taken up is judged by the rules of that moment."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography import x509
from OpenSSL import SSL, crypto
from twisted.trial.unittest import SynchronousTestCase

from tests.tls.authorities import BOTH, IS_CA, craft, crl, intermediate
from tests.tls.certificates import CA, DAY, NOW, OTHER_CA, Issued, private_key
from tests.tls.pair import SERVER_NAME, join
from tests.tls.verifiers import CLIENT, SERVER, VERSIONS, Verifier
from txdicomtls.errors import HandshakeFailed, PeerNameMismatch
from txdicomtls.tls import DEFAULT_PROFILE, Trust
from txdicomtls.tls.chain_builder import ChainBuilder
from txdicomtls.tls.names import subject_of
from txdicomtls.tls.trust import ChainStep, Revocation
from txdicomtls.tls.verification import LinkConnection, Verification


class PastConnection(LinkConnection):
    """A connection that took up a session with these certificates.

    :param trust: by which its context was made.
    :param shown: what the peer had sent when the session began, its own certificate first.
    """

    def __init__(
        self, trust: Trust, shown: Sequence[x509.Certificate], *, is_client: bool = False
    ) -> None:
        self._verifier = Verifier(trust)
        super().__init__(
            self._verifier.context, is_client=is_client, profile="", server_name=SERVER_NAME
        )
        self._shown = [crypto.X509.from_cryptography(one) for one in shown]

    def get_peer_certificate(self, **_: object) -> x509.Certificate | None:  # type: ignore[override]
        return self._shown[0].to_cryptography() if self._shown else None

    def get_peer_cert_chain(self, **_: object) -> list[crypto.X509]:  # type: ignore[override]
        return self._shown


def shown_by(issued: Issued) -> tuple[x509.Certificate, ...]:
    return (issued.certificate, *issued.chain)


class RecheckTests(SynchronousTestCase):
    def recheck(
        self,
        shown: Sequence[x509.Certificate],
        trust: Trust = CA.trust,
        *,
        is_client: bool = False,
    ) -> tuple[str, ...]:
        connection = PastConnection(trust, shown, is_client=is_client)
        chain = Verification(DEFAULT_PROFILE, trust).recheck(connection)
        return tuple(subject_of(certificate) for certificate in chain)

    def refuse(
        self, shown: Sequence[x509.Certificate], words: str, trust: Trust = CA.trust
    ) -> HandshakeFailed:
        error: HandshakeFailed = self.assertRaises(HandshakeFailed, self.recheck, shown, trust)
        self.assertIn(words, str(error))
        self.assertFalse(error.by_peer)
        return error

    def test_what_is_good_gives_its_chain(self) -> None:
        self.assertEqual(self.recheck(shown_by(CLIENT)), ("CN=CT 1", "CN=Test CA"))
        below = intermediate().issue("ct1.example")
        wanted = ("CN=node", "CN=Intermediate", "CN=Test CA")
        self.assertEqual(self.recheck(shown_by(below)), wanted)

    def test_the_dates(self) -> None:
        old = craft(CA, BOTH, begin=NOW - 2 * DAY, end=NOW - DAY)
        self.assertEqual(self.refuse(shown_by(old), "expired on").alert, "certificate_expired")
        ca = craft(CA, IS_CA, key=private_key("p256", 3), begin=NOW - 2 * DAY, end=NOW - DAY)
        self.refuse(shown_by(ca.issue("ct1.example")), "a CA certificate")

    def test_the_trust(self) -> None:
        self.refuse(shown_by(OTHER_CA.issue("ct1.example")), "was not issued by a CA")

    def test_the_depth(self) -> None:
        below = intermediate().issue("ct1.example")
        trust = Trust((CA.certificate,), depth=0)
        self.refuse(shown_by(below), "more than 0 intermediate certificates", trust)

    def test_the_floors(self) -> None:
        weak = craft(CA, BOTH, key=private_key("rsa1024", 6))
        self.refuse(shown_by(weak), "its key is RSA with 1024 bits")

    def test_the_name_of_a_server(self) -> None:
        wanted = ("CN=PACS", "CN=Test CA")
        self.assertEqual(self.recheck(shown_by(SERVER), is_client=True), wanted)
        other = shown_by(CA.issue("ris.example"))
        self.assertRaises(PeerNameMismatch, self.recheck, other, is_client=True)

    def test_the_judge(self) -> None:
        steps: list[ChainStep] = []
        self.recheck(shown_by(CLIENT), Trust((CA.certificate,), judge=steps.append))
        self.assertEqual([step.depth for step in steps], [1, 0])
        trust = Trust((CA.certificate,), judge=lambda _: "not any more")
        self.refuse(shown_by(CLIENT), "is not wanted: not any more", trust)

    def test_the_revocation_lists(self) -> None:
        shown = shown_by(CLIENT)
        good = Trust((CA.certificate,), crls=(crl(CA),), revocation=Revocation.LEAF)
        self.assertEqual(len(self.recheck(shown, good)), 2)
        listed = crl(CA, CLIENT.certificate)
        trust = Trust((CA.certificate,), crls=(listed,), revocation=Revocation.LEAF)
        self.assertEqual(self.refuse(shown, "revoked", trust).alert, "certificate_revoked")
        old = crl(CA, begin=NOW - 2 * DAY, end=NOW - DAY)
        trust = Trust((CA.certificate,), crls=(old,), revocation=Revocation.LEAF)
        self.refuse(shown, "(CRL) of CN=Test CA expired on", trust)

    def test_the_revocation_lists_below_a_trusted_intermediate(self) -> None:
        anchor = intermediate(CA, "Anchor")
        issuing = craft(anchor, IS_CA, subject="Issuing", key=private_key("p256", 6))
        shown = shown_by(issuing.issue("ct1.example"))

        def trust(*crls: x509.CertificateRevocationList) -> Trust:
            return Trust((anchor.certificate,), crls=crls, revocation=Revocation.CHAIN)

        self.assertEqual(len(self.recheck(shown, trust(crl(anchor), crl(issuing)))), 3)
        self.refuse(shown, "(CN=node) cannot be looked up", trust(crl(anchor)))
        self.refuse(shown, "(CN=Issuing) cannot be looked up", trust(crl(issuing)))
        revoked = trust(crl(anchor, issuing.certificate), crl(issuing))
        self.refuse(shown, "(CN=Issuing) has been revoked", revoked)
        # OpenSSL has seen that before it comes to the anchor; nobody relies on this order.
        leaf, *others = [crypto.X509.from_cryptography(one) for one in shown]
        builder = ChainBuilder(revoked)
        self.assertRaises(crypto.X509StoreContextError, builder._looked_up_one_by_one, leaf, others)

    def test_a_pinned_peer(self) -> None:
        for peer in (
            craft(None, BOTH, subject="Pinned"),
            OTHER_CA.issue(subject="Pinned"),
            CA.issue(subject="Pinned"),
            intermediate(OTHER_CA).issue(subject="Pinned"),
        ):
            for revocation in Revocation:
                trust = Trust((CA.certificate,), pinned=(peer.certificate,), revocation=revocation)
                self.assertEqual(self.recheck(shown_by(peer), trust), ("CN=Pinned",))

    def test_a_pinned_peer_that_a_list_of_its_issuer_has(self) -> None:
        peer = CA.issue("ct1.example", subject="Pinned")
        lists = (crl(CA), crl(CA, peer.certificate, begin=NOW - DAY / 2))
        trust = Trust((), pinned=(peer.certificate,), crls=lists, revocation=Revocation.LEAF)
        error = self.refuse(shown_by(peer), "has been revoked", trust)
        self.assertEqual("certificate_revoked", error.alert)

    def test_a_pinned_peer_that_has_expired(self) -> None:
        for issuer in (None, OTHER_CA, CA):
            peer = craft(issuer, BOTH, begin=NOW - 2 * DAY, end=NOW - DAY)
            trust = Trust((CA.certificate,), pinned=(peer.certificate,))
            self.refuse(shown_by(peer), "expired on", trust)

    def test_a_pinned_peer_vouches_for_nobody(self) -> None:
        pinned = craft(None, IS_CA, subject="Pinned")
        trust = Trust((CA.certificate,), pinned=(pinned.certificate,))
        below = pinned.issue("ct1.example").certificate
        self.refuse((below, pinned.certificate), "was not issued by a CA", trust)

    def test_a_session_without_a_certificate(self) -> None:
        self.refuse((), "no certificate of the peer")
        connection = PastConnection(CA.trust, ())
        connection.set_verify(SSL.VERIFY_PEER)
        self.assertEqual(Verification(DEFAULT_PROFILE, CA.trust).recheck(connection), ())
        self.assertRaises(HandshakeFailed, self.recheck, (), is_client=True)

    def test_a_certificate_that_cannot_be_read(self) -> None:
        garbage = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.17"), b"\x30\5garb")
        self.refuse(shown_by(craft(CA, (garbage, False))), "cannot be read")


class ResumptionTests(SynchronousTestCase):
    """OpenSSL keeps with a session what the recheck needs."""

    def test_both_sides_know_the_chain_of_a_session_that_they_take_up(self) -> None:
        ca = intermediate()
        for version in VERSIONS:
            client = Verifier(CA.trust, ca.issue("ct1.example"), version=version)
            server = Verifier(CA.trust, ca.issue(SERVER_NAME, subject="PACS"), version=version)
            server.context.set_session_cache_mode(SSL.SESS_CACHE_SERVER)
            server.context.set_options(SSL.OP_NO_TICKET)
            first = join(client, server)
            first.server.transport.write(b"x")  # and the tickets of TLS 1.3
            first.pump.flush()
            session = first.client.transport.getHandle().get_session()
            assert session is not None

            class Again(Verifier):
                def clientConnectionForTLS(self, tlsProtocol: object) -> LinkConnection:
                    connection = client.clientConnectionForTLS(None)  # noqa: B023
                    connection.set_session(session)  # noqa: B023
                    return connection

            second = join(Again(CA.trust), server)
            for side in (second.client, second.server):
                self.assertTrue(side.secure_link.resumed)
                chain = [subject_of(one) for one in side.secure_link.peer_chain]
                self.assertEqual(chain[1:], ["CN=Intermediate", "CN=Test CA"])
