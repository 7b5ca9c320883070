"""Which security profiles a server satisfies, by what a probe has found out about it.

A server satisfies a profile when all that the profile requires of a server is
there, and nothing that it forbids is accepted.  What is beyond the reach of
these two does no harm: a suite that a profile does not list but would permit, or
TLS 1.3 where a profile of old ends before it.

Left alone are what is for the site to decide, as whether a client must show a
certificate, and what a certificate is worth: its dates, names and issuer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from cryptography import x509

from txdicomtls.probe.facts import Facts, VersionFacts
from txdicomtls.probe.hello import GROUPS, ProtocolVersion
from txdicomtls.tls.keys import weakness_of
from txdicomtls.tls.profiles import (
    BCP195,
    BCP195_RFC9325,
    BCP195_RFC9325_MODIFIED,
    Profile,
    TLSVersion,
)
from txdicomtls.tls.suites import SuiteDescription, describe_suite

#: These recommend suites, and require none of them; all others require theirs.
_RECOMMENDING = (BCP195_RFC9325.name, BCP195.name)

#: These require servers to have TLS 1.3, and its suites.
_REQUIRING_TLS_1_3 = (BCP195_RFC9325_MODIFIED.name,)

#: What the standard permits beyond our profile: RFC 7525 4.2 recommended these to B.9, and RFC
#: 10015 made us leave them out.
_ALSO_PERMITTED = {
    BCP195.name: (
        "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
    )
}

_GROUP_BITS = {group.name: group.bits for group in GROUPS.values()}

_TLS_1_2 = ProtocolVersion.TLS_1_2
_TLS_1_3 = ProtocolVersion.TLS_1_3


def satisfies(facts: Facts, profile: Profile) -> tuple[str, ...]:
    """Say what a server fails of a profile.

    :return: one line for each thing, as "accepts TLS 1.0"; empty where it satisfies it.
    """
    if facts.speaks != "TLS":
        return (f"does not speak TLS: {facts.speaks}",)
    if not facts.versions:
        return ("accepts no version and suite of TLS that is known",)
    found = (
        *_versions(facts, profile),
        *_missing_suites(facts, profile),
        *_forbidden_suites(facts, profile),
        *_key_exchanges(facts, profile),
        *_features(facts, profile),
        *_certificates(facts, profile),
    )
    return tuple(dict.fromkeys(found))


def _on_the_wire(version: TLSVersion) -> ProtocolVersion:
    return ProtocolVersion[version.name]


def _is_modern(profile: Profile) -> bool:
    """Whether a profile is one that gives up what came before TLS 1.2."""
    return _on_the_wire(profile.minimum_version) >= _TLS_1_2


def _versions(facts: Facts, profile: Profile) -> Iterator[str]:
    minimum = _on_the_wire(profile.minimum_version)
    maximum = _on_the_wire(profile.maximum_version)
    accepted = {each.version for each in facts.versions}
    required = {minimum} if _is_modern(profile) else set()
    if profile.name in _REQUIRING_TLS_1_3:
        required.add(_TLS_1_3)
    for version in sorted(required - accepted):
        yield f"does not take {version.label}"
    if not any(minimum <= version <= maximum for version in accepted) and not required:
        yield f"takes no version from {minimum.label} to {maximum.label}"
    for version in sorted(version for version in accepted if version < minimum):
        yield f"accepts {version.label}"
    offers_newest = maximum is _TLS_1_3 and _TLS_1_3 in accepted
    if offers_newest and facts.prefers is not None and facts.prefers is not _TLS_1_3:
        yield f"does not prefer TLS 1.3, but chooses {facts.prefers.label} where both are offered"


def _judged(facts: Facts, profile: Profile) -> Iterator[VersionFacts]:
    """The versions whose suites are the matter of a profile; older ones are wrong altogether."""
    minimum = _on_the_wire(profile.minimum_version)
    maximum = _on_the_wire(profile.maximum_version)
    for version in facts.versions:
        if version.version >= minimum and (profile.exclusive or version.version <= maximum):
            yield version


def _missing_suites(facts: Facts, profile: Profile) -> Iterator[str]:
    accepted = {name for version in _judged(facts, profile) for name in version.suites}
    if profile.name in _RECOMMENDING:
        if not accepted.intersection(profile.cipher_suites + profile.tls13_cipher_suites):
            yield "accepts none of the cipher suites of the profile"
        return
    listed = [describe_suite(name) for name in profile.cipher_suites]
    required = [suite for suite in listed if suite.iana_name not in profile.optional]
    # A server with one key can only have the suites that go with it; where that leaves
    # none, the profile asks for the other key.
    keys = _key_algorithms(facts)
    fitting = [suite for suite in required if suite.authentication in keys]
    names = [suite.iana_name for suite in fitting or required]
    if profile.name in _REQUIRING_TLS_1_3:
        names += profile.tls13_cipher_suites
    for name in names:
        if name not in accepted:
            yield f"does not take {name}"


def _key_algorithms(facts: Facts) -> set[str]:
    return {
        chain.certificates[0].description.key.algorithm
        for chain in facts.chains
        if chain.certificates
    }


def _forbidden_suites(facts: Facts, profile: Profile) -> Iterator[str]:
    for version in _judged(facts, profile):
        for name in version.suites:
            if name in _ALSO_PERMITTED.get(profile.name, ()):
                continue
            suite = _described(name)
            objection = "it is not known" if suite is None else profile.objection(suite)
            if objection:
                yield f"accepts {name}, which the profile does not permit: {objection}"


def _described(name: str) -> SuiteDescription | None:
    try:
        return describe_suite(name)
    except ValueError:
        return None


def _key_exchanges(facts: Facts, profile: Profile) -> Iterator[str]:
    for version in _judged(facts, profile):
        if 0 < version.dhe_bits < profile.dh_bits:
            yield (
                f"uses finite-field Diffie-Hellman of {version.dhe_bits} bits, "
                f"and {profile.dh_bits} are needed"
            )
        if _is_modern(profile):
            for group in version.groups:
                bits = _GROUP_BITS.get(group, 0)
                if bits < profile.ec_bits:
                    yield f"takes group {group} of {bits} bits, and {profile.ec_bits} are needed"


def _features(facts: Facts, profile: Profile) -> Iterator[str]:
    for version in _judged(facts, profile):
        if version.compression and _is_modern(profile):
            yield f"compresses in {version.version.label} (RFC 9325 3.3)"
    second = facts.version(_TLS_1_2)
    if profile.retired or second is None:
        return
    if not second.renegotiation_info:
        yield "does not know secure renegotiation, renegotiation_info (RFC 9325 3.5)"
    if not second.extended_master_secret:
        yield "does not know extended_master_secret (RFC 9325 3.5)"


def _certificates(facts: Facts, profile: Profile) -> Iterator[str]:
    for chain in facts.chains:
        for each in chain.certificates:
            weak = weakness_of(each.certificate, profile)
            if weak:
                subject = each.description.subject or "nobody"
                yield f"shows a certificate of {subject} that is too weak: {weak}"


def plain(value: Any) -> Any:  # noqa: ANN401  # whatever facts are made of
    """Turn facts into what JSON has."""
    if is_dataclass(value) and not isinstance(value, type):
        pairs = ((field.name, getattr(value, field.name)) for field in fields(value))
        return {
            name: plain(content)
            for name, content in pairs
            if not isinstance(content, x509.Certificate)
        }
    if isinstance(value, ProtocolVersion):
        return value.label
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    return value
