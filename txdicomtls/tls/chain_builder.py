"""Building the chain of a peer anew, for a session that is taken up.

Here OpenSSL cannot call back, and so cannot be told to go on where something is
passed over (:mod:`.direct_trust`); it is asked again without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from OpenSSL import crypto

from txdicomtls.errors import HandshakeFailed
from txdicomtls.tls.direct_trust import DirectTrust
from txdicomtls.tls.refusals import Suspect, refused_by_openssl
from txdicomtls.tls.store import fill_store
from txdicomtls.tls.trust import Revocation, Trust
from txdicomtls.tls.verification_errors import VerificationError as Error


class ChainBuilder:
    """Builds chains by a trust.

    :param trust: whom to believe.
    """

    def __init__(self, trust: Trust) -> None:
        self._trust = trust
        self._direct = DirectTrust(trust)
        # Filled here, and not when it is needed, because that may take a while.
        self._leaf_store = (
            _store_of(trust, Revocation.LEAF) if trust.revocation is Revocation.CHAIN else None
        )

    def build(
        self,
        store: crypto.X509Store,
        leaf: crypto.X509,
        shown: Sequence[crypto.X509],
        *,
        is_client: bool,
        now: datetime,
    ) -> tuple[x509.Certificate, ...]:
        """Build a chain.

        :param store: was filled by the same trust.
        :param leaf: the peer's own certificate.
        :param shown: what the peer has sent with it.
        :param is_client: whether we are the connecting side.
        :param now: what this machine's clock says.
        :return: the chain, which is the certificate alone for a pinned peer.
        :raises HandshakeFailed: there is none that is good now.
        """

        def refuse(problem: crypto.X509StoreContextError) -> HandshakeFailed:
            suspect = Suspect(
                certificate=problem.certificate.to_cryptography(),
                depth=problem.errors[1],
                is_client=is_client,
            )
            return refused_by_openssl(suspect, problem.errors[0], self._trust, now)

        own = leaf.to_cryptography()
        try:
            chain = _chain(store, leaf, shown)
        except crypto.X509StoreContextError as problem:
            error, depth = problem.errors[0], problem.errors[1]
            bad = problem.certificate.to_cryptography()
            if not self._direct.passes_over(error, bad, depth, own):
                raise refuse(problem) from None
        else:
            if self._direct.is_pinned(own):
                return (own,)
            return self._not_too_long(chain, is_client=is_client, now=now)
        try:
            if self._direct.is_listed(own, 0):
                self._refuse_revoked(own, is_client=is_client, now=now)
                return _chain(_store_of(Trust((own,)), Revocation.NONE), leaf, ())
            chain = self._looked_up_one_by_one(leaf, shown)
            return self._not_too_long(chain, is_client=is_client, now=now)
        except crypto.X509StoreContextError as problem:
            raise refuse(problem) from None

    def _not_too_long(
        self, chain: tuple[x509.Certificate, ...], *, is_client: bool, now: datetime
    ) -> tuple[x509.Certificate, ...]:
        # OpenSSL has the depth in the context, and not in its store.
        if len(chain) - 2 > self._trust.depth:
            suspect = Suspect(certificate=chain[-1], depth=len(chain) - 1, is_client=is_client)
            raise refused_by_openssl(suspect, Error.CERT_CHAIN_TOO_LONG, self._trust, now)
        return chain

    def _refuse_revoked(self, own: x509.Certificate, *, is_client: bool, now: datetime) -> None:
        """Heed a list that has what is trusted directly (see :class:`.trust.Trust`).

        OpenSSL ends at the first problem, and so may not have come to it.
        """
        if self._trust.revocation is Revocation.NONE:
            return
        for crl in self._trust.crls:
            if (
                crl.issuer == own.issuer
                and crl.last_update_utc <= now
                and crl.get_revoked_certificate_by_serial_number(own.serial_number) is not None
            ):
                suspect = Suspect(certificate=own, depth=0, is_client=is_client)
                raise refused_by_openssl(suspect, Error.CERT_REVOKED, self._trust, now)

    def _looked_up_one_by_one(
        self, leaf: crypto.X509, shown: Sequence[crypto.X509]
    ) -> tuple[x509.Certificate, ...]:
        """Build the chain, and look all of it up in the revocation lists but what is listed."""
        if self._leaf_store is None:
            self._leaf_store = _store_of(self._trust, Revocation.LEAF)
        chain = _chain(self._leaf_store, leaf, shown)
        for depth, issuer in enumerate(chain[1:], start=1):
            if not self._direct.is_listed(issuer, depth):
                _chain(self._leaf_store, crypto.X509.from_cryptography(issuer), shown)
        return chain


def _store_of(trust: Trust, revocation: Revocation) -> crypto.X509Store:
    store = crypto.X509Store()
    fill_store(store, trust, revocation)
    return store


def _chain(
    store: crypto.X509Store, leaf: crypto.X509, shown: Sequence[crypto.X509]
) -> tuple[x509.Certificate, ...]:
    chain = crypto.X509StoreContext(store, leaf, shown).get_verified_chain()
    return tuple(certificate.to_cryptography() for certificate in chain)
