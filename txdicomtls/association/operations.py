"""Operations invoked and not yet answered: message IDs and the window (PS3.7 D.3.3.3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

from txdicomtls.errors import LocalProtocolError, RemoteProtocolError

T = TypeVar("T")

#: Message ID is an unsigned short; 0 is legal, but some peers take it for "none".
_LARGEST_MESSAGE_ID = 0xFFFF


class OutstandingOperations(Generic[T]):
    """What one side has invoked and waits for.

    :param window: how many may be outstanding at once.
    """

    def __init__(self, window: int) -> None:
        self.window = window
        self._waiting: dict[int, T] = {}
        self._last_id = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[T]:
        """Those there are now, the oldest first."""
        return iter(tuple(self._waiting.values()))

    @property
    def full(self) -> bool:
        """Whether one must be answered before the next may be invoked."""
        return len(self._waiting) >= self.window

    def invoke(self, operation: T) -> int:
        """Note an operation as outstanding.

        :return: its Message ID, unique among those outstanding.
        :raises LocalProtocolError: the window is full.
        """
        if self.full:
            msg = f"{self.window} operations are outstanding already, which is all that was agreed"
            raise LocalProtocolError(msg)
        message_id = self._last_id
        while True:
            message_id = message_id % _LARGEST_MESSAGE_ID + 1
            if message_id not in self._waiting:
                break
        self._last_id = message_id
        self._waiting[message_id] = operation
        return message_id

    def get(self, message_id: int) -> T:
        """The operation that a response is for; it stays outstanding.

        :raises RemoteProtocolError: nobody waits for this message ID.
        """
        try:
            return self._waiting[message_id]
        except KeyError:
            msg = f"a response came to message {message_id}, which is not outstanding"
            raise RemoteProtocolError(msg) from None

    def done(self, message_id: int) -> T:
        """The final response has come: the operation is outstanding no more.

        :return: the operation that it is for.
        :raises RemoteProtocolError: nobody waits for this message ID.
        """
        operation = self.get(message_id)
        del self._waiting[message_id]
        return operation

    def withdraw(self, operation: T) -> bool:
        """Forget an operation, because it was not sent after all.

        :return: whether it was outstanding.
        """
        for message_id, each in self._waiting.items():
            if each is operation:
                del self._waiting[message_id]
                return True
        return False

    def drain(self) -> list[T]:
        """Forget all of them, because no answer can come; returns them, the oldest first."""
        operations = list(self._waiting.values())
        self._waiting.clear()
        return operations
