"""What Ctrl-C does: the first asks a command to come to an end, the second ends it at once.

A command that has begun to change something must not stop in the middle of it.  So a first
SIGINT only notes that somebody wants it to stop, and tells whoever has said that they can do so;
until somebody has, there is nothing worth ending in order.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import click

#: Exit status of a command that was interrupted: 128 and the number of the signal.
INTERRUPTED = 130


class Interruption:
    """Whether somebody wants the command to end.

    :param at_once: ends it, whatever it is doing.
    :ivar asked: somebody wants it; may be read in any thread.
    """

    def __init__(self, at_once: Callable[[], None]) -> None:
        self.asked = False
        self._at_once = at_once
        self._in_order: list[Callable[[], None]] = []

    def is_asked(self) -> bool:
        """Whether somebody wants it, for whoever looks now and then."""
        return self.asked

    @contextmanager
    def ends(self, in_order: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Within the block, the first Ctrl-C calls this instead of ending the command at once.

        :param in_order: begins to end what is under way, in the reactor thread; nothing where
            :attr:`asked` is looked at.
        """
        self._in_order.append(in_order)
        try:
            yield
        finally:
            self._in_order.remove(in_order)

    def ask(self) -> None:
        """Somebody wants the command to end."""
        again, self.asked = self.asked, True
        if again or not self._in_order:
            self._at_once()
            return
        click.echo("txdicomtls: coming to an end; Ctrl-C once more to end at once", err=True)
        for end in tuple(self._in_order):
            end()


@contextmanager
def on_sigint(call: Callable[[], None]) -> Iterator[None]:
    """Within the block SIGINT calls this, in the main thread, wherever that is just then."""

    def caught(_number: int, _frame: FrameType | None) -> None:
        call()

    before = signal.signal(signal.SIGINT, caught)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
