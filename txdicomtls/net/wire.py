"""One message at a time: messages do not interleave on an association (PS3.8 Annex E.1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from twisted.internet.defer import Deferred, maybeDeferred

from txdicomtls.association import Connection, Output
from txdicomtls.dimse import Message
from txdicomtls.errors import AssociationEnded, DicomTLSError
from txdicomtls.instance import Blocks
from txdicomtls.net.line import Line


class Channel(Protocol):
    """What those who send and receive messages need of the protocol below them."""

    @property
    def connection(self) -> Connection:
        """The association without I/O."""

    @property
    def error(self) -> DicomTLSError | None:
        """Why nothing can be asked or answered any more; None while it can."""

    def perform(self, outputs: Sequence[Output]) -> None:
        """Carry out what the connection asks for."""

    @property
    def is_held(self) -> bool:
        """Whether it is we who let the peer wait; not where it has asked more than was agreed."""

    def hold(self) -> None:
        """Read nothing more from the peer until :meth:`let_go`."""

    def let_go(self) -> None:
        """Take back one :meth:`hold`."""

    def when_writable(self) -> Deferred[None]:
        """Fires when the transport has room for more, or is gone."""

    def abort(self, why: str = "") -> None:
        """Abort the association."""

    def finish(self, error: DicomTLSError) -> None:
        """Tell everybody who waits that this is why nothing more can come."""

    def quiet(self) -> None:
        """No operation is outstanding any more, in either direction."""


@dataclass(slots=True)
class Progress:
    """How far a message has come on its way out.

    :ivar is_whole: whether its last byte is on its way.
    :ivar is_cut: whether nobody wants the rest: its data set ends where it is.  Who says so while
        the next block is waited for cancels that wait.
    """

    is_whole: bool = False
    is_cut: bool = False


class Wire:
    """The sending side of one association, which one message has at a time.

    Who comes first is served first.  A message whose data set is at hand goes out at once
    where the wire is free, without a turn of the reactor.

    :param channel: the protocol below.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._line = Line()

    def post(self, context_id: int, message: Message, data: bytes = b"") -> Deferred[None]:
        """Send a message whose data set, if any, is at hand; nothing where there is no association.

        :return: fires when it was written; fails where it cannot be, of which nothing was then.
        """
        if self._line.is_free:
            return maybeDeferred(self._post, context_id, message, data)

        def post(_: None) -> None:
            try:
                self._post(context_id, message, data)
            finally:
                self._line.leave()

        return self._line.enter().addCallback(post)

    async def send(
        self,
        context_id: int,
        make: Callable[[], Message],
        blocks: Blocks | None,
        broken: Callable[[BaseException], None],
        progress: Progress | None = None,
    ) -> None:
        """Send a message, and its data set as fast as the peer takes it.

        A data set that is cut short ends with an empty last fragment (PS3.8 Annex E.2), so that
        the peer, which has to read past it, knows where the next message begins.

        :param make: makes the message when the wire is free and the transport has room for it.
        :param blocks: the data set, where the message announces one; not asked for a block
            before the transport has room for it.
        :param broken: told what went wrong within the message, before the association is aborted.
        :param progress: kept up to date, and looked at after each block.
        :raises AssociationError: the association ended before or meanwhile.  Whatever is
            raised once the message has begun has aborted the association: half a message
            cannot be taken back, and must not be mistaken for a whole one.
        :raises LocalProtocolError: the message cannot be sent; nothing of it was.
        """
        if progress is None:
            progress = Progress()
        await self._line.enter()
        try:
            await self._channel.when_writable()
            self.check()
            outputs = self._channel.connection.send_message(context_id, make())
            progress.is_whole = blocks is None
            try:
                self._channel.perform(outputs)
                if blocks is not None:
                    await self._send_blocks(context_id, blocks, progress)
            except BaseException as error:
                broken(error)
                self._channel.abort(f"a request could not be sent to its end: {error}")
                raise
        finally:
            self._line.leave()

    def check(self) -> None:
        """There must be an association to send on.

        :raises AssociationError: there is none.
        """
        if self._channel.error is not None:
            raise self._channel.error
        if not self._channel.connection.can_send:
            msg = "there is no association to send on"
            raise AssociationEnded(msg)

    async def _send_blocks(self, context_id: int, blocks: Blocks, progress: Progress) -> None:
        channel = self._channel
        try:
            async with aclosing(blocks):
                async for data, last in blocks:
                    if progress.is_cut:
                        break
                    self.check()
                    progress.is_whole = last
                    channel.perform(channel.connection.send_data(context_id, data, last=last))
                    await channel.when_writable()
        except Exception:
            if not progress.is_cut:
                raise
            # Nothing that happens to a data set which nobody wants is of interest.
        if progress.is_cut and not progress.is_whole:
            self.check()
            progress.is_whole = True
            channel.perform(channel.connection.send_data(context_id, b"", last=True))

    def _post(self, context_id: int, message: Message, data: bytes) -> None:
        connection = self._channel.connection
        if not connection.can_send:
            return
        outputs = connection.send_message(context_id, message)
        if message.has_data_set:
            outputs += connection.send_data(context_id, data, last=True)
        self._channel.perform(outputs)
