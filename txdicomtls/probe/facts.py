"""What a probe finds out about a server, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from cryptography import x509

from txdicomtls.probe.hello import ProtocolVersion
from txdicomtls.tls.certificates import CertificateDescription
from txdicomtls.tls.profiles import Preference


class Reaction(Enum):
    """What a server does with something that a client asks for."""

    TAKEN = "taken"
    PASSED_OVER = "passed over"
    REFUSED = "refused"
    UNKNOWN = "not known"


class Demand(Enum):
    """Whether a server wants a certificate of its clients."""

    NONE = "not asked for"
    OPTIONAL = "optional"
    REQUIRED = "required"
    ASKED = "asked for, whether required is not known"
    UNKNOWN = "not known"


class Resumption(Enum):
    """Whether a second handshake takes up the session of the first."""

    RESUMED = "resumed"
    FULL = "not resumed"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionFacts:
    """One version of TLS that a server accepts.

    :param version: which.
    :param suites: the cipher suites that it accepts, IANA names, in the order it chose them in.
    :param preference: whose order decides; None where there is but one suite.
    :param groups: for the key exchange, OpenSSL names, in the order it chose them in.
    :param dhe_bits: length of the prime of DHE; 0 where there is none, or in TLS 1.3 a named one.
    :param compression: it compresses.
    :param renegotiation_info: it knows secure renegotiation; None in TLS 1.3, which has none.
    :param extended_master_secret: it knows that; None where the version has it anyway, or not yet.
    """

    version: ProtocolVersion
    suites: tuple[str, ...]
    preference: Preference | None = None
    groups: tuple[str, ...] = ()
    dhe_bits: int = 0
    compression: bool = False
    renegotiation_info: bool | None = None
    extended_master_secret: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFacts:
    """One certificate of a chain as served.

    :param certificate: the certificate.
    :param description: what it says.
    :param days_left: whole days until it expires; negative where it has.
    :param signature_hash: as "sha256"; empty where its signature has none of its own.
    """

    certificate: x509.Certificate
    description: CertificateDescription
    days_left: int
    signature_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainFacts:
    """A chain as served.

    :param certificates: the server's own first.
    :param problems: what a client finds wrong with it.
    :param is_trusted: whether it leads to a CA that was given; None where none was.
    :param staple: the OCSP response that came with it, in words.
    """

    certificates: tuple[CertificateFacts, ...]
    problems: tuple[str, ...]
    is_trusted: bool | None
    staple: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that was found.

    :param host: who was asked.
    :param port: TCP port.
    :param speaks: "TLS", "plain DICOM", "HTTP", "SSH", "unknown" or "nothing".
    :param explanation: what to do where that is not TLS.
    :param versions: that it accepts, the newest first.
    :param prefers: the version that it chose where it could have had any.
    :param chains: of certificates, each once.
    :param client_certificate: whether it wants one.
    :param authorities: names of the CAs that it says it takes one from.
    :param alpn_dicom: what it does where ``dicom`` is offered.
    :param alpn_other: what it does where only another protocol is.
    :param unknown_name: what it does with a server name that nobody has.
    :param resumption: whether sessions are taken up.
    :param connections: how many were made.
    :param remarks: what went wrong on the way.
    """

    host: str
    port: int
    speaks: str
    explanation: str = ""
    versions: tuple[VersionFacts, ...] = ()
    prefers: ProtocolVersion | None = None
    chains: tuple[ChainFacts, ...] = ()
    client_certificate: Demand = Demand.UNKNOWN
    authorities: tuple[str, ...] = ()
    alpn_dicom: Reaction = Reaction.UNKNOWN
    alpn_other: Reaction = Reaction.UNKNOWN
    unknown_name: Reaction = Reaction.UNKNOWN
    resumption: Resumption = Resumption.UNKNOWN
    connections: int = 0
    remarks: tuple[str, ...] = ()

    def version(self, version: ProtocolVersion) -> VersionFacts | None:
        """What is known of a version; None where it is not accepted."""
        return next((each for each in self.versions if each.version is version), None)
