"""Presentation context items of A-ASSOCIATE-RQ and -AC (PS3.8 9.3.2.2, 9.3.3.2)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class ItemType(IntEnum):
    """First byte of an item or sub-item (PS3.8 9.3.2, 9.3.3; PS3.7 D.3.3)."""

    APPLICATION_CONTEXT = 0x10
    PRESENTATION_CONTEXT_RQ = 0x20
    PRESENTATION_CONTEXT_AC = 0x21
    ABSTRACT_SYNTAX = 0x30
    TRANSFER_SYNTAX = 0x40
    USER_INFORMATION = 0x50
    MAXIMUM_LENGTH = 0x51
    IMPLEMENTATION_CLASS_UID = 0x52
    ASYNCHRONOUS_OPERATIONS_WINDOW = 0x53
    ROLE_SELECTION = 0x54
    IMPLEMENTATION_VERSION_NAME = 0x55
    SOP_CLASS_EXTENDED_NEGOTIATION = 0x56
    SOP_CLASS_COMMON_EXTENDED_NEGOTIATION = 0x57
    USER_IDENTITY_RQ = 0x58
    USER_IDENTITY_AC = 0x59


class ContextResult(IntEnum):
    """Result/Reason of a presentation context in an A-ASSOCIATE-AC (PS3.8 9.3.3.2)."""

    ACCEPTANCE = 0
    USER_REJECTION = 1
    NO_REASON = 2
    ABSTRACT_SYNTAX_NOT_SUPPORTED = 3
    TRANSFER_SYNTAXES_NOT_SUPPORTED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentationContextRQ:
    """A proposed presentation context (PS3.8 9.3.2.2).

    :param context_id: odd, 1 to 255.
    :param abstract_syntax: a UID, usually of a SOP class.
    :param transfer_syntaxes: UIDs, at least one.
    """

    context_id: int
    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentationContextAC:
    """The answer to one proposed presentation context (PS3.8 9.3.3.2).

    :param result: a :class:`ContextResult`, or what the peer sent instead.
    :param transfer_syntax: the one accepted; not significant, and possibly empty, where refused.
    """

    context_id: int
    result: int
    transfer_syntax: str = ""

    @property
    def accepted(self) -> bool:
        """Whether messages may use this context."""
        return self.result == ContextResult.ACCEPTANCE
