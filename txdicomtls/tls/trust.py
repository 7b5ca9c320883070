"""Whom this node trusts to vouch for its peers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from twisted.internet.defer import Deferred

from txdicomtls.threads import InThread
from txdicomtls.tls.pem import read_certificates


@dataclass(frozen=True, slots=True)
class Trust:
    """The certificates that end a chain: those of CAs, or of single peers.

    :param certificates: a chain is good as soon as it reaches one of them, root or not.
    """

    certificates: tuple[x509.Certificate, ...]


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
