"""Chains that need not be built again."""

from __future__ import annotations

from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from twisted.trial.unittest import SynchronousTestCase

from tests.tls.certificates import CA, DAY, NOW
from txdicomtls.tls import Revocation, Trust
from txdicomtls.tls.chain_memory import ChainMemory
from txdicomtls.tls.names import REMEMBERED

PEER = CA.issue("pacs.example", end=NOW + DAY / 2).certificate
CHAIN = (PEER, CA.certificate)
HOUR = timedelta(hours=1)


class ChainMemoryTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.memory = ChainMemory(CA.trust)

    def test_a_peer_that_was_verified_is_known(self) -> None:
        self.assertIsNone(self.memory.find(PEER, NOW))
        self.memory.keep(CHAIN, NOW)
        for moment in (NOW, NOW + HOUR, NOW + DAY / 2):
            self.assertIs(CHAIN, self.memory.find(PEER, moment))
        self.assertIsNone(self.memory.find(CA.issue("pacs.example").certificate, NOW))

    def test_not_beyond_the_end_of_the_first_that_expires(self) -> None:
        self.memory.keep(CHAIN, NOW)
        self.assertIsNone(self.memory.find(PEER, NOW + DAY / 2 + timedelta(seconds=1)))

    def test_not_when_the_clock_was_set_back(self) -> None:
        self.memory.keep(CHAIN, NOW)
        self.assertIsNone(self.memory.find(PEER, NOW - timedelta(seconds=1)))

    def test_not_beyond_the_end_of_a_revocation_list_that_is_looked_at(self) -> None:
        crl = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(CA.certificate.subject)
            .last_update(NOW - DAY)
            .next_update(NOW + HOUR)
            .sign(CA.key, hashes.SHA256())
        )
        for revocation, known in ((Revocation.LEAF, False), (Revocation.NONE, True)):
            trust = Trust(CA.trust.certificates, crls=(crl,), revocation=revocation)
            memory = ChainMemory(trust)
            memory.keep(CHAIN, NOW)
            self.assertEqual(known, memory.find(PEER, NOW + 2 * HOUR) is not None)

    def test_not_from_when_another_revocation_list_counts(self) -> None:
        crl = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(CA.certificate.subject)
            .last_update(NOW + HOUR)
            .next_update(NOW + DAY)
            .sign(CA.key, hashes.SHA256())
        )
        trust = Trust(CA.trust.certificates, crls=(crl,), revocation=Revocation.LEAF)
        memory = ChainMemory(trust)
        memory.keep(CHAIN, NOW)
        self.assertIsNotNone(memory.find(PEER, NOW + HOUR))
        self.assertIsNone(memory.find(PEER, NOW + HOUR + timedelta(seconds=1)))

    def test_those_that_came_last_are_kept(self) -> None:
        self.memory.keep(CHAIN, NOW)
        others = [CA.issue(str(number)).certificate for number in range(REMEMBERED)]
        for other in others[:-1]:
            self.memory.keep((other, CA.certificate), NOW)
        self.assertIsNotNone(self.memory.find(PEER, NOW))
        self.memory.keep((others[-1], CA.certificate), NOW)
        self.assertIsNotNone(self.memory.find(PEER, NOW))
        self.assertIsNone(self.memory.find(others[0], NOW))
