"""What the OpenSSL in use can do of a profile, and how a context is held to it.

OpenSSL passes over names of suites that it does not know, so that a context may
be weaker than its profile without anybody noticing.  Here it is asked first: what
a profile cannot do without must be there, and what is optional is left out where
it is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from OpenSSL import SSL

from txdicomtls.errors import ProfileUnavailable
from txdicomtls.tls.bindings import restrict_groups, restrict_signatures, set_diffie_hellman
from txdicomtls.tls.profile import Preference, Profile, TLSVersion
from txdicomtls.tls.suites import describe_suite, registered_suites

_VERSIONS = {
    TLSVersion.TLS_1_0: SSL.TLS1_VERSION,
    TLSVersion.TLS_1_1: SSL.TLS1_1_VERSION,
    TLSVersion.TLS_1_2: SSL.TLS1_2_VERSION,
    TLSVersion.TLS_1_3: SSL.TLS1_3_VERSION,
}

#: The group ffdhe2048 (RFC 7919 A.1), for clients that name none.
_FFDHE2048 = b"""\
-----BEGIN DH PARAMETERS-----
MIIBCAKCAQEA//////////+t+FRYortKmq/cViAnPTzx2LnFg84tNpWp4TZBFGQz
+8yTnc4kmz75fS/jY2MMddj2gbICrsRhetPfHtXV/WVhJDP1H18GbtCFY2VVPe0a
87VXE15/V8k1mE8McODmi3fipona8+/och3xWKE2rec1MKzKT0g6eXq8CrGCsyT7
YdEIqUuyyOP7uWrat2DX9GgdT0Kj3jlN9K5W7edjcrsZCwenyO4KbXCeAvzhzffi
7MA0BM0oNC9hkXL+nOmFg/+OTxIy7vKBg8P+OxtMb61zO7X8vC7CIAXFjvGDfRaD
ssbzSibBsu/6iGtCOGEoXJf//////////wIBAg==
-----END DH PARAMETERS-----
"""


@cache
def openssl_version() -> str:
    """The version of the OpenSSL in use, as "4.0.3"."""
    text = SSL.SSLeay_version(SSL.SSLEAY_VERSION).decode("ascii", "replace")
    return text.removeprefix("OpenSSL ").partition(" ")[0]


@cache
def available_suites() -> frozenset[str]:
    """The suites that the OpenSSL in use knows, at whatever security level, by IANA names."""
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_cipher_list(b"ALL:COMPLEMENTOFALL@SECLEVEL=0")
    names = SSL.Connection(context, None).get_cipher_list()
    tls13 = [suite.openssl_name for suite in registered_suites() if suite.is_tls13]
    # Some of TLS 1.3 are off until they are asked for, and so not in that list.
    asked = [name for name in tls13 if name and _has_tls13_suite(name)]
    return frozenset(describe_suite(name).iana_name for name in (*names, *asked))


def _has_tls13_suite(name: str) -> bool:
    try:
        SSL.Context(SSL.TLS_METHOD).set_tls13_ciphersuites(name.encode("ascii"))
    except SSL.Error:
        return False
    return True


@cache
def has_group(name: str) -> bool:
    """Whether the OpenSSL in use has a group for key exchanges, by its OpenSSL name."""
    try:
        restrict_groups(SSL.Context(SSL.TLS_METHOD), [name])
    except ValueError:
        return False
    return True


def lacking_suites(profile: Profile) -> tuple[str, ...]:
    """All the suites of a profile that the OpenSSL in use lacks, optional or not, in order."""
    available = available_suites()
    names = (suite.iana_name for suite in profile.suites)
    return tuple(name for name in names if name not in available)


def missing_suites(profile: Profile) -> tuple[str, ...]:
    """The suites that a profile cannot do without and the OpenSSL in use lacks, in order."""
    return tuple(name for name in lacking_suites(profile) if name not in profile.optional)


def without_missing(profile: Profile) -> Profile:
    """Leave out what a profile can do without and the OpenSSL in use lacks.

    :raises ProfileUnavailable: it lacks something that the profile cannot do without.
    """
    missing = missing_suites(profile)
    if missing:
        raise ProfileUnavailable(_lacks(profile, missing))
    lacking = lacking_suites(profile)
    groups = tuple(name for name in profile.groups if has_group(name))
    if profile.groups and not groups:
        raise ProfileUnavailable(_lacks(profile, profile.groups))
    if not lacking and groups == profile.groups:
        return profile
    return replace(
        profile,
        cipher_suites=tuple(name for name in profile.cipher_suites if name not in lacking),
        tls13_cipher_suites=tuple(
            name for name in profile.tls13_cipher_suites if name not in lacking
        ),
        groups=groups,
    )


def _lacks(profile: Profile, names: Sequence[str]) -> str:
    return (
        f"profile {profile.name} needs {', '.join(names)}, which the OpenSSL in use "
        f"({openssl_version()}) lacks: choose another profile, or an OpenSSL that has what is "
        f"lacking"
    )


def restrict(context: SSL.Context, profile: Profile) -> None:
    """Let a new context negotiate what a profile permits, and nothing else.

    :raises ValueError: the OpenSSL in use lacks something that the profile cannot do without.
    """
    profile = without_missing(profile)
    context.set_min_proto_version(_VERSIONS[profile.minimum_version])
    context.set_max_proto_version(_VERSIONS[profile.maximum_version])
    # The list must not be empty, and is the way to set the level: where there is TLS 1.3
    # only, what is in it is never negotiated.
    ciphers = ":".join(profile.openssl_ciphers) or "DEFAULT"
    context.set_cipher_list(f"{ciphers}@SECLEVEL={profile.security_level}".encode("ascii"))
    context.set_tls13_ciphersuites(":".join(profile.tls13_cipher_suites).encode("ascii"))
    restrict_groups(context, profile.groups)
    if any(suite.key_exchange == "DHE" for suite in profile.suites):
        set_diffie_hellman(context, _FFDHE2048)
    if profile.signature_algorithms:
        restrict_signatures(context, profile.signature_algorithms)
    if profile.preference is Preference.SERVER:
        context.set_options(SSL.OP_CIPHER_SERVER_PREFERENCE)
