"""Clients that must not come in, by what is wrong with their certificates."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import reduce

from tests.daemon.tls_certificates import (
    AUTHORITY,
    DAY,
    IN_1950,
    IN_9999,
    LEAF,
    NOW,
    SEQUENCE,
    SERVER_AUTH,
    UTC_TIME,
    Issuer,
    alternative_names,
    basic_constraints,
    der,
    dsa_octets,
    extended_key_usage,
    extension,
    key_usage,
    name,
    private_key,
    public_octets,
    rsa_octets,
    utc_time,
)

A_WHILE = timedelta(hours=1)

#: From a CA that the node trusts and the public key of the client: a chain, its own one first.
Make = Callable[[Issuer, bytes], list[bytes]]

#: What a client must not be let in with, the alert for it, and what the log says.
Case = tuple[Make, str, str]


def with_another_end(octets: bytes) -> bytes:
    """Another last octet, whatever it was."""
    return octets[:-1] + bytes((octets[-1] ^ 1,))


DATES: dict[str, Case] = {
    "expired an hour ago": (
        lambda ca, key: ca.issue(key, end=utc_time(NOW - A_WHILE)),
        "certificate expired",
        f"expired on {NOW - A_WHILE:%Y-%m-%d %H:%M} UTC, and this machine's clock says",
    ),
    "of 1950": (
        lambda ca, key: ca.issue(key, begin=IN_1950, end=IN_1950),
        "certificate expired",
        "expired on 1950-01-01 00:00 UTC, and this machine's clock says",
    ),
    "valid in an hour": (
        lambda ca, key: ca.issue(key, begin=utc_time(NOW + A_WHILE)),
        "bad certificate",
        f"is not valid before {NOW + A_WHILE:%Y-%m-%d %H:%M} UTC, and this machine's clock says",
    ),
    "ended before it began": (
        lambda ca, key: ca.issue(key, begin=utc_time(NOW + DAY), end=utc_time(NOW - DAY)),
        "bad certificate",
        "is not valid before",
    ),
    "below a CA that has expired": (
        lambda ca, key: Issuer(
            subject=name(b"old"),
            key=private_key("p256", 1),
            chain=tuple(
                ca.issue(
                    public_octets(private_key("p256", 1)),
                    subject=name(b"old"),
                    begin=utc_time(NOW - 2 * DAY),
                    end=utc_time(NOW - DAY),
                    extensions=AUTHORITY,
                )
            ),
        ).issue(key),
        "certificate expired",
        "a CA certificate of the client (CN=old) expired on",
    ),
    "whose date is none": (
        lambda ca, key: ca.issue(key, end=der(UTC_TIME, b"99")),
        "decode error",
        "the handshake with the client failed: ",
    ),
}

_MAY_NOT = "may not be used for client authentication: see its (extended) key usage"
_NO_CA = "vouches for another certificate, but is not that of a CA"

PURPOSES: dict[str, Case] = {
    "for servers": (
        lambda ca, key: ca.issue(key, extensions=(extended_key_usage(SERVER_AUTH),)),
        "unsupported certificate",
        _MAY_NOT,
    ),
    "not for signatures": (
        lambda ca, key: ca.issue(key, extensions=(*LEAF, key_usage(0x20))),
        "unsupported certificate",
        _MAY_NOT,
    ),
    "of a CA": (
        lambda ca, key: ca.issue(key, extensions=AUTHORITY),
        "unsupported certificate",
        _MAY_NOT,
    ),
    "below one that is no CA": (
        lambda ca, key: ca.below(extensions=LEAF).issue(key),
        "unknown ca",
        _NO_CA,
    ),
    "below a CA that may sign no certificates": (
        lambda ca, key: ca.below(extensions=(basic_constraints(is_ca=True), key_usage(0x80))).issue(
            key
        ),
        "unknown ca",
        _NO_CA,
    ),
    "below a CA of version 1": (
        lambda ca, key: ca.below(extensions=(), version=1).issue(key),
        "unknown ca",
        _NO_CA,
    ),
    "deeper than the path length": (
        lambda ca, key: (
            ca.below(
                b"upper", extensions=(basic_constraints(is_ca=True, path_length=0), key_usage(6))
            )
            .below(b"lower")
            .issue(key)
        ),
        "unknown ca",
        "(CN=upper) vouches for a longer chain than its path length allows",
    ),
}

KEYS: dict[str, Case] = {
    "RSA of 1024 bits": (
        lambda ca, key: ca.issue(public_octets(private_key("rsa1024"))),
        "bad certificate",
        "(CN=impostor) has a key that is too short",
    ),
    "below RSA of 1024 bits": (
        lambda ca, key: ca.below(b"weak", "rsa1024").issue(key),
        "bad certificate",
        "(CN=weak) has a key that is too short",
    ),
    "RSA with the exponent 1": (
        lambda ca, key: ca.issue(rsa_octets(private_key("rsa2048"), 1)),
        "bad certificate",
        "e must be >= 3",
    ),
    "DSA": (
        lambda ca, key: ca.issue(dsa_octets()),
        "bad certificate",
        "its key is DSA, and only RSA, EC and EdDSA are taken",
    ),
    "P-192": (
        lambda ca, key: ca.issue(public_octets(private_key("p192"))),
        "bad certificate",
        "(CN=impostor) has a key that is too short",
    ),
    "P-224": (
        lambda ca, key: ca.issue(public_octets(private_key("p224"))),
        "bad certificate",
        "its key is EC secp224r1 with 224 bits, and 256 are needed",
    ),
    "below P-224": (
        lambda ca, key: ca.below(b"weak", "p224").issue(key),
        "bad certificate",
        "a CA certificate of the client (CN=weak)",
    ),
    "a point that is on no curve": (
        lambda ca, key: ca.issue(key[:-10] + bytes(10)),
        "bad certificate",
        "the certificate of the client",
    ),
    "signed with SHA-1": (
        lambda ca, key: ca.issue(key, digest="sha1"),
        "bad certificate",
        "(CN=impostor) has a signature whose hash is too weak",
    ),
    "below what was signed with SHA-1": (
        lambda ca, key: ca.below(b"weak", digest="sha1").issue(key),
        "bad certificate",
        "(CN=weak) has a signature whose hash is too weak",
    ),
    "signed with MD5": (
        lambda ca, key: ca.below(kind="rsa2048").issue(key, digest="md5"),
        "bad certificate",
        "(CN=impostor) has a signature whose hash is too weak",
    ),
}


def circle(ca: Issuer, key: bytes) -> list[bytes]:
    """Two who vouch for each other, and nobody for them."""
    one = Issuer(subject=name(b"one"), key=private_key("p256", 2))
    other = Issuer(subject=name(b"other"), key=private_key("p256", 3))
    back = other.issue(public_octets(one.key), subject=one.subject, extensions=AUTHORITY)
    forth = one.issue(public_octets(other.key), subject=other.subject, extensions=AUTHORITY)
    return [*one.issue(key), *back, *forth, *back, *forth]


def so_deep(ca: Issuer, depth: int) -> Issuer:
    return reduce(lambda issuer, number: issuer.below(b"%d" % number), range(depth), ca)


_TOO_LARGE = "a message of the handshake that is too large"

SIZES: dict[str, Case] = {
    "a chain of five": (
        lambda ca, key: so_deep(ca, 4).issue(key),
        "unknown ca",
        "has a chain of more than 3 intermediate certificates",
    ),
    "a chain of thirty": (
        lambda ca, key: so_deep(ca, 29).issue(key),
        "unknown ca",
        "has a chain of more than 3 intermediate certificates",
    ),
    "a circle": (circle, "unknown ca", "was not issued by a CA that this node trusts"),
    "one of 1 MB": (
        lambda ca, key: ca.issue(key, extensions=(*LEAF, extension("1.2.3", bytes(1 << 20)))),
        "illegal parameter",
        _TOO_LARGE,
    ),
    "the same a thousand times": (
        lambda ca, key: ca.issue(key) * 1000,
        "illegal parameter",
        _TOO_LARGE,
    ),
    "10,000 names": (
        lambda ca, key: ca.issue(
            key,
            extensions=(*LEAF, alternative_names(*(b"a%d.example" % at for at in range(10000)))),
        ),
        "illegal parameter",
        _TOO_LARGE,
    ),
    "names of 16 kB, of nobody": (
        lambda ca, key: Issuer(subject=name(b"y" * 16384), key=private_key("p256")).issue(
            key, subject=name(b"x" * 16384)
        ),
        "unknown ca",
        "was not issued by a CA that this node trusts",
    ),
}

_EXCLUDED = extension(
    "2.5.29.30",
    der(SEQUENCE, der(0xA0, der(SEQUENCE, der(0x82, b"good.example")))),
    critical=True,
)
_NUL = "has a name that ends before its end (NUL)"
_UNREADABLE = "a certificate of the peer cannot be read: "
_FAILED = "the handshake with the client failed: "

CONTENTS: dict[str, Case] = {
    "a critical extension that nobody knows": (
        lambda ca, key: ca.issue(
            key, extensions=(*LEAF, extension("1.2.3", b"\x05\0", critical=True))
        ),
        "certificate unknown",
        "(CN=impostor) has a critical extension that this node does not know",
    ),
    "below one with a critical extension": (
        lambda ca, key: ca.below(
            extensions=(*AUTHORITY, extension("1.2.3", b"\x05\0", critical=True))
        ).issue(key),
        "certificate unknown",
        "(CN=below) has a critical extension that this node does not know",
    ),
    "a name that its CA may not give": (
        lambda ca, key: ca.below(extensions=(*AUTHORITY, _EXCLUDED)).issue(
            key, extensions=(*LEAF, alternative_names(b"evil.example"))
        ),
        "certificate unknown",
        "(CN=impostor) is for a name that a CA above it may not vouch for",
    ),
    "a common name with NUL": (
        lambda ca, key: ca.issue(key, subject=name(b"good\0.evil")),
        "bad certificate",
        _NUL,
    ),
    "a DNS name with NUL": (
        lambda ca, key: ca.issue(key, extensions=(*LEAF, alternative_names(b"good\0.evil"))),
        "bad certificate",
        _NUL,
    ),
    "a DNS name that is no ASCII": (
        lambda ca, key: ca.issue(key, extensions=(*LEAF, alternative_names(b"p\xe4cs"))),
        "bad certificate",
        _UNREADABLE,
    ),
    "a common name that is no UTF-8": (
        lambda ca, key: ca.issue(key, subject=name(b"\xff\xfe")),
        "decode error",
        _FAILED,
    ),
    "an extension with noise in it": (
        lambda ca, key: ca.issue(key, extensions=(*LEAF, extension("2.5.29.17", b"noise"))),
        "bad certificate",
        _UNREADABLE,
    ),
    "an extension twice": (
        lambda ca, key: ca.issue(key, extensions=LEAF * 2),
        "bad certificate",
        _UNREADABLE,
    ),
    "a false signature": (
        lambda ca, key: [with_another_end(ca.issue(key)[0])],
        "decrypt error",
        "has a false signature",
    ),
    "noise": (lambda ca, key: [b"noise"], "decode error", _FAILED),
    "nothing": (lambda ca, key: [b""], "decode error", _FAILED),
    "half of one": (lambda ca, key: [ca.issue(key)[0][:-50]], "decode error", _FAILED),
    "more than one": (lambda ca, key: [ca.issue(key)[0] + b"xx"], "decode error", _FAILED),
    "a length that there is not": (
        lambda ca, key: [b"\x30\x84\xff\xff\xff\xff" + ca.issue(key)[0][4:]],
        "decode error",
        _FAILED,
    ),
    "5,000 beginnings": (lambda ca, key: [b"\x30\x80" * 5000], "decode error", _FAILED),
    "half a key": (
        lambda ca, key: ca.issue(der(SEQUENCE, key[2:40])),
        "decode error",
        _FAILED,
    ),
}

#: Strange, but the CA that the node trusts has issued it: who has the key is let in.
HARMLESS: dict[str, Make] = {
    "as it should be": lambda ca, key: ca.issue(key),
    "until 9999": lambda ca, key: ca.issue(key, end=IN_9999),
    "for whatever there is": lambda ca, key: ca.issue(key, extensions=()),
    "below three CAs": lambda ca, key: so_deep(ca, 3).issue(key),
    "with a hundred that nobody needs": lambda ca, key: (
        ca.issue(key) + [ca.below(b"idle").chain[0]] * 100
    ),
    "with a name of 16 kB": lambda ca, key: ca.issue(key, subject=name(b"x" * 16384)),
    "with control characters": lambda ca, key: ca.issue(key, subject=name(b"a\nb\x1b[2J")),
    "with a name that its CA may give": lambda ca, key: ca.below(
        extensions=(*AUTHORITY, _EXCLUDED)
    ).issue(key, extensions=(*LEAF, alternative_names(b"pc.good.example"))),
}
