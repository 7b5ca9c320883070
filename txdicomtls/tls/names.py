"""Names in certificates: which there are, and whether a server is the one that was asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from ipaddress import ip_address

import idna
from cryptography import x509
from OpenSSL import SSL
from service_identity import CertificateError, VerificationError
from service_identity.hazmat import (
    DNS_ID,
    CertificatePattern,
    DNSPattern,
    IPAddress_ID,
    IPAddressPattern,
    verify_service_identity,
)
from twisted.internet.abstract import isIPAddress, isIPv6Address

from txdicomtls.errors import PeerNameMismatch

#: The same peers come again and again: what was read from that many certificates is kept.
REMEMBERED = 256

#: What a peer that is not believed calls itself is shown up to here: so many characters of a
#: name, so many of its names.
SHOWN_CHARACTERS = 256
SHOWN_NAMES = 16


# An IPv4 address that is not written as one, as 127.1 or 0x7f000001, ends in such a label.
_NUMBER = re.compile("[0-9]+|0x[0-9a-f]*")


def printable(text: str) -> str:
    """Escape what would break a log line: a name may be whatever its issuer let pass."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


@lru_cache(REMEMBERED)
def presented_names(certificate: x509.Certificate) -> tuple[str, ...]:
    """DNS names, IP addresses and URIs that a certificate is for, in this order.

    These are its subject alternative names (RFC 5280 4.2.1.6); the common name of the subject
    is not one of them (RFC 9525 2).
    """
    names = _alternative_names(certificate)
    return tuple(
        printable(str(name.value))
        for kind in (x509.DNSName, x509.IPAddress, x509.UniformResourceIdentifier)
        for name in names
        if isinstance(name, kind)
    )


def _alternative_names(certificate: x509.Certificate) -> tuple[x509.GeneralName, ...]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(names)


def _patterns(certificate: x509.Certificate) -> Iterator[CertificatePattern]:
    r"""What the names of a certificate match.

    :raises CertificateError: one of them is meant to be misread, as "good.example\0.evil".
    """
    for name in _alternative_names(certificate):
        if isinstance(name, x509.IPAddress):
            try:
                yield IPAddressPattern(ip_address(str(name.value)))
            except ValueError:
                continue  # a network, which is for name constraints only
        elif isinstance(name, x509.DNSName):
            if not name.value.isprintable():
                raise CertificateError("a DNS name has characters that cannot be in one")
            try:
                yield DNSPattern.from_bytes(name.value.encode("ascii"))
            except (CertificateError, UnicodeEncodeError):
                continue  # it matches nothing, as "*.example" and "f*o.ward.example"


@lru_cache(REMEMBERED)
def subject_of(certificate: x509.Certificate) -> str:
    """The subject as one line of text (RFC 4514)."""
    return printable(certificate.subject.rfc4514_string())


def shown_name(name: x509.Name) -> str:
    """A subject or issuer for a log line or an error: cut where it is too long, and not kept.

    :raises ValueError: it cannot be read.
    """
    return shortened(printable(name.rfc4514_string()))


def shortened(text: str) -> str:
    """Cut what a peer says where it is too long for a log line."""
    if len(text) > SHOWN_CHARACTERS:
        return f"{text[:SHOWN_CHARACTERS]}... ({len(text)} characters)"
    return text


def is_ip_address(server_name: str) -> bool:
    """Whether this is an IP address, which server name indication must not carry (RFC 6066 3)."""
    return isIPAddress(server_name) or isIPv6Address(server_name)


def normalized_server_name(server_name: str) -> str:
    """The name as certificates and server name indication carry it.

    :param server_name: DNS name, in any script, or IP address.
    :return: an IP address as it is; a DNS name in A-labels, in lower case, without the dot
        at its end.
    :raises ValueError: it is neither.
    """
    if is_ip_address(server_name):
        return server_name
    try:
        name = idna.encode(server_name.removesuffix("."), uts46=True).decode("ascii").lower()
    except idna.IDNAError as error:
        problem = str(error)
    else:
        last = name.rpartition(".")[2]
        if last and not _NUMBER.fullmatch(last):
            return name
        problem = "Last label is a number" if last else "Empty label"
    raise ValueError(f"{server_name!r} is no DNS name and no IP address: {problem}")


def verify_certificate_name(certificate: x509.Certificate, server_name: str) -> None:
    """Check that a certificate is for a server (RFC 9525).

    :param server_name: DNS name or IP address that we connected to.
    :raises PeerNameMismatch: it is not.
    :raises ValueError: ``server_name`` is neither a DNS name nor an IP address.
    """
    name = normalized_server_name(server_name)
    # A link-local IPv6 address may have a zone (RFC 4007 11), which is nothing of the peer's.
    wanted = IPAddress_ID(name.partition("%")[0]) if is_ip_address(name) else DNS_ID(name)
    try:
        verify_service_identity(list(_patterns(certificate)), [wanted], [])
    except (VerificationError, CertificateError):
        names = presented_names(certificate)
        if len(names) > SHOWN_NAMES:
            names = (*names[:SHOWN_NAMES], f"{len(names) - SHOWN_NAMES} more names")
        raise PeerNameMismatch(server_name, names) from None


def verify_server_name(connection: SSL.Connection, server_name: str) -> None:
    """Check that the peer of a finished handshake is the server that was asked for.

    Connections made by :meth:`txdicomtls.tls.Security.client_creator` have done
    this during the handshake already.

    :raises PeerNameMismatch: its certificate is for other names, or it has shown none.
    """
    certificate = connection.get_peer_certificate(as_cryptography=True)
    if certificate is None:
        raise PeerNameMismatch(server_name, ())
    verify_certificate_name(certificate, server_name)
