"""Names in certificates: which there are, and whether a server is the one that was asked for."""

from __future__ import annotations

from functools import lru_cache

import idna
from cryptography import x509
from OpenSSL import SSL
from service_identity import CertificateError, VerificationError
from service_identity.cryptography import (
    verify_certificate_hostname,
    verify_certificate_ip_address,
)
from twisted.internet.abstract import isIPAddress, isIPv6Address

from txdicomtls.errors import PeerNameMismatch

#: The same peers come again and again: what was read from that many certificates is kept.
REMEMBERED = 256


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
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    dns = names.get_values_for_type(x509.DNSName)
    addresses = [str(address) for address in names.get_values_for_type(x509.IPAddress)]
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    return tuple(printable(name) for name in (*dns, *addresses, *uris))


@lru_cache(REMEMBERED)
def subject_of(certificate: x509.Certificate) -> str:
    """The subject as one line of text (RFC 4514)."""
    return printable(certificate.subject.rfc4514_string())


def is_ip_address(server_name: str) -> bool:
    """Whether this is an IP address, which server name indication must not carry (RFC 6066 3)."""
    return isIPAddress(server_name) or isIPv6Address(server_name)


def normalized_server_name(server_name: str) -> str:
    """The name as certificates and server name indication carry it.

    :param server_name: DNS name, in any script, or IP address.
    :return: an IP address as it is; a DNS name in A-labels, without the dot at its end.
    :raises ValueError: it is neither.
    """
    if is_ip_address(server_name):
        return server_name
    try:
        return idna.encode(server_name.rstrip("."), uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise ValueError(f"{server_name!r} is no DNS name and no IP address: {error}") from None


def verify_certificate_name(certificate: x509.Certificate, server_name: str) -> None:
    """Check that a certificate is for a server (RFC 9525).

    :param server_name: DNS name or IP address that we connected to.
    :raises PeerNameMismatch: it is not.
    :raises ValueError: ``server_name`` is neither a DNS name nor an IP address.
    """
    name = normalized_server_name(server_name)
    try:
        if is_ip_address(name):
            verify_certificate_ip_address(certificate, name)
        else:
            verify_certificate_hostname(certificate, name)
    except (VerificationError, CertificateError):
        raise PeerNameMismatch(server_name, presented_names(certificate)) from None


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
