"""When what links depend on ends: certificates, revocation lists, stapled responses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from twisted.logger import Logger

from txdicomtls.tls.names import printable, subject_of
from txdicomtls.tls.ocsp_files import end_of_response
from txdicomtls.tls.security import Security

#: Days before the end at which a warning is due, each once.
WARNING_DAYS = (30, 7, 1)

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiration:
    """Something that ends.

    :param what: in words, as "the certificate CN=node".
    :param ends: when, in UTC.
    :param identity: tells it from another one with the same words.
    """

    what: str
    ends: datetime
    identity: str


def expirations(security: Security) -> Iterator[Expiration]:
    """All that a security depends on and that ends."""
    for shown in security.all_credentials:
        yield _certificate("the certificate", shown.certificate)
        for between in shown.chain:
            yield _certificate("the intermediate certificate", between)
        if shown.ocsp_response:
            yield from _response(shown.ocsp_response, shown.certificate)
    for authority in security.trust.certificates:
        yield _certificate("the trusted CA certificate", authority)
    for pinned in security.trust.pinned:
        yield _certificate("the pinned certificate", pinned)
    for crl in security.trust.crls:
        if crl.next_update_utc is not None:
            issuer = printable(crl.issuer.rfc4514_string())
            yield Expiration(
                what=f"the revocation list of {issuer}",
                ends=crl.next_update_utc,
                identity=crl.fingerprint(SHA256()).hex(),
            )


def _certificate(what: str, certificate: x509.Certificate) -> Expiration:
    return Expiration(
        what=f"{what} {subject_of(certificate)}",
        ends=certificate.not_valid_after_utc,
        identity=certificate.fingerprint(SHA256()).hex(),
    )


def _response(der: bytes, certificate: x509.Certificate) -> Iterator[Expiration]:
    ends = end_of_response(der, certificate)
    if ends is not None:
        yield Expiration(
            what=f"the stapled OCSP response for {subject_of(certificate)}",
            ends=ends,
            identity=f"ocsp {ends.isoformat()} {certificate.fingerprint(SHA256()).hex()}",
        )


class ExpiryWarnings:
    """Says in time, and once for each of :data:`WARNING_DAYS`, that something ends.

    :param now: gives the time.
    :param hook: told of everything that ends each time, with the seconds that are left
        (negative when it is over); for metrics.
    """

    log = Logger()

    def __init__(
        self,
        now: Callable[[], datetime],
        hook: Callable[[Expiration, float], None] | None = None,
    ) -> None:
        self._now = now
        self._hook = hook
        self._said: dict[str, int] = {}

    def look(self, things: Iterable[Expiration]) -> None:
        """Look at all that there is now."""
        now = self._now()
        current = {each.identity: each for each in things}
        self._said = {known: due for known, due in self._said.items() if known in current}
        for each in current.values():
            left = each.ends - now
            self._tell(each, left)
            due = _due(left)
            if due is not None and self._said.get(each.identity) != due:
                self._said[each.identity] = due
                self._warn(each, left)

    def _tell(self, each: Expiration, left: timedelta) -> None:
        if self._hook is None:
            return
        try:
            self._hook(each, left.total_seconds())
        except Exception:  # noqa: BLE001  # it is the application's; the warnings go on
            self.log.failure("the hook for what expires failed")

    def _warn(self, each: Expiration, left: timedelta) -> None:
        if left <= timedelta():
            self.log.error(
                "{what} has expired, on {ends:%Y-%m-%d %H:%M} UTC: have it renewed",
                what=each.what,
                ends=each.ends,
            )
            return
        self.log.warn(
            "{what} expires in {days:.1f} days, on {ends:%Y-%m-%d %H:%M} UTC: have it renewed",
            what=each.what,
            days=left / _DAY,
            ends=each.ends,
        )


def _due(left: timedelta) -> int | None:
    """The warning that is due when so much is left: the fewest days that still hold it."""
    if left <= timedelta():
        return 0
    return min((days for days in WARNING_DAYS if left <= days * _DAY), default=None)
