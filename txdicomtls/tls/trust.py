"""Whom this node trusts to vouch for its peers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from cryptography import x509
from twisted.internet.defer import Deferred

from txdicomtls.threads import InThread
from txdicomtls.tls.pem import read_certificates


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

    :param certificates: a chain is good as soon as it reaches one of them, root or not.
    :param pinned: peers whose own certificate is trusted directly, self-signed or not,
        whoever issued it (IHE ITI-19).
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
    depth: int = 3
    judge: CertificateJudge | None = None


def load_trust(paths: Sequence[Path], *, in_thread: InThread) -> Deferred[Trust]:
    """Read trusted certificates.

    :param paths: PEM files, each with one certificate or more; the certificates of all
        of them are trusted, each once.
    :param in_thread: runs what blocks.
    :return: fails with :class:`~txdicomtls.errors.CredentialError` where a file cannot be used.
    """

    def read() -> Trust:
        found = [certificate for path in paths for certificate in read_certificates(path)]
        return Trust(tuple(dict.fromkeys(found)))

    return in_thread(read)
