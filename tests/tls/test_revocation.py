"""Who is revoked is refused, and so is everybody where nobody can tell."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from twisted.trial.unittest import SynchronousTestCase

from tests.tls.authorities import (
    BOTH,
    IS_CA,
    UNKNOWN_EXTENSION,
    craft,
    crl,
    der,
    elements,
    intermediate,
    key_usage,
)
from tests.tls.certificates import CA, DAY, NOW, OTHER_CA, private_key
from tests.tls.verifiers import DirectionTestCase
from txdicomtls.errors import CredentialError
from txdicomtls.tls import Trust
from txdicomtls.tls.revocation import LARGEST_CRL_FILE, read_crls
from txdicomtls.tls.trust import Revocation

CLIENT = CA.issue("ct1.example", subject="CT 1")
UNKNOWN = "certificate_unknown"


def trust(
    *crls: x509.CertificateRevocationList,
    revocation: Revocation = Revocation.LEAF,
    anchor: x509.Certificate = CA.certificate,
    pinned: tuple[x509.Certificate, ...] = (),
) -> Trust:
    return Trust((anchor,), pinned=pinned, crls=crls, revocation=revocation)


class LeafTests(DirectionTestCase):
    """T-10."""

    def test_who_is_not_in_the_list_is_taken(self) -> None:
        other = CA.issue("ct2.example").certificate
        self.assertEqual(self.take_client(CLIENT, trust(crl(CA, other)))[0], "CN=CT 1")

    def test_who_is_in_the_list_is_refused(self) -> None:
        listed = trust(crl(CA, CLIENT.certificate))
        self.refuse_client(CLIENT, "has been revoked", "certificate_revoked", listed)

    def test_a_list_is_not_looked_at_unless_that_is_asked_for(self) -> None:
        listed = trust(crl(CA, CLIENT.certificate), revocation=Revocation.NONE)
        self.take_client(CLIENT, listed)

    def test_without_a_list_everybody_is_refused(self) -> None:
        words = "the revocation list (CRL) of CN=Test CA is missing: fetch it from that CA"
        self.refuse_client(CLIENT, words, UNKNOWN, trust())
        self.refuse_client(CLIENT, words, UNKNOWN, trust(crl(OTHER_CA)))

    def test_an_expired_list_refuses_everybody(self) -> None:
        old = crl(CA, begin=NOW - 2 * DAY, end=NOW - DAY)
        words = f"expired on {NOW - DAY:%Y-%m-%d %H:%M} UTC (this machine's clock says "
        self.refuse_client(CLIENT, words, UNKNOWN, trust(old))

    def test_a_list_of_the_future_refuses_everybody(self) -> None:
        future = crl(CA, begin=NOW + DAY, end=NOW + 2 * DAY)
        words = f"is not valid before {NOW + DAY:%Y-%m-%d %H:%M} UTC: this machine's clock says "
        self.refuse_client(CLIENT, words, UNKNOWN, trust(future))

    def test_a_new_list_counts_whatever_old_ones_there_are(self) -> None:
        old = crl(CA, begin=NOW - 2 * DAY, end=NOW - DAY)
        self.take_client(CLIENT, trust(old, crl(CA)))
        self.take_client(CLIENT, trust(crl(CA), old))
        listed = trust(old, crl(CA, CLIENT.certificate))
        self.refuse_client(CLIENT, "has been revoked", "certificate_revoked", listed)

    def test_a_list_that_another_ca_has_signed_refuses_everybody(self) -> None:
        forged = crl(CA, key=OTHER_CA.key)
        self.refuse_client(CLIENT, "was signed by another CA, or altered", UNKNOWN, trust(forged))

    def test_a_list_with_a_critical_extension_that_nobody_knows(self) -> None:
        odd = crl(CA, extensions=[(UNKNOWN_EXTENSION, True)])
        self.refuse_client(CLIENT, "critical extension", UNKNOWN, trust(odd))

    def test_a_list_for_cas_only_does_not_cover_a_node(self) -> None:
        scope = x509.IssuingDistributionPoint(None, None, False, True, None, False, False)
        of_cas = crl(CA, extensions=[(scope, True)])
        self.refuse_client(CLIENT, "does not cover it", UNKNOWN, trust(of_cas))

    def test_a_ca_that_may_not_sign_lists(self) -> None:
        ca = intermediate(CA, "Silent", key_usage("key_cert_sign"))
        words = "(CRL) of CN=Silent was signed by a CA that may not sign such lists"
        self.refuse_client(ca.issue("ct1.example"), words, UNKNOWN, trust(crl(ca)))


class ChainTests(DirectionTestCase):
    def setUp(self) -> None:
        self.ca = intermediate()
        self.client = self.ca.issue("ct1.example", subject="CT 1")

    def test_all_of_the_chain_is_looked_up(self) -> None:
        lists = trust(crl(CA), crl(self.ca), revocation=Revocation.CHAIN)
        self.assertEqual(len(self.take_client(self.client, lists)), 3)
        lists = trust(crl(CA, self.ca.certificate), crl(self.ca), revocation=Revocation.CHAIN)
        words = "a CA certificate of the client (CN=Intermediate) has been revoked"
        self.refuse_client(self.client, words, "certificate_revoked", lists)

    def test_a_list_that_is_missing_above_refuses_too(self) -> None:
        lists = trust(crl(self.ca), revocation=Revocation.CHAIN)
        words = "(CN=Intermediate) cannot be looked up: the revocation list (CRL) of CN=Test CA"
        self.refuse_client(self.client, words, UNKNOWN, lists)

    def test_only_the_leaf_is_looked_up_where_that_is_asked_for(self) -> None:
        self.take_client(self.client, trust(crl(CA, self.ca.certificate), crl(self.ca)))

    def test_a_trusted_intermediate_needs_no_list_above_it(self) -> None:
        anchor = self.ca.certificate
        for lists in ((crl(self.ca),), (crl(self.ca), crl(CA))):
            chain = trust(*lists, revocation=Revocation.CHAIN, anchor=anchor)
            self.assertEqual(len(self.take_client(self.client, chain)), 2)

    def test_below_a_trusted_intermediate_everything_is_looked_up(self) -> None:
        anchor = self.ca.certificate
        missing = trust(revocation=Revocation.CHAIN, anchor=anchor)
        self.refuse_client(self.client, "(CRL) of CN=Intermediate is missing", UNKNOWN, missing)
        revoked = crl(self.ca, self.client.certificate)
        listed = trust(revoked, revocation=Revocation.CHAIN, anchor=anchor)
        self.refuse_client(self.client, "has been revoked", "certificate_revoked", listed)

    def test_a_trusted_intermediate_that_its_ca_has_revoked(self) -> None:
        lists = (crl(self.ca), crl(CA, self.ca.certificate))
        chain = trust(*lists, revocation=Revocation.CHAIN, anchor=self.ca.certificate)
        self.refuse_client(self.client, "has been revoked", "certificate_revoked", chain)

    def test_a_pinned_peer_needs_no_list(self) -> None:
        for peer in (craft(None, BOTH), OTHER_CA.issue("ct1.example")):
            for revocation in (Revocation.LEAF, Revocation.CHAIN):
                self.take_client(peer, trust(revocation=revocation, pinned=(peer.certificate,)))

    def test_a_pinned_ca_needs_its_list_where_it_stands_above_others(self) -> None:
        pinned = (self.ca.certificate,)
        lists = trust(crl(self.ca), revocation=Revocation.CHAIN, pinned=pinned)
        words = "(CN=Intermediate) cannot be looked up"
        self.refuse_client(self.client, words, UNKNOWN, lists)

    def test_a_pinned_peer_that_is_revoked(self) -> None:
        peer = OTHER_CA.issue("ct1.example")
        listed = trust(crl(OTHER_CA, peer.certificate), pinned=(peer.certificate,))
        self.refuse_client(peer, "has been revoked", "certificate_revoked", listed)


class ReadingTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.path = Path(self.mktemp())

    def read(self, content: bytes) -> tuple[x509.CertificateRevocationList, ...]:
        self.path.write_bytes(content)
        return read_crls(self.path)

    def refuse(self, content: bytes, words: str) -> None:
        error = self.assertRaises(CredentialError, self.read, content)
        self.assertEqual(error.path, str(self.path))
        self.assertIn(words, str(error))

    def test_pem_and_der(self) -> None:
        one, two = crl(CA), crl(OTHER_CA)
        both = one.public_bytes(Encoding.PEM) + b"# other\r\n" + two.public_bytes(Encoding.PEM)
        self.assertEqual(self.read(both), (one, two))
        self.assertEqual(self.read(one.public_bytes(Encoding.DER)), (one,))

    def test_what_is_no_list(self) -> None:
        self.refuse(CA.certificate_pem, "there is no revocation list (CRL) in this file")
        self.refuse(CA.certificate.public_bytes(Encoding.DER), "this is no revocation list")
        self.refuse(b"garbage", "this is no revocation list")
        pem = crl(CA).public_bytes(Encoding.PEM)
        self.refuse(pem + pem[:-30], "a damaged one: its end is missing")
        self.refuse(pem.replace(b"M", b"N", 1), "a damaged one")

    def test_a_list_that_is_too_large(self) -> None:
        self.path.touch()
        with self.path.open("r+b") as file:
            file.truncate(LARGEST_CRL_FILE + 1)
        error = self.assertRaises(CredentialError, read_crls, self.path)
        self.assertIn(f"more than {LARGEST_CRL_FILE} bytes", str(error))

    def test_a_list_that_does_not_say_when_the_next_is_due(self) -> None:
        whole = elements(crl(CA).public_bytes(Encoding.DER))
        parts = elements(whole[0])
        endless = der(0x30, der(0x30, *parts[:4], *parts[5:]), *whole[1:])
        self.refuse(endless, "does not say when the next one is due")

    def test_a_revoked_ca_of_ours_is_read(self) -> None:
        ca = craft(CA, IS_CA, key=private_key("p256", 3)).certificate
        (read,) = self.read(crl(CA, ca).public_bytes(Encoding.PEM))
        self.assertIsNotNone(read.get_revoked_certificate_by_serial_number(ca.serial_number))
