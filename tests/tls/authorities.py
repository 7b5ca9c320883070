"""Certificates that no decent authority issues, revocation lists, and OCSP responses."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from OpenSSL import SSL

from tests.tls.certificates import (
    BOTH_PURPOSES,
    CA,
    DAY,
    NOW,
    Issued,
    general_name,
    name,
    private_key,
    signature_hash,
)
from txdicomtls.tls.credentials import PrivateKey

BOTH = (x509.ExtendedKeyUsage(BOTH_PURPOSES), False)
IS_CA = (x509.BasicConstraints(ca=True, path_length=None), True)
UNKNOWN_EXTENSION = x509.UnrecognizedExtension(
    x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\5\0"
)

_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)

Extension = tuple[x509.ExtensionType, bool]

# What AlgorithmIdentifiers of signatures with RSA are (RFC 8017 A.2.4).
_RSA_WITH = {
    "md5": (bytes.fromhex("300d06092a864886f70d0101040500"), hashes.MD5()),  # noqa: S303
    "sha1": (bytes.fromhex("300d06092a864886f70d0101050500"), hashes.SHA1()),  # noqa: S303
    "sha256": (bytes.fromhex("300d06092a864886f70d01010b0500"), hashes.SHA256()),
}


def craft(
    issuer: Issued | None,
    *extensions: Extension,
    subject: str | x509.Name = "odd",
    names: Sequence[str] = (),
    key: PrivateKey | None = None,
    public_key: dsa.DSAPublicKey | None = None,
    begin: datetime = NOW - DAY,
    end: datetime = NOW + DAY,
) -> Issued:
    """A certificate with these extensions and no others.

    :param issuer: None for one that is self-signed.
    :param extensions: each with whether it is critical.
    :param public_key: another one than that of the key, which cannot be used then.
    """
    key = key or private_key("p256", 2)
    subject = name(subject) if isinstance(subject, str) else subject
    signer = key if issuer is None else issuer.key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.certificate.subject)
        .public_key(public_key or key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
    )
    for extension, is_critical in extensions:
        builder = builder.add_extension(extension, critical=is_critical)
    if names:
        alternatives = x509.SubjectAlternativeName([general_name(text) for text in names])
        builder = builder.add_extension(alternatives, critical=False)
    chain: tuple[x509.Certificate, ...] = ()
    if issuer is not None and issuer.certificate.subject != issuer.certificate.issuer:
        chain = (issuer.certificate, *issuer.chain)
    return Issued(builder.sign(signer, signature_hash(signer)), key, chain)


def key_usage(*usages: str) -> Extension:
    return x509.KeyUsage(**{usage: usage in usages for usage in _USAGES}), True


def intermediate(issuer: Issued = CA, subject: str = "Intermediate", *extra: Extension) -> Issued:
    return craft(issuer, IS_CA, *extra, subject=subject, key=private_key("p256", 3))


def crl(
    issuer: Issued,
    *revoked: x509.Certificate,
    begin: datetime = NOW - DAY,
    end: datetime = NOW + DAY,
    key: PrivateKey | None = None,
    extensions: Sequence[Extension] = (),
) -> x509.CertificateRevocationList:
    """A revocation list.

    :param key: with which it is signed instead of that of the issuer.
    """
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(begin)
        .next_update(end)
    )
    for certificate in revoked:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(certificate.serial_number)
            .revocation_date(begin)
            .build()
        )
    for extension, is_critical in extensions:
        builder = builder.add_extension(extension, critical=is_critical)
    signer = key or issuer.key
    return builder.sign(signer, signature_hash(signer))


def ocsp_response(
    certificate: x509.Certificate,
    issuer: Issued = CA,
    status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
    *,
    responder: Issued | None = None,
    begin: datetime = NOW - DAY,
    end: datetime | None = NOW + DAY,
) -> bytes:
    """What a responder says of a certificate.

    :param responder: signs instead of the issuer, and comes along.
    """
    signer = responder or issuer
    is_revoked = status is ocsp.OCSPCertStatus.REVOKED
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=certificate,
            issuer=issuer.certificate,
            algorithm=hashes.SHA1(),  # noqa: S303  # as responders do: it is a name, no signature
            cert_status=status,
            this_update=begin,
            next_update=end,
            revocation_time=begin if is_revoked else None,
            revocation_reason=None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
    )
    if responder is not None:
        builder = builder.certificates([responder.certificate])
    return builder.sign(signer.key, hashes.SHA256()).public_bytes(Encoding.DER)


# -- by hand ---------------------------------------------------------------------------------


def der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    if len(content) < 128:
        return bytes((tag, len(content))) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 + len(length))) + length + content


def elements(content: bytes) -> list[bytes]:
    """The elements of a constructed one, whole."""
    found, at = [], _header(content)
    while at < len(content):
        size = _header(content[at:]) + _length(content[at:])
        found.append(content[at : at + size])
        at += size
    return found


def _header(content: bytes) -> int:
    return 2 if content[1] < 0x80 else 2 + content[1] - 0x80


def _length(content: bytes) -> int:
    if content[1] < 0x80:
        return content[1]
    return int.from_bytes(content[2 : _header(content)], "big")


def forge(
    certificate: x509.Certificate,
    signer: rsa.RSAPrivateKey,
    *,
    hash_name: str = "sha256",
    is_version_1: bool = False,
    public_key: bytes = b"",
) -> x509.Certificate:
    """The same certificate with something changed, signed anew."""
    algorithm, used = _RSA_WITH[hash_name]
    parts = elements(elements(certificate.public_bytes(Encoding.DER))[0])
    parts[2] = algorithm
    if public_key:
        parts[6] = public_key
    if is_version_1:
        parts = parts[1:7]
    signed = der(0x30, *parts)
    signature = der(0x03, b"\0", signer.sign(signed, padding.PKCS1v15(), used))
    return x509.load_der_x509_certificate(der(0x30, signed, algorithm, signature))


def rsa_key_info(modulus: int, exponent: int) -> bytes:
    """A SubjectPublicKeyInfo with any numbers."""
    numbers = der(0x30, *(_integer(number) for number in (modulus, exponent)))
    algorithm = bytes.fromhex("300d06092a864886f70d0101010500")
    return der(0x30, algorithm, der(0x03, b"\0", numbers))


def _integer(number: int) -> bytes:
    return der(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


# -- a server of TLS 1.2 that shows what it likes --------------------------------------------


def show(client: SSL.Connection, certificates: Sequence[bytes]) -> int:
    """Let a client of TLS 1.2 see these certificates; they need not even be DER.

    :return: the alert that it answers with (RFC 8446 B.2); 0 for none.
    """
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_max_proto_version(SSL.TLS1_2_VERSION)
    context.use_certificate(CA.certificate)
    context.use_privatekey(CA.key)
    server = SSL.Connection(context, None)
    server.set_accept_state()
    client.set_connect_state()
    _turn(client)
    server.bio_write(client.bio_read(2**16))
    _turn(server)
    client.bio_write(_with_certificates(server.bio_read(2**16), certificates))
    _turn(client)
    try:
        answer = client.bio_read(2**16)
    except SSL.WantReadError:
        return 0
    return answer[6] if answer[0] == 0x15 else 0


def _turn(connection: SSL.Connection) -> None:
    with contextlib.suppress(SSL.Error):  # it is what the connection remembers that counts
        connection.do_handshake()


def _with_certificates(flight: bytes, certificates: Sequence[bytes]) -> bytes:
    """Put other certificates into the first flight of a server (RFC 5246 7.4.2)."""
    messages = b""
    while flight:
        size = int.from_bytes(flight[3:5], "big")
        messages += flight[5 : 5 + size]
        flight = flight[5 + size :]
    changed = b""
    while messages:
        size = 4 + int.from_bytes(messages[1:4], "big")
        message, messages = messages[:size], messages[size:]
        if message[0] == 11:
            listed = b"".join(_sized(one) for one in certificates)
            message = b"\x0b" + _sized(_sized(listed))
        changed += message
    records = [changed[at : at + 2**14] for at in range(0, len(changed), 2**14)]
    return b"".join(b"\x16\3\3" + len(one).to_bytes(2, "big") + one for one in records)


def _sized(content: bytes) -> bytes:
    return len(content).to_bytes(3, "big") + content
