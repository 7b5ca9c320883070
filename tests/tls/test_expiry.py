"""Warnings before something ends."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from twisted.logger import ILogObserver, formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from tests.tls.certificates import CA, DAY, NOW, OTHER_CA
from tests.tls.pair import security
from txdicomtls.tls import Expiration, ExpiryWarnings, Trust, expirations


def ending(days: float, what: str = "the certificate CN=node") -> Expiration:
    return Expiration(what=what, ends=NOW + days * DAY, identity=what)


class ExpiryWarningsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.now = NOW
        self.told: list[tuple[str, float]] = []
        self.warnings = ExpiryWarnings(
            lambda: self.now, lambda each, left: self.told.append((each.what, left))
        )
        self.events: list[Any] = []
        observer = cast("ILogObserver", self.events.append)
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)

    def said(self) -> list[tuple[str, str]]:
        """Level and text of what was logged since this was asked last."""
        said = [(event["log_level"].name, formatEvent(event)) for event in self.events]
        self.events.clear()
        return said

    def test_each_warning_is_said_once_and_the_end_is_an_error(self) -> None:
        node = ending(40)
        found = []
        for hour in range(42 * 4):
            self.now = NOW + timedelta(hours=6 * hour)
            self.warnings.look([node])
            found += [(hour / 4, level) for level, _ in self.said()]
        self.assertEqual([(10, "warn"), (33, "warn"), (39, "warn"), (40, "error")], found)

    def test_the_line_says_what_and_when_and_what_to_do(self) -> None:
        self.warnings.look([ending(6.5)])
        ((_, text),) = self.said()
        self.assertIn("the certificate CN=node expires in 6.5 days, on ", text)
        self.assertIn(f"{NOW + 6.5 * DAY:%Y-%m-%d %H:%M} UTC: have it renewed", text)

    def test_where_the_node_starts_late_only_the_most_urgent_is_said(self) -> None:
        self.warnings.look([ending(0.5)])
        self.assertEqual(1, len(self.said()))

    def test_what_was_renewed_may_be_warned_of_again(self) -> None:
        self.warnings.look([ending(5)])
        self.warnings.look([])
        self.warnings.look([ending(5)])
        self.assertEqual(2, len(self.said()))

    def test_what_is_far_from_its_end_is_not_mentioned(self) -> None:
        self.warnings.look([ending(31)])
        self.assertEqual([], self.said())

    def test_the_hook_is_told_of_everything_each_time(self) -> None:
        for _ in range(2):
            self.warnings.look([ending(100, "a"), ending(-1, "b")])
        day = 86400.0
        self.assertEqual([("a", 100 * day), ("b", -day)] * 2, self.told)


class ExpirationsTests(SynchronousTestCase):
    def test_everything_that_a_link_depends_on_is_watched(self) -> None:
        between = OTHER_CA.issue(subject="between", is_ca=True)
        node = between.issue("pacs.example")
        pinned = OTHER_CA.issue(subject="pinned").certificate
        crl = make_crl(NOW + 3 * DAY)
        made = security(node.credentials, trust=Trust((CA.certificate,), (pinned,), (crl,)))
        found = {each.what: each.ends for each in expirations(made)}
        self.assertEqual(
            {
                "the certificate CN=node": NOW + DAY,
                "the intermediate certificate CN=between": NOW + DAY,
                "the trusted CA certificate CN=Test CA": NOW + DAY,
                "the pinned certificate CN=pinned": NOW + DAY,
                "the revocation list of CN=Test CA": NOW + 3 * DAY,
            },
            found,
        )

    def test_two_with_the_same_words_are_two(self) -> None:
        authorities = (CA.certificate, CA.issue(subject="Test CA", is_ca=True).certificate)
        made = security(trust=Trust(authorities))
        self.assertEqual(2, len({each.identity for each in expirations(made)}))


def make_crl(next_update: datetime) -> x509.CertificateRevocationList:
    """An empty one, of the CA of the tests."""
    return (
        x509.CertificateRevocationListBuilder()
        .issuer_name(CA.certificate.subject)
        .last_update(NOW - DAY)
        .next_update(next_update)
        .sign(CA.key, hashes.SHA256())
    )
