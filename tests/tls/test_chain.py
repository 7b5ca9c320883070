"""A chain is put in order, and what is missing in it is found where it can be."""

from __future__ import annotations

import itertools

from cryptography import x509
from twisted.trial.unittest import SynchronousTestCase

from tests.tls.certificates import CA, DAY, NOW, OTHER_CA, Issued
from txdicomtls.tls.chain import Chain, put_in_order

UPPER = CA.issue(subject="Upper", is_ca=True, kind="p384")
LOWER = UPPER.issue(subject="Lower", is_ca=True, kind="p384")
NODE = LOWER.issue("node.example")
STRANGER = OTHER_CA.issue(subject="Stranger", is_ca=True)
ROOT, OTHER_ROOT = CA.certificate, OTHER_CA.certificate
FULL = (LOWER.certificate, UPPER.certificate)


def ordered(own: Issued, *others: x509.Certificate) -> Chain:
    return put_in_order(own.certificate, others, NOW)


class OrderTests(SynchronousTestCase):
    def test_any_order_becomes_the_right_one(self) -> None:
        for others in itertools.permutations(FULL):
            self.assertEqual(ordered(NODE, *others).certificates, FULL)

    def test_the_root_the_certificate_itself_and_duplicates_are_not_sent(self) -> None:
        chain = ordered(NODE, ROOT, NODE.certificate, *FULL, LOWER.certificate, ROOT)
        self.assertEqual((chain.certificates, chain.left_out), (FULL, ()))
        self.assertTrue(chain.complete)

    def test_what_leads_nowhere_is_left_out(self) -> None:
        chain = ordered(NODE, STRANGER.certificate, *FULL)
        self.assertEqual((chain.certificates, chain.left_out), (FULL, (STRANGER.certificate,)))

    def test_a_certificate_without_anything_beside_it_has_no_chain(self) -> None:
        self.assertEqual(ordered(NODE).certificates, ())
        self.assertFalse(ordered(NODE).complete)

    def test_a_self_signed_certificate_needs_none(self) -> None:
        chain = ordered(CA, LOWER.certificate)
        self.assertEqual((chain.certificates, chain.complete, chain.gap()), ((), True, ""))

    def test_an_authority_of_the_same_name_with_another_key_is_not_the_issuer(self) -> None:
        impostor = OTHER_CA.issue(subject="Lower", is_ca=True, kind="rsa2048")
        self.assertEqual(ordered(NODE, impostor.certificate, *FULL).certificates, FULL)

    def test_of_several_certificates_of_an_issuer_the_one_that_is_valid_is_sent(self) -> None:
        def lower(begin: int, end: int) -> x509.Certificate:
            first, last = NOW + begin * DAY, NOW + end * DAY
            issued = UPPER.issue(subject="Lower", is_ca=True, kind="p384", begin=first, end=last)
            return issued.certificate

        expired, future, short, long = lower(-3, -1), lower(1, 9), lower(-3, 1), lower(-3, 2)
        for others in itertools.permutations((expired, future, short, long)):
            self.assertEqual(ordered(NODE, *others).certificates, (long,))
        self.assertEqual(ordered(NODE, expired).certificates, (expired,))

    def test_issuers_in_a_circle_come_to_an_end(self) -> None:
        # All three have one key, so each of the two below has issued the other.
        upper = LOWER.issue(subject="Upper", is_ca=True, kind="p384").certificate
        lower = UPPER.issue(subject="Lower", is_ca=True, kind="p384").certificate
        chain = ordered(NODE, upper, lower)
        self.assertEqual((chain.certificates, chain.complete), ((lower, upper), False))


class GapTests(SynchronousTestCase):
    def test_a_chain_that_may_be_right_has_no_gap(self) -> None:
        for others in ((), FULL[:1], FULL, (*FULL, ROOT), (*FULL, STRANGER.certificate)):
            self.assertEqual(ordered(NODE, *others).gap(), "")

    def test_a_missing_intermediate_below_others_is_named_with_what_it_issued(self) -> None:
        for others in ((UPPER.certificate,), (UPPER.certificate, ROOT), (ROOT,)):
            gap = ordered(NODE, *others).gap()
            self.assertIn("the certificate of CN=Lower is missing", gap)
            self.assertIn("which issued that of CN=node", gap)
            self.assertIn(f"take that of {others[0].subject.rfc4514_string()} away", gap)

    def test_a_missing_intermediate_below_the_root_is_named(self) -> None:
        gap = ordered(NODE, LOWER.certificate, ROOT).gap()
        self.assertIn("the certificate of CN=Upper is missing", gap)
        self.assertIn("that of CN=Lower", gap)

    def test_certificates_of_another_authority_are_a_gap(self) -> None:
        self.assertIn("CN=Other CA away", ordered(NODE, OTHER_ROOT).gap())


class OpenEndTests(SynchronousTestCase):
    def test_an_end_at_who_is_trusted_is_good(self) -> None:
        for others, trusted in (
            ((), LOWER.certificate),
            (FULL[:1], UPPER.certificate),
            (FULL, ROOT),
            (FULL, UPPER.certificate),
            ((), NODE.certificate),
        ):
            self.assertEqual(ordered(NODE, *others).open_end([OTHER_ROOT, trusted]), "")

    def test_an_end_at_somebody_else_may_lack_a_certificate(self) -> None:
        for others, issuer in (((), "Lower"), (FULL[:1], "Upper")):
            doubt = ordered(NODE, *others).open_end([ROOT])
            self.assertIn(f"end at CN={issuer}, which we do not trust", doubt)
        self.assertIn("end at CN=Test CA", ordered(NODE, *FULL).open_end([]))

    def test_where_the_root_was_there_nothing_is_missing(self) -> None:
        self.assertEqual(ordered(NODE, *FULL, ROOT).open_end([OTHER_ROOT]), "")
        self.assertEqual(ordered(CA).open_end([OTHER_ROOT]), "")
