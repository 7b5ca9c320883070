"""A throw-away certificate authority, so that a first secure link takes one command.

It makes what a node, its peers and their tests need to know each other: the
certificate of an authority, and certificates that the authority signed.  It is
no public key infrastructure: nothing is revoked, nothing is renewed, no record
is kept of what was issued.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv6Address, ip_address
from pathlib import Path

import idna
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from txdicomtls.errors import CredentialError

#: The clocks of peers are not ours: a certificate is valid from a little before it is made.
BACKDATED = timedelta(hours=1)

#: A hundred years; a certificate cannot say a year past 9999.
LONGEST_VALIDITY_DAYS = 36500

#: Longest password that OpenSSL reads back from a PEM file.
LONGEST_PASSWORD = 1023

_CERTIFICATE_MODE = 0o644
_PRIVATE_KEY_MODE = 0o600

# Underscores are no part of a host name (RFC 1123 2.1), but are in use, and
# service-identity takes them.
_DNS_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.ASCII)

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class KeyType(StrEnum):
    """What kind of key to make."""

    ECDSA = "ecdsa"  #: on the curve P-256
    RSA = "rsa"  #: of 3072 bits


@dataclass(frozen=True, slots=True, kw_only=True)
class CertifiedKey:
    """A certificate and the private key that belongs to it."""

    certificate: x509.Certificate
    private_key: PrivateKey = field(repr=False)

    def certificate_pem(self) -> bytes:
        """Give the certificate as PEM."""
        return self.certificate.public_bytes(Encoding.PEM)

    def private_key_pem(self, password: bytes | None = None) -> bytes:
        """Give the private key as PEM, in PKCS #8.

        :param password: encrypts the key, 1 to 1023 bytes; None leaves it in the clear.
        :raises ValueError: the password is empty or too long.
        """
        encryption: KeySerializationEncryption = NoEncryption()
        if password is not None:
            if not 0 < len(password) <= LONGEST_PASSWORD:
                raise ValueError(f"a password has 1 to {LONGEST_PASSWORD} bytes")
            encryption = BestAvailableEncryption(password)
        return self.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """Issues certificates; make one with :func:`create_authority`.

    :param key: its own certificate and private key.
    :param key_type: the kind of key that it makes for others.
    """

    key: CertifiedKey
    key_type: KeyType = KeyType.ECDSA

    def issue_node(self, hosts: Sequence[str], *, now: datetime, days: int) -> CertifiedKey:
        """Issue the certificate of a node, which answers as a TLS server and calls as a client.

        A node does both under one identity: PS3.15 B.12 means by "server" whoever
        accepts the connection, and for C-MOVE or Storage Commitment the node calls.

        :param hosts: DNS names and IP addresses that peers connect to, at least one.
        :param now: the time, aware of its zone.
        :param days: validity in days; it never outlasts the authority.
        :raises ValueError: no host, a host that is none, or a validity out of range.
        """
        if not hosts:
            raise ValueError("the certificate of a node needs at least one host")
        purposes = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
        return self._issue("node", hosts, purposes, now=now, days=days)

    def issue_client(self, name: str, *, now: datetime, days: int) -> CertifiedKey:
        """Issue a certificate that can only call, never answer.

        :param name: DNS name of the client, or a word in its place, as "workstation".
        :param now: the time, aware of its zone.
        :param days: validity in days; it never outlasts the authority.
        :raises ValueError: the name is no host, or the validity is out of range.
        """
        return self._issue(name, [name], (ExtendedKeyUsageOID.CLIENT_AUTH,), now=now, days=days)

    def _issue(
        self,
        common_name: str,
        hosts: Sequence[str],
        purposes: Sequence[x509.ObjectIdentifier],
        *,
        now: datetime,
        days: int,
    ) -> CertifiedKey:
        key = _generate_key(self.key_type)
        builder = (
            _certificate(common_name, key, now=now, days=days, last=self.key.certificate)
            .issuer_name(self.key.certificate.subject)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(
                # The retired profiles of PS3.15 may exchange keys by RSA encryption.
                _key_usage(digital_signature=True, key_encipherment=self.key_type is KeyType.RSA),
                critical=True,
            )
            .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
            .add_extension(
                x509.SubjectAlternativeName(dict.fromkeys(map(general_name, hosts))),
                critical=False,
            )
        )
        return _signed(builder, key, self.key.private_key)


def create_authority(
    *, now: datetime, days: int, key_type: KeyType = KeyType.ECDSA, name: str = "txdicomtls test CA"
) -> Authority:
    """Make an authority with a key and a self-signed certificate of its own.

    :param now: the time, aware of its zone.
    :param days: validity in days, 1 to 36500.
    :param key_type: the kind of its key, and of the keys that it makes.
    :param name: common name, up to 55 characters; a part that differs each time is added, because
        two authorities of the same name are a trap for whoever searches a trust store.
    :raises ValueError: the validity is out of range or the name too long.
    """
    key = _generate_key(key_type)
    unique = x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest.hex()[:8]
    common_name = f"{name} {unique}"
    builder = (
        _certificate(common_name, key, now=now, days=days)
        .issuer_name(_name(common_name))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(key_cert_sign=True, crl_sign=True), critical=True)
    )
    return Authority(key=_signed(builder, key, key), key_type=key_type)


def general_name(host: str) -> x509.GeneralName:
    """Turn what a person types into a name of a certificate.

    :param host: a DNS name, also one of other letters than ASCII, or an IP address.
    :raises ValueError: it is neither; the text says why.
    """
    try:
        address = ip_address(host)
    except ValueError:
        return x509.DNSName(_dns_name(host))
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        raise ValueError(f"{host!r} has a zone, which a certificate cannot hold")
    return x509.IPAddress(address)


def write(
    directory: Path,
    keys: Mapping[str, CertifiedKey],
    *,
    password: bytes | None = None,
    replace: bool = False,
) -> tuple[Path, ...]:
    """Write certificates and keys to files: all of them, or none.

    Certificates become ``NAME.crt`` (mode 0644), private keys ``NAME.key``
    (mode 0600).  Everything is written beside its place first and then put
    there, so that no file is ever seen half written or with a wider mode.

    :param directory: made if it is not there.
    :param keys: what to write, by the name of the files.
    :param password: encrypts every private key.
    :param replace: whether files of these names may be replaced.
    :return: the files, in order.
    :raises txdicomtls.errors.CredentialError: a file is there already and may not be
        replaced, or cannot be written; then no file of this call is left.
    :raises ValueError: the password is empty or too long.
    """
    contents: dict[Path, tuple[bytes, int]] = {}
    for name, key in keys.items():
        contents[directory / f"{name}.crt"] = (key.certificate_pem(), _CERTIFICATE_MODE)
        contents[directory / f"{name}.key"] = (key.private_key_pem(password), _PRIVATE_KEY_MODE)
    in_the_way = Path.is_dir if replace else os.path.lexists
    present = [path.name for path in contents if in_the_way(path)]
    if present:
        raise CredentialError(
            directory,
            f"has {', '.join(present)} already: take another directory, or force a replacement",
        )
    staged: dict[Path, Path] = {}
    placed: list[Path] = []
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for path, (content, mode) in contents.items():
            staged[path] = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
            _create(staged[path], content, mode)
        for path, temporary in staged.items():
            if replace:
                temporary.replace(path)
            else:
                path.hardlink_to(temporary)  # unlike a rename, fails where a file is
                placed.append(path)
    except OSError as error:
        for path in placed:
            path.unlink()
        raise CredentialError(directory, f"cannot be written to: {error.strerror}") from error
    finally:
        for temporary in staged.values():
            with suppress(OSError):  # it was moved into place, or never made
                temporary.unlink()
    return tuple(contents)


def _create(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE_KEY_MODE)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)  # whatever the umask took away
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def _generate_key(key_type: KeyType) -> PrivateKey:
    if key_type is KeyType.RSA:
        return rsa.generate_private_key(public_exponent=65537, key_size=3072)
    return ec.generate_private_key(ec.SECP256R1())


def _certificate(
    common_name: str,
    key: PrivateKey,
    *,
    now: datetime,
    days: int,
    last: x509.Certificate | None = None,
) -> x509.CertificateBuilder:
    if not 1 <= days <= LONGEST_VALIDITY_DAYS:
        raise ValueError(f"a certificate is valid for 1 to {LONGEST_VALIDITY_DAYS} days")
    end = now + timedelta(days=days)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(common_name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(min(end, last.not_valid_after_utc) if last else end)
    )


def _signed(builder: x509.CertificateBuilder, key: PrivateKey, signer: PrivateKey) -> CertifiedKey:
    subject = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    certificate = (
        builder.add_extension(subject, critical=False)
        .add_extension(issuer, critical=False)
        .sign(signer, hashes.SHA256())
    )
    return CertifiedKey(certificate=certificate, private_key=key)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _key_usage(
    *,
    digital_signature: bool = False,
    key_encipherment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=key_encipherment,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _dns_name(host: str) -> str:
    name = host.removesuffix(".").lower()
    if not name.isascii():
        name = idna.encode(name, uts46=True).decode("ascii")
    labels = name.split(".")
    if len(name) > 253 or not all(_DNS_LABEL.fullmatch(label) for label in labels):
        raise ValueError(f"{host!r} is neither a DNS name nor an IP address")
    if labels[-1].isdigit():  # no top-level domain is a number (RFC 3696 2)
        raise ValueError(f"{host!r} looks like an IP address, but is none")
    return name
