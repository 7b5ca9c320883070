"""What OpenSSL is told of a node's trust."""

from __future__ import annotations

from OpenSSL import SSL, crypto

from txdicomtls.tls.trust import Revocation, Trust

_FLAGS = crypto.X509StoreFlags

_REVOCATION_FLAGS = {
    Revocation.NONE: 0,
    Revocation.LEAF: _FLAGS.CRL_CHECK,
    Revocation.CHAIN: _FLAGS.CRL_CHECK | _FLAGS.CRL_CHECK_ALL,
}


def believe(context: SSL.Context, trust: Trust) -> None:
    """Let a context build and judge chains by a trust.

    What is pinned is not OpenSSL's business: in its store it could vouch for others.
    """
    context.set_verify_depth(trust.depth)
    store = context.get_cert_store()
    if store is None:
        raise ValueError("the OpenSSL in use made a context without a certificate store")
    fill_store(store, trust, trust.revocation)


def fill_store(store: crypto.X509Store, trust: Trust, revocation: Revocation) -> None:
    """Put the trusted certificates and the revocation lists into a store.

    :param revocation: what is to be looked up in the lists.
    """
    # What is listed in the trust is trusted itself, also where it is not a root: a site may
    # trust one issuing CA, or one peer, and not all that their root has ever signed.
    store.set_flags(_FLAGS.PARTIAL_CHAIN | _REVOCATION_FLAGS[revocation])
    for certificate in trust.certificates:
        store.add_cert(crypto.X509.from_cryptography(certificate))
    for crl in trust.crls:
        store.add_crl(crl)
