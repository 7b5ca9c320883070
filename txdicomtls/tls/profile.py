"""What a security profile is: what may be negotiated on a link, as a value.

A profile names its suites in order.  A site may put a list of its own in their
place, which the profile judges: it takes what is as good as its own suites, and
says of any other what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from txdicomtls.tls.suites import SuiteDescription, describe_suite


class TLSVersion(Enum):
    """Versions of TLS that a profile may name."""

    TLS_1_0 = "TLSv1"
    TLS_1_1 = "TLSv1.1"
    TLS_1_2 = "TLSv1.2"
    TLS_1_3 = "TLSv1.3"


class Preference(Enum):
    """Whose order of cipher suites decides."""

    SERVER = "server"
    CLIENT = "client"


#: For signatures in the handshake: those with SHA-256 or better.
STRONG_SIGNATURES = (
    "ecdsa_secp256r1_sha256",
    "ecdsa_secp384r1_sha384",
    "ecdsa_secp521r1_sha512",
    "ed25519",
    "ed448",
    "rsa_pss_rsae_sha256",
    "rsa_pss_rsae_sha384",
    "rsa_pss_rsae_sha512",
    "rsa_pss_pss_sha256",
    "rsa_pss_pss_sha384",
    "rsa_pss_pss_sha512",
    "rsa_pkcs1_sha256",
    "rsa_pkcs1_sha384",
    "rsa_pkcs1_sha512",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What may be negotiated on a link.

    :param name: by which configurations ask for it.
    :param section: where the standard describes it.
    :param title: what the standard calls it.
    :param minimum_version: lowest version of TLS.
    :param maximum_version: highest version of TLS.
    :param cipher_suites: suites up to TLS 1.2, IANA names, the preferred first.
    :param tls13_cipher_suites: suites of TLS 1.3, IANA names, the preferred first.
    :param groups: groups for the key exchange, OpenSSL names, the preferred first; those that
        the OpenSSL in use lacks are passed over.
    :param rsa_bits: shortest RSA key in a certificate, in bits.
    :param ec_bits: shortest elliptic curve key in a certificate, in bits.
    :param dh_bits: shortest finite-field Diffie-Hellman, in bits; 0 where there is no floor.
    :param optional: those of the suites that the OpenSSL in use may lack.
    :param preference: whose order decides where we are the server.
    :param signature_algorithms: for signatures in the handshake, OpenSSL names, the preferred
        first; empty for what OpenSSL takes at this security level.
    :param signature_hashes: hashes that signatures of certificates may use.
    :param security_level: OpenSSL's; below 2 only where a suite or version of the profile needs it.
    :param retired: the standard has given it up; it is used only where it is asked for by name.
    :param exclusive: the standard permits no suite but those that the profile lists.
    :param added_bits: fewest bits of encryption of a suite that a site's own list may add.
    :param added_key_exchanges: key exchanges that such a suite may have.
    :param added_integrities: integrity algorithms that such a suite may have.
    """

    name: str
    section: str
    title: str = ""
    minimum_version: TLSVersion
    maximum_version: TLSVersion
    cipher_suites: tuple[str, ...]
    tls13_cipher_suites: tuple[str, ...]
    groups: tuple[str, ...]
    rsa_bits: int = 2048
    ec_bits: int = 256
    dh_bits: int = 0
    optional: frozenset[str] = frozenset()
    preference: Preference = Preference.SERVER
    signature_algorithms: tuple[str, ...] = STRONG_SIGNATURES
    signature_hashes: frozenset[str] = frozenset(("sha256", "sha384", "sha512"))
    security_level: int = 2
    retired: bool = False
    exclusive: bool = False
    added_bits: int = 128
    added_key_exchanges: frozenset[str] = frozenset(("ECDHE",))
    added_integrities: frozenset[str] = frozenset(("AEAD", "HMAC-SHA256", "HMAC-SHA384"))

    @property
    def suites(self) -> tuple[SuiteDescription, ...]:
        """All the suites in order, those of TLS 1.3 first."""
        return tuple(
            describe_suite(name) for name in (*self.tls13_cipher_suites, *self.cipher_suites)
        )

    def suite(self, index: int) -> SuiteDescription:
        """Give the suite at a place in the order, the first at 0.

        :raises IndexError: there are not so many.
        """
        return self.suites[index]

    @property
    def versions(self) -> tuple[TLSVersion, ...]:
        """All the versions of TLS, the lowest first."""
        ordered = list(TLSVersion)
        first, last = ordered.index(self.minimum_version), ordered.index(self.maximum_version)
        return tuple(ordered[first : last + 1])

    @property
    def openssl_ciphers(self) -> tuple[str, ...]:
        """The suites up to TLS 1.2 by the names that OpenSSL gives them, where it has them."""
        names = (describe_suite(name).openssl_name for name in self.cipher_suites)
        return tuple(name for name in names if name)

    def objection(self, suite: SuiteDescription) -> str:
        """Say why this profile does not permit a suite.

        :return: as "it does not encrypt"; empty where it does.
        """
        return next(self._objections(suite), "") if suite not in self.suites else ""

    def _objections(self, suite: SuiteDescription) -> Iterator[str]:
        if self.exclusive:
            yield f"{self.section} permits no suite but those that it lists"
        if suite.is_tls13 and self.maximum_version is not TLSVersion.TLS_1_3:
            yield "it is a suite of TLS 1.3, and the profile ends before it"
        if suite.encryption.startswith("RC4"):
            yield "RC4 is forbidden in every version of TLS (RFC 7465)"
        if not suite.encryption_bits:
            yield "it does not encrypt"
        if suite.encryption_bits < self.added_bits:
            bits = f"{suite.encryption_bits} bits, and {self.added_bits}"
            yield f"its encryption, {suite.encryption}, has {bits} are needed"
        if not suite.is_tls13 and suite.authentication not in ("RSA", "ECDSA"):
            yield (
                f"its authentication is {suite.authentication}, and only RSA and ECDSA, with "
                "certificates, are permitted"
            )
        if not suite.is_tls13 and suite.key_exchange not in self.added_key_exchanges:
            permitted = " or ".join(sorted(self.added_key_exchanges))
            yield f"its key exchange is {suite.key_exchange}, and it must be {permitted}"
        if suite.integrity not in self.added_integrities:
            permitted = " or ".join(sorted(self.added_integrities))
            yield f"its integrity is {suite.integrity}, and it must be {permitted}"
        if suite.mode == "CCM_8" and self.security_level > 0:
            yield "its integrity tag has 64 bits only"

    def with_cipher_suites(
        self, names: Sequence[str], *, preference: Preference | None = None
    ) -> Profile:
        """Make the same profile with a list of suites of one's own.

        A list without suites of TLS 1.3 takes TLS 1.3 out of the profile, and one without
        others leaves only TLS 1.3.  None of a list of one's own is optional.

        :param names: IANA and OpenSSL names, the preferred suite first; a suite of TLS 1.3
            is preferred to any other wherever it stands.
        :param preference: whose order decides where we are the server; None for the profile's.
        :raises ValueError: a name is not known or stands there twice, the profile forbids a
            suite, or there are none.
        """
        if isinstance(names, str) or not names:
            raise ValueError(f"a list of cipher suites of profile {self.name} names none")
        chosen: list[SuiteDescription] = []
        for name in names:
            suite = describe_suite(name)
            objection = self.objection(suite)
            if objection:
                raise ValueError(f"profile {self.name} does not permit {name}: {objection}")
            if suite in chosen:
                raise ValueError(f"the list of cipher suites has {suite.iana_name} twice")
            chosen.append(suite)
        earlier = tuple(suite.iana_name for suite in chosen if not suite.is_tls13)
        tls13 = tuple(suite.iana_name for suite in chosen if suite.is_tls13)
        maximum = self.maximum_version
        if not tls13 and maximum is TLSVersion.TLS_1_3:
            maximum = TLSVersion.TLS_1_2
        return replace(
            self,
            cipher_suites=earlier,
            tls13_cipher_suites=tls13,
            minimum_version=self.minimum_version if earlier else TLSVersion.TLS_1_3,
            maximum_version=maximum,
            optional=frozenset(),
            preference=preference or self.preference,
        )
