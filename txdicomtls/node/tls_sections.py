"""The sections ``[tls.NAME]`` of a configuration: how links are made secure."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, StrictBool, ValidationInfo, field_validator, model_validator

from txdicomtls.node.fields import ExistingFile, ExistingPath, ProfileName, Section, Text
from txdicomtls.tls.profiles import profile_named


class PasswordSection(Section):
    """``password`` of a private key: where it comes from, one source."""

    file: ExistingFile | None = None
    env: Text | None = None
    command: Annotated[tuple[Text, ...], Field(min_length=1)] | None = None
    credential: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.@:-]*$")] | None = None
    prompt: StrictBool = False

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        named = (self.file, self.env, self.command, self.credential)
        if sum(source is not None for source in named) + self.prompt != 1:
            raise ValueError(
                'needs exactly one of file = "PATH", env = "VARIABLE", command = ["PROGRAM", ...], '
                'credential = "NAME" and prompt = true'
            )
        return self


class CertificateSection(Section):
    """``[[tls.NAME.further]]``: one more certificate, for clients that ask for one of its names."""

    certificate: ExistingFile
    private_key: ExistingFile | None = None
    chain: tuple[ExistingFile, ...] = ()
    password: PasswordSection | None = None
    ocsp_response: ExistingFile | None = None


class TLSSection(CertificateSection):
    """``[tls.NAME]``: how links are made secure, by a name that ``[[listen]]`` refers to."""

    further: tuple[CertificateSection, ...] = ()
    profile: ProfileName = "bcp195-rfc9325"
    cipher_suites: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    preference: Literal["server", "client"] | None = None
    client_certificate: Literal["required", "optional", "none"] = "required"
    pinned: tuple[ExistingPath, ...] = ()
    trust: Annotated[tuple[ExistingPath, ...], Field(validate_default=True)] = ()
    crls: tuple[ExistingPath, ...] = ()
    revocation: Annotated[Literal["none", "leaf", "chain"], Field(validate_default=True)] = "none"
    depth: Annotated[int, Field(strict=True, ge=0, le=9)] = 3
    resumption: StrictBool = True
    key_log: StrictBool = False

    @field_validator("cipher_suites")
    @classmethod
    def _of_the_profile(
        cls, names: tuple[str, ...] | None, info: ValidationInfo
    ) -> tuple[str, ...] | None:
        if names is not None and "profile" in info.data:
            profile_named(info.data["profile"]).with_cipher_suites(names)
        return names

    @field_validator("trust")
    @classmethod
    def _trusts_someone(cls, trust: tuple[Path, ...], info: ValidationInfo) -> tuple[Path, ...]:
        asked_for = info.data.get("client_certificate", "none")
        if not trust and not info.data.get("pinned") and asked_for != "none":
            raise ValueError(
                f"client certificates are {asked_for}: name the files of the authorities "
                "that may have issued them, or the certificates of the peers in pinned"
            )
        return trust

    @field_validator("revocation")
    @classmethod
    def _has_lists(cls, revocation: str, info: ValidationInfo) -> str:
        if revocation != "none" and not info.data.get("crls"):
            raise ValueError("without crls nobody would be let in: name the revocation lists")
        if revocation == "none" and info.data.get("crls"):
            raise ValueError(
                'there are crls, and they are not looked at: say "leaf" or "chain" for them'
            )
        return revocation
