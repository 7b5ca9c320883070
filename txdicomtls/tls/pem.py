"""Reading PEM files (RFC 7468), with errors that say how to mend the file."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509

from txdicomtls.errors import CredentialError


def read_file(path: Path) -> bytes:
    """Read a file; blocks.

    :raises CredentialError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise CredentialError(path, "there is no such file") from None
    except OSError as error:
        raise CredentialError(path, f"this file cannot be read: {error.strerror}") from None


def read_certificates(path: Path) -> tuple[x509.Certificate, ...]:
    """Read all the certificates in a PEM file, in order, at least one; blocks.

    :raises CredentialError: it cannot be read or holds no certificate.
    """
    content = read_file(path)
    if b"-----BEGIN" not in content:
        raise CredentialError(path, _not_pem("x509"))
    if b"-----BEGIN CERTIFICATE-----" not in content:
        if b"PRIVATE KEY-----" in content:
            raise CredentialError(
                path, "this is a private key where a certificate is wanted: are the two exchanged?"
            )
        raise CredentialError(path, "there is no certificate in this file")
    try:
        return tuple(x509.load_pem_x509_certificates(content))
    except ValueError as error:
        raise CredentialError(path, f"a certificate in this file is damaged: {error}") from None


def read_private_key(path: Path) -> bytes:
    """Read a PEM file that holds a private key, still as PEM; blocks.

    :raises CredentialError: it cannot be read or holds no private key.
    """
    content = read_file(path)
    if b"-----BEGIN" not in content:
        raise CredentialError(path, _not_pem("pkey"))
    if b"PRIVATE KEY-----" not in content:
        if b"-----BEGIN CERTIFICATE-----" in content:
            raise CredentialError(
                path, "this is a certificate where a private key is wanted: are the two exchanged?"
            )
        raise CredentialError(path, "there is no private key in this file")
    return content


def _not_pem(command: str) -> str:
    return (
        "this is not a PEM file; if it is DER, convert it: "
        f"openssl {command} -inform DER -in FILE -out FILE.pem"
    )
