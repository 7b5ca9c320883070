"""What a certificate that is listed in the trust itself does not need (IHE ITI-19)."""

from __future__ import annotations

from cryptography import x509

from txdicomtls.tls.refusals import NO_TRUSTED_ISSUER
from txdicomtls.tls.revocation import CRL_ERRORS
from txdicomtls.tls.trust import Trust
from txdicomtls.tls.verification_errors import VerificationError as Error

#: Not about a certificate: never passed over.
_FAILURES_OF_OPENSSL = frozenset(
    (Error.UNSPECIFIED, Error.OUT_OF_MEM, Error.INVALID_CALL, Error.STORE_LOOKUP)
)


class DirectTrust:
    """Knows which certificates a trust lists, by the whole of each.

    :param trust: the trust.
    """

    def __init__(self, trust: Trust) -> None:
        self._anchors = frozenset(trust.certificates)
        self._pinned = frozenset(trust.pinned)

    def is_pinned(self, certificate: x509.Certificate) -> bool:
        """Whether it is that of a peer that is trusted directly."""
        return certificate in self._pinned

    def is_listed(self, certificate: x509.Certificate, depth: int) -> bool:
        """Whether it is trusted by itself where it stands; what is pinned, as the peer only."""
        return certificate in self._anchors or (depth == 0 and certificate in self._pinned)

    def passes_over(
        self, error: int, certificate: x509.Certificate, depth: int, own: x509.Certificate
    ) -> bool:
        """Whether an error does not count.

        :param error: OpenSSL's number; 0 for none.
        :param certificate: which it is about.
        :param depth: where that stands.
        :param own: the peer's own certificate.
        """
        if not error or error in _FAILURES_OF_OPENSSL:
            return False
        if own in self._pinned and (depth > 0 or error in NO_TRUSTED_ISSUER):
            return True
        return error in CRL_ERRORS and self.is_listed(certificate, depth)
