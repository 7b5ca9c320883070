"""The user information item 50H and its sub-items 51H to 59H (PS3.8 Annex D, PS3.7 D.3.3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class AsynchronousOperationsWindow:
    """Sub-item 53H (PS3.7 D.3.3.3).

    :param invoked: operations that the requestor may have outstanding; 0 is unlimited, 1 is
        synchronous.
    :param performed: the same for the acceptor.
    """

    invoked: int
    performed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleSelection:
    """Sub-item 54H (PS3.7 D.3.3.4): the roles of the association requestor for one SOP class."""

    sop_class_uid: str
    scu: bool
    scp: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendedNegotiation:
    """Sub-item 56H (PS3.7 D.3.3.5): information that only the service class itself understands."""

    sop_class_uid: str
    information: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonExtendedNegotiation:
    """Sub-item 57H (PS3.7 D.3.3.6): the service class and relatives of a SOP class.

    :param sop_class_uid: the SOP class.
    :param service_class_uid: the service class to which it belongs.
    :param related_general_sop_classes: SOP classes that may stand in for it.
    :param version: Sub-item-version; 0 is the only one there is.
    """

    sop_class_uid: str
    service_class_uid: str
    related_general_sop_classes: tuple[str, ...] = ()
    version: int = 0


class UserIdentityType(IntEnum):
    """User-Identity-Type of sub-item 58H (PS3.7 D.3.3.7)."""

    USERNAME = 1
    USERNAME_AND_PASSCODE = 2
    KERBEROS = 3
    SAML = 4
    JWT = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class UserIdentityRQ:
    """Sub-item 58H (PS3.7 D.3.3.7.1); the secrets in it never show in a ``repr``."""

    identity_type: int
    primary: bytes = field(repr=False)
    secondary: bytes = field(default=b"", repr=False)
    positive_response_requested: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UserIdentityAC:
    """Sub-item 59H (PS3.7 D.3.3.7.2)."""

    response: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class UserInformation:
    """All the sub-items of one user information item, each where it belongs.

    :param maximum_length: bytes of the P-DATA-TF variable field that the sender of this
        item can receive; 0 is unlimited; None where the peer left it out (PS3.8 D.1).
    :param implementation_class_uid: empty where the peer left it out (PS3.7 D.3.3.2).
    :param implementation_version_name: up to 16 characters, or empty.
    :param window: asynchronous operations, None where not negotiated.
    :param user_identity: only in a request.
    :param user_identity_response: only in an acceptance.
    """

    maximum_length: int | None = None
    implementation_class_uid: str = ""
    implementation_version_name: str = ""
    window: AsynchronousOperationsWindow | None = None
    roles: tuple[RoleSelection, ...] = ()
    extended: tuple[ExtendedNegotiation, ...] = ()
    common_extended: tuple[CommonExtendedNegotiation, ...] = ()
    user_identity: UserIdentityRQ | None = None
    user_identity_response: UserIdentityAC | None = None
