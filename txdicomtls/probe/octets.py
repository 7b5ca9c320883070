"""Numbers and vectors as TLS writes them (RFC 8446 3.3, 3.4)."""

from __future__ import annotations

from collections.abc import Iterable


class UnreadableError(ValueError):
    """Bytes of a peer are not what they should be; the text says of the peer what it did."""


class Octets:
    """Takes values from the front of a message, whose lengths may lie.

    :param content: the message.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    @property
    def is_empty(self) -> bool:
        """Whether all was taken."""
        return self._at == len(self._content)

    def take(self, size: int) -> bytes:
        """Take so many bytes.

        :raises UnreadableError: there are fewer.
        """
        part = self._content[self._at : self._at + size]
        if len(part) != size:
            raise UnreadableError("it sent a message with a length that is not true")
        self._at += size
        return part

    def number(self, size: int) -> int:
        """Take a number of so many bytes."""
        return int.from_bytes(self.take(size), "big")

    def vector(self, size: int) -> bytes:
        """Take a vector whose length has so many bytes."""
        return self.take(self.number(size))

    def rest(self) -> bytes:
        """Take all that is left."""
        return self.take(len(self._content) - self._at)


def split_vectors(content: bytes, size: int) -> tuple[bytes, ...]:
    """The vectors that follow one another, whose lengths have so many bytes.

    :raises UnreadableError: the last one is not whole.
    """
    octets = Octets(content)
    found = []
    while not octets.is_empty:
        found.append(octets.vector(size))
    return tuple(found)


def number(value: int, size: int) -> bytes:
    """Write a number in so many bytes."""
    return value.to_bytes(size, "big")


def numbers(values: Iterable[int], size: int) -> bytes:
    """Write numbers, one after the other."""
    return b"".join(number(value, size) for value in values)


def vector(content: bytes, size: int) -> bytes:
    """Write content after its length, which has so many bytes."""
    return number(len(content), size) + content
