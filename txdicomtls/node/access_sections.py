"""The sections ``[[peer]]`` and ``[identity]`` of a configuration: who may, and what."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StrictBool,
    ValidationInfo,
    field_validator,
    model_validator,
)

from txdicomtls.access.certificate_binding import (
    alternative_name,
    fingerprint_of,
    subject_name,
)
from txdicomtls.access.token_keys import with_secret
from txdicomtls.node.fields import (
    UID,
    AETitle,
    ExistingFile,
    OneOrSeveral,
    Port,
    Section,
    Text,
)

#: Names of the services that a peer can be allowed, as services call themselves.
ServiceName = Literal[
    "echo", "store", "find", "get", "move", "worklist", "commit", "procedure-step"
]
SERVICES: tuple[ServiceName, ...] = get_args(ServiceName)


def _alternative_name(text: str) -> str:
    alternative_name(text)
    return text


def _subject(text: str) -> str:
    if "=" in text:
        subject_name(text)
    return text


def _network(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError('must be an address or a network, as "192.0.2.7" or "10.1.0.0/16"')  # noqa: TRY004  # pydantic takes this one
    try:
        return ip_network(value)
    except ValueError:
        raise ValueError(
            'must be an address, or a network without bits beyond its length, as "10.1.0.0/16"'
        ) from None


SAN = Annotated[Text, AfterValidator(_alternative_name)]
Subject = Annotated[Text, AfterValidator(_subject)]
Fingerprint = Annotated[str, AfterValidator(fingerprint_of)]
Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)]


class CertificateBindingSection(Section):
    """``certificate`` of a peer: what is in the certificate that it must show."""

    san: Annotated[tuple[SAN, ...], OneOrSeveral] = ()
    subject: Annotated[tuple[Subject, ...], OneOrSeveral] = ()
    fingerprint: Annotated[tuple[Fingerprint, ...], OneOrSeveral] = ()

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.san or self.subject or self.fingerprint):
            raise ValueError("needs at least one of san, subject and fingerprint")
        return self


class PeerSection(Section):
    """``[[peer]]``: a node that may call, and where it can be called if there is a ``host``.

    Without any such section everybody may call.
    """

    ae_title: AETitle
    certificate: CertificateBindingSection | None = None
    addresses: Annotated[tuple[Network, ...], OneOrSeveral, Field(min_length=1)] = ()
    allow: Annotated[tuple[ServiceName, ...], Field(min_length=1)] = ("echo", "store")
    sop_classes: Annotated[tuple[UID, ...], Field(min_length=1)] = ()
    host: Text | None = None
    port: Annotated[Port, Field(ge=1)] = 2762
    tls: Text = "default"
    called: AETitle | None = None
    calling: AETitle | None = None
    window: Annotated[int, Field(strict=True, ge=1, le=64)] = 8
    associations: Annotated[int, Field(strict=True, ge=1, le=64)] = 4


class JWTSection(Section):
    """``[identity.jwt]``: JSON Web Tokens that are believed."""

    keys: ExistingFile
    algorithms: Annotated[tuple[str, ...], Field(min_length=1)]
    issuer: Text
    audience: Annotated[tuple[Text, ...], OneOrSeveral, Field(min_length=1)]
    leeway: Annotated[float, Field(strict=True, ge=0, le=600, allow_inf_nan=False)] = 30.0
    user_claim: Text = "sub"
    services_claim: Text | None = None

    @field_validator("algorithms")
    @classmethod
    def _of_one_kind(cls, algorithms: tuple[str, ...]) -> tuple[str, ...]:
        with_secret(frozenset(algorithms))
        return algorithms


class IdentitySection(Section):
    """``[identity]``: how users prove who they are (PS3.7 D.3.3.7)."""

    users: ExistingFile | None = None
    names: StrictBool = False
    jwt: JWTSection | None = None
    unknown: Literal["ignore", "refuse"] = "ignore"
    required: StrictBool = False

    @property
    def verifies(self) -> bool:
        """Whether there is a type of user identity that is verified."""
        return self.users is not None or self.names or self.jwt is not None

    @field_validator("required")
    @classmethod
    def _can_be_had(cls, required: bool, info: ValidationInfo) -> bool:  # noqa: FBT001  # pydantic's
        ways = ("users", "names", "jwt")
        wrong_already = not info.data.keys() >= set(ways)
        if required and not wrong_already and not any(info.data[way] for way in ways):
            raise ValueError(
                "nobody could be let in: say how an identity is verified, with users, names or jwt"
            )
        return required
