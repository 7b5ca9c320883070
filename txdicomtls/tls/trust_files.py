"""The files that trust is made of: certificates and revocation lists, and folders of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import crypto
from twisted.logger import Logger

from txdicomtls.errors import CredentialError
from txdicomtls.tls.files import certificates_in, read_file
from txdicomtls.tls.names import shown_name, subject_of

_Found = TypeVar("_Found", x509.Certificate, x509.CertificateRevocationList)

_log = Logger()


def read_each(
    paths: Sequence[Path], read: Callable[[Path], tuple[_Found, ...]]
) -> tuple[_Found, ...]:
    """Read all that is in files and folders, each thing once; blocks.

    :param paths: files, and folders whose files are all read, but not those of folders in them.
    :param read: reads one file.
    :raises CredentialError: as ``read``; or a folder cannot be read, or has nothing in it.
    """
    found = [one for path in paths for file in _files(path) for one in read(file)]
    # By their bytes, because revocation lists cannot be hashed.
    return tuple({one.public_bytes(Encoding.DER): one for one in found}.values())


def read_trusted(path: Path) -> tuple[x509.Certificate, ...]:
    """Read the certificates in a file that is to hold nothing else; blocks.

    :raises CredentialError: it cannot be read or holds no certificate.
    """
    file = read_file(path)
    if b"-----BEGIN X509 CRL-----" in file.content:
        raise CredentialError(
            path, "this is a revocation list (CRL) where a certificate is wanted: name it as one"
        )
    found = certificates_in(file)
    for certificate in found:
        try:
            crypto.X509.from_cryptography(certificate)
            subject_of(certificate)
        except (ValueError, crypto.Error):
            raise CredentialError(
                path, "a certificate in this file cannot be read: take it out, or have it replaced"
            ) from None
    return found


def _files(path: Path) -> Iterator[Path]:
    """A file itself, or the files in a folder by name, but for hidden ones and its README."""
    try:
        if not path.is_dir():
            yield path
            return
        inside = sorted(path.iterdir())
    except OSError as error:
        raise CredentialError(path, f"this folder cannot be read: {error.strerror}") from None
    files = [one for one in inside if not one.name.startswith(".") and one.stem != "README"]
    if not files:
        raise CredentialError(path, "there is nothing in this folder")
    yield from files


def warn_of_unusable(
    certificates: Iterable[x509.Certificate],
    crls: Iterable[x509.CertificateRevocationList],
    now: datetime,
) -> None:
    """Say in the log which of them are of no use at a time."""
    for certificate in certificates:
        problem = _problem(certificate, now)
        if problem:
            _log.warn(
                "the trusted certificate {name} {problem}: replace it, or take it from the list",
                name=_name(certificate.subject),
                problem=problem,
            )
    for crl in crls:
        if crl.next_update_utc is not None and crl.next_update_utc < now:
            _log.warn(
                "the revocation list (CRL) of {name} expired on {end:%Y-%m-%d %H:%M} UTC: "
                "fetch the new one",
                name=_name(crl.issuer),
                end=crl.next_update_utc,
            )


def warn_of_no_crls() -> None:
    """Say in the log that whoever is not listed will be refused."""
    _log.warn(
        "revocation is to be checked, and there is no revocation list (CRL): "
        "peers will be refused; add the lists of the CAs that are trusted"
    )


def _problem(certificate: x509.Certificate, now: datetime) -> str:
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if end < now:
        return f"expired on {end:%Y-%m-%d %H:%M} UTC"
    if begin > now:
        return f"is not valid before {begin:%Y-%m-%d %H:%M} UTC"
    try:
        certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return "has a public key that cannot be used"
    return ""


def _name(name: x509.Name) -> str:
    try:
        return shown_name(name)
    except ValueError:
        return "without a readable name"
