"""The chain that is sent with a certificate: its issuer, that one's issuer, and so on.

Files hold chains in any order, twice, or with the root, which a peer must have of its
own and so need not be sent (RFC 8446 4.4.2).  Here they are put in order.  Whether a
chain is complete cannot be seen in itself: where it ends at an issuer that is not
there, that may be a root or a gap.  Two things tell: certificates that were meant to
lead on and do not, and whether the issuer is one that we trust ourselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from txdicomtls.tls.names import printable, subject_of


@dataclass(frozen=True, slots=True)
class Chain:
    """What became of the certificates that were given beside one's own.

    :param own: the certificate that the chain is for.
    :param certificates: what is sent with it, in order, without the root.
    :param left_out: what belongs to no part of the chain; no duplicates.
    :param complete: whether the root was there too, so that nothing can be missing.
    """

    own: x509.Certificate
    certificates: tuple[x509.Certificate, ...]
    left_out: tuple[x509.Certificate, ...]
    complete: bool

    @property
    def last(self) -> x509.Certificate:
        """The certificate whose issuer a peer must know."""
        return (self.own, *self.certificates)[-1]

    def gap(self) -> str:
        """Say what is missing, where it is certain that something is.

        That is so where certificates were given and none leads on, or a root and nothing
        leads there.

        :return: one line; empty where the chain may be right.
        """
        roots = [each for each in self.left_out if is_self_issued(each)]
        astray = roots if self.certificates else self.left_out
        if self.complete or not astray:
            return ""
        return (
            f"the certificate of {issuer_of(self.last)} is missing, which issued that of "
            f"{subject_of(self.last)}: add it, or take that of {subject_of(astray[0])} away"
        )

    def open_end(self, trusted: Iterable[x509.Certificate]) -> str:
        """Say that an intermediate certificate may be missing, which peers would need.

        :param trusted: the authorities that we trust; mostly our peers trust the same.
        :return: one line; empty where the chain ends at a root or at one of these.
        """
        last = self.last
        if self.complete or any(each == last or _issued(last, each) for each in trusted):
            return ""
        return (
            f"the certificates that we send end at {issuer_of(last)}, which we do not trust "
            "ourselves: unless all peers have its certificate, add it to the chain"
        )


def put_in_order(own: x509.Certificate, others: Iterable[x509.Certificate], now: datetime) -> Chain:
    """Find the way from a certificate up, among others.

    Where an authority has several certificates for one key, one that is valid now
    goes first, then the one that is valid longest.

    :param now: the time to judge the dates by.
    """
    rest = [each for each in dict.fromkeys(others) if each != own]
    chain: list[x509.Certificate] = []
    last = own
    while not is_self_issued(last):
        issuers = [each for each in rest if each not in chain and _issued(last, each)]
        if not issuers:
            break
        last = max(issuers, key=lambda each: (_is_valid(each, now), each.not_valid_after_utc))
        chain.append(last)
    complete = is_self_issued(last)
    left_out = tuple(each for each in rest if each not in chain)
    if complete and last is not own:
        chain.pop()
    return Chain(own, tuple(chain), left_out, complete)


def is_self_issued(certificate: x509.Certificate) -> bool:
    """Whether it names itself as its issuer, as a root does."""
    return certificate.issuer == certificate.subject


def issuer_of(certificate: x509.Certificate) -> str:
    """The issuer as one line of text (RFC 4514)."""
    return printable(certificate.issuer.rfc4514_string())


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _is_valid(certificate: x509.Certificate, now: datetime) -> bool:
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
