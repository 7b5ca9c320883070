"""A SOP instance on its way: before its data set has arrived, and before it is sent."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

#: A data set in blocks, none of them empty but a last one; the flag marks the last one.
Blocks = AsyncGenerator[tuple[bytes | memoryview, bool], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingInstance:
    """An instance that a peer is about to send: the facts of its C-STORE-RQ and of the association.

    None of the texts has been checked: they are what the peer says, and must
    pass through :func:`txdicomtls.uids.is_valid_uid` before they name anything.

    :param sop_class_uid: Affected SOP Class UID.
    :param sop_instance_uid: Affected SOP Instance UID.
    :param transfer_syntax_uid: transfer syntax of the presentation context that carries it.
    :param calling_ae_title: AE title of the sender.
    :param called_ae_title: AE title that the sender called.
    :param peer: network address of the sender, for log lines.
    """

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    calling_ae_title: str = ""
    called_ae_title: str = ""
    peer: str = ""


class OpenInstance(Protocol):
    """The data set of an instance, opened to be sent."""

    def blocks(self) -> Blocks:
        """The data set, once; to be asked for at most once."""

    async def close(self) -> None:
        """Let go of what was opened; without effect where the blocks were asked for to the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingInstance:
    """An instance that can be sent.

    :param transfer_syntaxes: those in which it can be sent, the one it is kept in first.
    :param open: opens it in one of them; the number is that of bytes which fit into one PDU, so
        that blocks are made of whole fragments.  Raises
        :class:`~txdicomtls.errors.NotADicomFile` where it cannot be read.
    """

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntaxes: tuple[str, ...]
    open: Callable[[str, int], Awaitable[OpenInstance]] = field(repr=False)
