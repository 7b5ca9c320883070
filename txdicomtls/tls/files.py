"""Files of certificates and keys: read whole, and told apart by what is in them.

The name of a file says nothing here: a ``.crt`` may be PEM (RFC 7468) or DER, a
``.pem`` may hold anything.  So the content decides.  PEM has labels.  DER is one
SEQUENCE, and what its first two elements are tells the structures that matter
apart::

    SEQUENCE, SEQUENCE      Certificate                 RFC 5280 4.1
    INTEGER 3, SEQUENCE     PFX, which is PKCS #12      RFC 7292 4
    INTEGER, SEQUENCE       PrivateKeyInfo (PKCS #8)    RFC 5958 2
    INTEGER, INTEGER        RSAPrivateKey (PKCS #1)     RFC 8017 A.1.2
    INTEGER, OCTET STRING   ECPrivateKey (SEC 1)        RFC 5915 3
    SEQUENCE, OCTET STRING  EncryptedPrivateKeyInfo     RFC 5958 3

That is all the ASN.1 that is read here; the rest is the library's.
"""

from __future__ import annotations

import codecs
import os
import stat
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from cryptography import x509

from txdicomtls.errors import CredentialError

#: Bytes; the certificates of all the authorities in the world take a fifth of it.
LARGEST_FILE = 1024 * 1024

_INTEGER, _OCTET_STRING, _SEQUENCE = 0x02, 0x04, 0x30

#: Anybody at all on this machine may read or change the file.
_OTHERS_MAY = stat.S_IROTH | stat.S_IWOTH


class FileKind(Enum):
    """What a file holds; all but the first in DER."""

    PEM = "pem"
    CERTIFICATE = "certificate"
    PRIVATE_KEY = "private key"
    ENCRYPTED_PRIVATE_KEY = "encrypted private key"
    PKCS12 = "PKCS #12"
    UNKNOWN = "unknown"


_DER_KINDS = {
    (_SEQUENCE, _SEQUENCE): FileKind.CERTIFICATE,
    (_INTEGER, _SEQUENCE): FileKind.PRIVATE_KEY,
    (_INTEGER, _INTEGER): FileKind.PRIVATE_KEY,
    (_INTEGER, _OCTET_STRING): FileKind.PRIVATE_KEY,
    (_SEQUENCE, _OCTET_STRING): FileKind.ENCRYPTED_PRIVATE_KEY,
}


@dataclass(frozen=True, slots=True)
class FileContent:
    """A file that was read.

    :param path: where.
    :param content: all of it, PEM as ASCII without a byte order mark; never shown.
    :param mode: its permissions when it was read.
    :param kind: what it holds.
    """

    path: Path
    content: bytes = field(repr=False)
    mode: int
    kind: FileKind

    def require_private(self) -> None:
        """Refuse a file with a private key that everybody may read.

        Its group may: that is how a key is shared with a daemon.

        :raises CredentialError: others may read it, or put another in its place.
        """
        if self.mode & _OTHERS_MAY:
            may = "read" if self.mode & stat.S_IROTH else "change"
            raise CredentialError(
                self.path,
                f"everybody on this machine may {may} this private key: chmod 600 {self.path}",
            )


def read_file(path: Path, *, largest: int = LARGEST_FILE) -> FileContent:
    """Read a file and see what it holds; blocks.

    :param largest: the most bytes that it may have.
    :raises CredentialError: it cannot be read, is empty, too large or cut short.
    """
    content, mode = _read(path, largest)
    content = _without_mark(content)
    if not content.strip():
        raise CredentialError(path, "this file is empty")
    if b"-----BEGIN " in content:
        return FileContent(path, content, mode, FileKind.PEM)
    return FileContent(path, content, mode, _kind_of_der(path, content))


def read_certificates(path: Path) -> tuple[x509.Certificate, ...]:
    """Read all the certificates in a file, in order, at least one; blocks.

    :param path: PEM with any number of them and anything besides, or DER with one.
    :raises CredentialError: it cannot be read or holds no certificate.
    """
    return certificates_in(read_file(path))


def certificates_in(file: FileContent) -> tuple[x509.Certificate, ...]:
    """All the certificates in a file that was read, in order, at least one.

    :raises CredentialError: it holds none, or one that is damaged.
    """
    labels = (b"-----BEGIN CERTIFICATE-----", b"-----BEGIN X509 CERTIFICATE-----")
    try:
        if file.kind is FileKind.CERTIFICATE:
            return (x509.load_der_x509_certificate(file.content),)
        if file.kind is FileKind.PEM and any(label in file.content for label in labels):
            return tuple(x509.load_pem_x509_certificates(file.content))
    except ValueError as error:
        raise CredentialError(
            file.path, f"a certificate in this file is damaged: {error}"
        ) from None
    raise CredentialError(file.path, _no_certificate(file))


def _no_certificate(file: FileContent) -> str:
    """Say what a file is that has no certificate."""
    if file.kind is FileKind.UNKNOWN:
        return "this is not a PEM file, and no certificate in DER either"
    if file.kind is FileKind.PKCS12:
        return "this is a PKCS #12 file, which has its own key: name no other beside it"
    if file.kind is not FileKind.PEM or b"PRIVATE KEY-----" in file.content:
        return "this is a private key where a certificate is wanted: are the two exchanged?"
    return "there is no certificate in this file"


def is_whole_der(content: bytes) -> bool:
    """Whether this is one element of DER, with all of its bytes and none after them."""
    element = _element(content, 0)
    return element is not None and element.end == len(content)


def _read(path: Path, largest: int) -> tuple[bytes, int]:
    try:
        # Opening a pipe that nobody writes to would wait for ever without O_NONBLOCK.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise CredentialError(path, "this cannot be read: it is no regular file")
            content = file.read(largest + 1)
    except FileNotFoundError:
        raise CredentialError(path, "there is no such file") from None
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise CredentialError(path, f"this file cannot be read: {reason}") from None
    if len(content) > largest:
        raise CredentialError(
            path, f"this file has more than {largest} bytes: is it what it should be?"
        )
    return content, status.st_mode


def _without_mark(content: bytes) -> bytes:
    """Take the byte order mark away that some editors write, and the encoding that it names."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace").encode("ascii", "replace")
    return content.removeprefix(codecs.BOM_UTF8)


@dataclass(frozen=True, slots=True)
class _Element:
    """An element of DER: its tag, and where its value begins and ends."""

    tag: int
    begin: int
    end: int


def _element(content: bytes, at: int) -> _Element | None:
    """Look at the element that begins at a place; it may end behind the content."""
    if at + 2 > len(content):
        return None
    tag, length, begin = content[at], content[at + 1], at + 2
    if length == 0x80:  # BER's indefinite length, in PKCS #12 files of old programs
        return _Element(tag, begin, len(content))
    if length > 0x80:
        size = length - 0x80
        length = int.from_bytes(content[begin : begin + size], "big")
        begin += size
    return _Element(tag, begin, begin + length)


def _kind_of_der(path: Path, content: bytes) -> FileKind:
    whole = _element(content, 0)
    if whole is None or whole.tag != _SEQUENCE:
        return FileKind.UNKNOWN
    # A length of several bytes is nothing that a text would begin with.
    if whole.end > len(content) and content[1] > 0x80:
        raise CredentialError(path, "this file is damaged: its end is missing")
    first = _element(content, whole.begin)
    second = _element(content, first.end) if first else None
    if first is None or second is None:
        return FileKind.UNKNOWN
    kind = _DER_KINDS.get((first.tag, second.tag), FileKind.UNKNOWN)
    if kind is FileKind.PRIVATE_KEY and second.tag == _SEQUENCE:
        version = int.from_bytes(content[first.begin : first.end], "big")
        kind = FileKind.PKCS12 if version == 3 else kind
    return kind
