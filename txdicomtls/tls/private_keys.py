"""Private keys in files: found, and opened with their password.

The forms are those of OpenSSL's tools and of others: PKCS #8, PKCS #1 and SEC 1
in PEM or DER, encrypted or not, and PKCS #12, which brings the certificates along.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    load_der_private_key,
    load_pem_private_key,
    pkcs12,
)

from txdicomtls.errors import CredentialError, WrongPassword
from txdicomtls.tls.files import FileContent, FileKind, is_whole_der

PrivateKey = (
    rsa.RSAPrivateKey
    | ec.EllipticCurvePrivateKey
    | ed25519.Ed25519PrivateKey
    | ed448.Ed448PrivateKey
)

_PEM_KEY = re.compile(rb"-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----\s(.*?)-----END \1-----", re.DOTALL)

#: RFC 1421 4.6.1: a line of the header, which only the traditional form still has.
_PEM_HEADER = re.compile(rb"^[A-Za-z-]+:.*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A private key as it lies in its file.

    :param path: the file.
    :param content: one key in PEM, or DER; never shown.
    :param kind: which of these.
    :param encrypted: it takes a password.
    """

    path: Path
    content: bytes = field(repr=False)
    kind: FileKind
    encrypted: bool

    @property
    def digest(self) -> bytes:
        """What tells this key from any other without telling what it is."""
        return hashlib.sha256(self.content).digest()


@dataclass(frozen=True, slots=True)
class OpenedKey:
    """A private key that can be used.

    :param private_key: never shown.
    :param certificates: those of a PKCS #12 file; the key's own first, if it is marked.
    """

    private_key: PrivateKey = field(repr=False)
    certificates: tuple[x509.Certificate, ...] = ()


def key_in(file: FileContent) -> KeyFile:
    """Find the private key in a file that was read; blocks as long as a key derivation does.

    :raises CredentialError: it holds none or several, or one that everybody may read.
    """
    if file.kind is FileKind.PEM:
        content, encrypted = _key_in_pem(file)
        found = KeyFile(file.path, content, file.kind, encrypted)
    elif file.kind is FileKind.PKCS12:
        found = KeyFile(file.path, file.content, file.kind, not _opens_without(file))
    elif file.kind in (FileKind.PRIVATE_KEY, FileKind.ENCRYPTED_PRIVATE_KEY):
        encrypted = file.kind is FileKind.ENCRYPTED_PRIVATE_KEY
        found = KeyFile(file.path, file.content, file.kind, encrypted)
    elif file.kind is FileKind.CERTIFICATE:
        raise CredentialError(file.path, _EXCHANGED)
    else:
        raise CredentialError(
            file.path, "this is not a PEM file, and no private key in DER or PKCS #12 either"
        )
    file.require_private()
    return found


def may_hold_key(file: FileContent) -> bool:
    """Whether a file that was read looks as if it had a private key, or is nothing we know."""
    if file.kind is FileKind.PEM:
        return b"PRIVATE KEY-----" in file.content
    return file.kind is not FileKind.CERTIFICATE


def open_key(file: KeyFile, password: bytes | None = None) -> OpenedKey:
    """Decode a private key; blocks for as long as its key derivation takes.

    :param password: for one that is encrypted.
    :raises WrongPassword: it does not open the key.
    :raises CredentialError: the key is damaged, or of a kind that cannot be used.
    """
    key: PrivateKeyTypes | None
    certificates: tuple[x509.Certificate, ...] = ()
    try:
        if file.kind is FileKind.PKCS12:
            key, certificates = _unpack(file.content, password)
        elif file.kind is FileKind.PEM:
            key = load_pem_private_key(file.content, password)
        else:
            key = load_der_private_key(file.content, password)
    except UnsupportedAlgorithm as error:
        raise CredentialError(
            file.path, f"this kind of private key is not supported: {error}"
        ) from None
    except (ValueError, TypeError) as error:
        if password is None:
            raise CredentialError(file.path, f"this private key is damaged: {error}") from None
        if "nknown" in str(error):
            raise CredentialError(
                file.path,
                f"the encryption of this private key is not supported ({error}): "
                "encrypt it anew with openssl pkcs8 -topk8 -v2 aes256",
            ) from None
        # A wrong password and damage inside what is encrypted look the same.
        raise WrongPassword(file.path) from None
    if key is None:
        raise CredentialError(file.path, "there is no private key in this PKCS #12 file")
    if not isinstance(key, PrivateKey):
        raise CredentialError(file.path, "only RSA, EC and EdDSA keys can be used")
    return OpenedKey(key, certificates)


def _key_in_pem(file: FileContent) -> tuple[bytes, bool]:
    found = list(_PEM_KEY.finditer(file.content))
    if not found:
        raise CredentialError(file.path, _no_key_in_pem(file.content))
    if len(found) > 1:
        raise CredentialError(
            file.path, f"there are {len(found)} private keys in this file: leave the one to be used"
        )
    label, body = found[0].groups()
    if label == b"OPENSSH PRIVATE KEY":
        raise CredentialError(
            file.path,
            "this is a key of OpenSSH: convert a copy with ssh-keygen -p -m PKCS8 -f COPY",
        )
    encrypted = label == b"ENCRYPTED PRIVATE KEY" or b"Proc-Type: 4,ENCRYPTED" in body
    try:
        inside = base64.b64decode(b"".join(_PEM_HEADER.sub(b"", body).split()), validate=True)
    except binascii.Error as error:
        raise CredentialError(file.path, f"this private key is damaged: {error}") from None
    if label == b"ENCRYPTED PRIVATE KEY" and not is_whole_der(inside):
        raise CredentialError(file.path, "this private key is damaged: some of it is missing")
    return found[0].group(), encrypted


_EXCHANGED = "this is a certificate where a private key is wanted: are the two exchanged?"


def _no_key_in_pem(content: bytes) -> str:
    if b"PRIVATE KEY-----" in content:
        return "this private key is damaged: its last line is not the end of what its first begins"
    if b"CERTIFICATE-----" in content:
        return _EXCHANGED
    return "there is no private key in this file"


def _opens_without(file: FileContent) -> bool:
    """Whether a PKCS #12 file is not encrypted, or with the empty password that stands for that."""
    try:
        _unpack(file.content, None)
    except (ValueError, UnsupportedAlgorithm):
        return False
    return True


def _unpack(
    content: bytes, password: bytes | None
) -> tuple[PrivateKeyTypes | None, tuple[x509.Certificate, ...]]:
    unpacked = pkcs12.load_pkcs12(content, password)
    marked = (unpacked.cert,) if unpacked.cert else ()
    packed = (*marked, *unpacked.additional_certs)
    return unpacked.key, tuple(each.certificate for each in packed)
