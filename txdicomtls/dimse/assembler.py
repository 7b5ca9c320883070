"""From the pieces of P-DATA-TF PDUs to messages (PS3.7 6.3, Annex F; PS3.8 Annex E).

Theory of operation.  A message is a command set in fragments, then, where the
command set says so, a data set in fragments, all on one presentation context; the next
message begins only after it.  Fragments may be cut and packed into PDUs in any
way, so the assembler sees pieces and never PDUs.

Only the command set is gathered here.  The pieces of a data set go straight through,
without being joined or copied, and are only counted.

A request that cannot be taken but can be answered is read to its end, its data set
thrown away; then :class:`~txdicomtls.errors.MalformedCommand` is raised, at the moment when the
answer is due and with the assembler ready for the next message.  After any other error
the association has to be aborted.
"""

from __future__ import annotations

from collections.abc import Container
from typing import NamedTuple

from txdicomtls.codes import AbortReason
from txdicomtls.dimse.command import decode_command
from txdicomtls.dimse.messages import Message
from txdicomtls.errors import MalformedCommand, RemoteProtocolError, UnreadableCommand
from txdicomtls.pdu.framer import DataPiece

#: Most bytes of a command set; all the command elements that PS3.7 has need a few hundred.
MAX_COMMAND_LENGTH = 65536

#: Empty fragments are legal (PS3.8 Annex E), but a message that only has them never ends.
MAX_EMPTY_FRAGMENTS = 1000


class CommandReceived(NamedTuple):
    """The command set of a message is complete; its data set, if any, follows."""

    context_id: int
    message: Message


class DataReceived(NamedTuple):
    """The next bytes of the data set, as they came; never empty."""

    context_id: int
    data: memoryview


class MessageReceived(NamedTuple):
    """The message is complete.

    ``length`` is the length of its data set in bytes: 0 without one, and odd
    only where the peer broke PS3.5 7.1.1.
    """

    context_id: int
    length: int


MessagePart = CommandReceived | DataReceived | MessageReceived


class MessageAssembler:
    """Puts the messages of one association together.

    :param max_command_length: most bytes of a command set.
    :param contexts: the presentation contexts that were accepted; None allows every odd ID.
    """

    def __init__(
        self,
        max_command_length: int = MAX_COMMAND_LENGTH,
        *,
        contexts: Container[int] | None = None,
    ) -> None:
        self._max_command_length = max_command_length
        self._contexts = contexts
        self._begin()

    def _begin(self) -> None:
        self._context_id: int | None = None
        self._command_set = bytearray()
        self._awaits_data = False
        self._refused: MalformedCommand | None = None
        self._length = 0
        self._empty_fragments = 0

    @property
    def in_message(self) -> bool:
        """Whether a message has begun and is not complete."""
        return self._context_id is not None

    def receive(self, piece: DataPiece) -> tuple[MessagePart, ...]:
        """Take the next piece.

        :return: what it completes or brings, in order; often one part, sometimes none.
        :raises MalformedCommand: a message that has to be refused is complete; the
            association may go on.
        :raises UnreadableCommand: a command set cannot be read, or is too long.
        :raises RemoteProtocolError: a fragment where it must not be, on a presentation
            context that it must not be on, or without end.
        """
        context_id, is_command, is_last, ends_value, data = piece
        size = len(data)
        if not size:
            self._count_empty_fragment()
        elif self._empty_fragments:
            self._empty_fragments = 0
        if not self._awaits_data:
            return self._receive_command(piece)
        if is_command or context_id != self._context_id:
            raise self._misplaced(piece)
        self._length += size
        wanted = size and self._refused is None
        parts: tuple[MessagePart, ...] = (DataReceived(context_id, data),) if wanted else ()
        if is_last and ends_value:
            return parts + self._end_message(context_id)
        return parts

    def _receive_command(self, piece: DataPiece) -> tuple[MessagePart, ...]:
        if self._context_id is None:
            self._check_context(piece.context_id)
        if not piece.is_command or self._context_id not in (None, piece.context_id):
            raise self._misplaced(piece)
        self._context_id = piece.context_id
        if len(self._command_set) + len(piece.data) > self._max_command_length:
            raise UnreadableCommand(
                f"command set: longer than the limit of {self._max_command_length} bytes"
            )
        self._command_set += piece.data
        if piece.is_last and piece.ends_value:
            return self._end_command_set(piece.context_id)
        return ()

    def _end_command_set(self, context_id: int) -> tuple[MessagePart, ...]:
        parts: tuple[MessagePart, ...] = ()
        try:
            message = decode_command(self._command_set)
        except MalformedCommand as error:
            self._refused = error
            self._awaits_data = error.has_data_set
        else:
            parts = (CommandReceived(context_id, message),)
            self._awaits_data = message.has_data_set
        self._command_set = bytearray()
        if self._awaits_data:
            return parts
        return parts + self._end_message(context_id)

    def _end_message(self, context_id: int) -> tuple[MessagePart, ...]:
        refused, length = self._refused, self._length
        self._begin()
        if refused is not None:
            raise refused
        return (MessageReceived(context_id, length),)

    def _check_context(self, context_id: int) -> None:
        known = context_id % 2 == 1 if self._contexts is None else context_id in self._contexts
        if not known:
            raise RemoteProtocolError(
                f"presentation context {context_id} was not accepted",
                AbortReason.INVALID_PDU_PARAMETER_VALUE,
            )

    def _misplaced(self, piece: DataPiece) -> RemoteProtocolError:
        """The error for a fragment that does not belong where it came (PS3.8 Annex E.1)."""
        if self._context_id is not None and piece.context_id != self._context_id:
            return RemoteProtocolError(
                f"presentation context {piece.context_id} in the midst of a message"
                f" on context {self._context_id}",
                AbortReason.INVALID_PDU_PARAMETER_VALUE,
            )
        came = "command" if piece.is_command else "data set"
        awaited = "data set" if self._awaits_data else "command"
        return RemoteProtocolError(
            f"fragment of a {came} where one of a {awaited} was due",
            AbortReason.UNEXPECTED_PDU,
        )

    def _count_empty_fragment(self) -> None:
        self._empty_fragments += 1
        if self._empty_fragments > MAX_EMPTY_FRAGMENTS:
            raise RemoteProtocolError(
                f"more than {MAX_EMPTY_FRAGMENTS} empty fragments in a row",
                AbortReason.NOT_SPECIFIED,
            )
