"""Errors that a provider raises where it cannot do what a peer asks: each stands for one status."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from txdicomtls.errors.root import DicomTLSError


class ProviderError(DicomTLSError):
    """What a peer asks of a provider cannot be done (PS3.7 C).

    :param problem: why; the peer is told in Error Comment (0000,0902), so no value of an
        element may be in it.
    :param tags: the elements that it is about, as 0x00400252.
    :param error_id: Error ID (0000,0903); None for none.
    :cvar status: what the peer is answered.
    """

    status: ClassVar[int] = 0x0110

    def __init__(
        self, problem: str, *, tags: Sequence[int] = (), error_id: int | None = None
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.tags = tuple(tags)
        self.error_id = error_id


class ProcessingFailure(ProviderError):
    """It cannot be done, for a reason that has no status of its own (status 0x0110)."""


class NoSuchAttribute(ProviderError):
    """An attribute is not one of this SOP class (status 0x0105)."""

    status = 0x0105


class InvalidAttributeValue(ProviderError):
    """An attribute may not have this value, or not now (status 0x0106)."""

    status = 0x0106


class NoSuchInstance(ProviderError):
    """There is no such SOP instance (status 0x0112)."""

    status = 0x0112


class NoSuchEventType(ProviderError):
    """An event of this type is not known (status 0x0113)."""

    status = 0x0113


class NoSuchArgument(ProviderError):
    """An event or an action has an argument that is not known (status 0x0114)."""

    status = 0x0114


class InvalidArgumentValue(ProviderError):
    """An argument of an event or an action may not have this value (status 0x0115)."""

    status = 0x0115


class ClassInstanceConflict(ProviderError):
    """The SOP instance is of another SOP class (status 0x0119)."""

    status = 0x0119


class MissingAttribute(ProviderError):
    """An attribute that is required was left out (status 0x0120)."""

    status = 0x0120


class MissingAttributeValue(ProviderError):
    """An attribute that needs a value has none (status 0x0121)."""

    status = 0x0121


class NoSuchActionType(ProviderError):
    """An action of this type is not known (status 0x0123)."""

    status = 0x0123


class NotAuthorized(ProviderError):
    """This peer, or this user, may not have it (status 0x0124)."""

    status = 0x0124


class ResourceLimitation(ProviderError):
    """There is no room for it now: a later try may succeed (status 0x0213)."""

    status = 0x0213


class OperationNotSupported(ProviderError):
    """The SOP class has no such operation, or this provider has not (status 0x0211)."""

    status = 0x0211


class LimitExceeded(DicomTLSError):
    """More is asked for, or it takes longer, than this node allows (0xA700, 0xA701, 0x0213).

    :param problem: which limit, for the peer and the log.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class DestinationUnknown(ProviderError):
    """A C-MOVE names a destination that is none (status 0xA801, PS3.4 C.4.2.1.5)."""

    status = 0xA801
