"""Certificates that many tests share: RSA keys take a while to make."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from tests.running import Certificates, make_certificates
from txdicomtls.tls.authority import KeyType


def shared_certificates(key_type: KeyType = KeyType.ECDSA) -> Certificates:
    """A CA, a node and a client with keys of one kind; made once, not to be changed."""
    return _made(key_type)


@cache
def _made(key_type: KeyType) -> Certificates:
    directory = Path(tempfile.mkdtemp(prefix="pki-", dir=".")).absolute()
    return make_certificates(directory, key_type=key_type)
