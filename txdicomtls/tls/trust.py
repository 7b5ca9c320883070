"""Whom this node trusts to vouch for its peers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path

from cryptography import x509
from twisted.internet.defer import Deferred

from txdicomtls.threads import InThread
from txdicomtls.tls.revocation import read_crls
from txdicomtls.tls.trust_files import (
    read_each,
    read_trusted,
    warn_of_no_crls,
    warn_of_unusable,
)

#: How many certificates may stand between the peer's own and a trusted one.
VERIFY_DEPTH = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainStep:
    """One certificate of a chain, as the verification comes to it, the root first.

    :param certificate: the certificate.
    :param depth: 0 for the peer's own.
    :param error: OpenSSL's number for what is wrong with it; 0 for nothing.
    :param error_name: the name of that, as "certificate has expired"; empty for nothing.
    :param is_client: whether we are the connecting side.
    """

    certificate: x509.Certificate
    depth: int
    error: int
    error_name: str
    is_client: bool


#: Looks at each certificate of a chain and gives the reason why it is not wanted, or None.
#: It cannot wave through what failed; an exception refuses the link.
CertificateJudge = Callable[[ChainStep], str | None]


class Revocation(Enum):
    """For which certificates of a chain a CRL must be at hand, and must not list them."""

    NONE = "none"
    LEAF = "leaf"
    CHAIN = "chain"


class Stapling(Enum):
    """What a client wants to see of the status of the server's certificate (RFC 6066 8)."""

    IGNORED = "ignored"
    CHECKED = "checked"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom this node believes, and what it wants to see for it.

    A certificate that is listed here itself needs no word of its issuer: it may do without a
    CRL and without a stapled response, and is revoked by taking it from the list.  A CRL of
    its issuer that lists it is heeded all the same.

    :param certificates: a chain is good as soon as it reaches one of them, root or not.
    :param pinned: peers whose own certificate is trusted directly, self-signed or not,
        whoever issued it (IHE ITI-19).  They vouch for nobody else.
    :param crls: certificate revocation lists.
    :param revocation: what is looked up in them; what is not in any list's reach is refused.
    :param stapling: what a client makes of a stapled OCSP response.
    :param depth: how many certificates may stand between the peer's own and a trusted one.
    :param judge: asked about each certificate of each chain.
    """

    certificates: tuple[x509.Certificate, ...]
    pinned: tuple[x509.Certificate, ...] = ()
    crls: tuple[x509.CertificateRevocationList, ...] = ()
    revocation: Revocation = Revocation.NONE
    stapling: Stapling = Stapling.CHECKED
    depth: int = VERIFY_DEPTH
    judge: CertificateJudge | None = None


def load_trust(
    paths: Sequence[Path],
    *,
    pinned: Sequence[Path] = (),
    crls: Sequence[Path] = (),
    revocation: Revocation = Revocation.NONE,
    stapling: Stapling = Stapling.CHECKED,
    depth: int = VERIFY_DEPTH,
    judge: CertificateJudge | None = None,
    in_thread: InThread,
) -> Deferred[Trust]:
    """Read trusted certificates and revocation lists.

    What is listed and cannot be used now, as a CA that has expired, is a warning in the log:
    others may serve.

    :param paths: files in PEM, each with one certificate or more, files in DER, and
        directories with such files; the certificates of all of them are trusted, each once.
    :param pinned: likewise, the certificates of peers that are trusted directly.
    :param crls: likewise, revocation lists.
    :param revocation: see :class:`Trust`, as for all that follow.
    :param in_thread: runs what blocks.
    :return: fails with :class:`~txdicomtls.errors.CredentialError` where a file cannot be used.
    """

    def read() -> Trust:
        return Trust(
            read_each(paths, read_trusted),
            pinned=read_each(pinned, read_trusted),
            crls=read_each(crls, read_crls),
            revocation=revocation,
            stapling=stapling,
            depth=depth,
            judge=judge,
        )

    def warn(trust: Trust) -> Trust:
        now = datetime.now(UTC)
        warn_of_unusable((*trust.certificates, *trust.pinned), trust.crls, now)
        if trust.revocation is not Revocation.NONE and not trust.crls:
            warn_of_no_crls()
        return trust

    return in_thread(read).addCallback(warn)
