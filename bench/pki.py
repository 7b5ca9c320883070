"""Certificates for one run: P-256, one authority for servers and client."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass(frozen=True, slots=True, kw_only=True)
class Pki:
    """Where the PEM files are."""

    authority: Path
    server_key: Path
    server_certificate: Path
    client_key: Path
    client_certificate: Path

    @classmethod
    def make(cls, directory: Path) -> Pki:
        """Issue the certificates.

        :param directory: where they go; it is made.
        """
        directory.mkdir(mode=0o700)
        pki = cls(
            authority=directory / "authority.crt",
            server_key=directory / "server.key",
            server_certificate=directory / "server.crt",
            client_key=directory / "client.key",
            client_certificate=directory / "client.crt",
        )
        authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
        pki.authority.write_bytes(authority.cert_pem.bytes())
        for key, certificate, names in (
            (pki.server_key, pki.server_certificate, ("localhost", "127.0.0.1")),
            (pki.client_key, pki.client_certificate, ("client.localhost",)),
        ):
            issued = authority.issue_cert(*names, key_type=trustme.KeyType.ECDSA)
            key.touch(mode=0o600)
            key.write_bytes(issued.private_key_pem.bytes())
            certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        return pki
