"""Asking a person at the terminal of this process for what must not be shown."""

from __future__ import annotations

import os
import select
import termios
import threading
from pathlib import Path

#: The terminal that this process belongs to; a daemon in the background has none.
TERMINAL = Path("/dev/tty")

#: Seconds between two looks at whether the answer is still wanted.
_LOOK = 0.1


def ask_at_terminal(prompt: str, given_up: threading.Event, terminal: Path = TERMINAL) -> bytes:
    """Ask a question and read one line, without showing it; blocks.

    ``getpass`` does not serve here: nothing but a key press would end its wait, and so
    neither the question nor the process.

    :param prompt: the question.
    :param given_up: takes the question back once it is set.
    :param terminal: where to ask.
    :return: the answer as it was typed, without the end of the line.
    :raises EOFError: the person ended the input, or the question was taken back.
    :raises OSError: there is no terminal.
    """
    descriptor = os.open(terminal, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        with _Hidden(descriptor):
            os.write(descriptor, prompt.encode())
            try:
                return _line(descriptor, given_up)
            finally:
                # The end of line that the person typed was not shown either.
                os.write(descriptor, b"\n")
    except termios.error as error:
        raise OSError(f"{terminal} is no terminal") from error
    finally:
        os.close(descriptor)


class _Hidden:
    """While it is entered, a terminal does not show what is typed."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._before = termios.tcgetattr(descriptor)

    def __enter__(self) -> None:
        attributes = list(self._before)
        attributes[3] = (attributes[3] & ~termios.ECHO) | termios.ICANON
        # What was typed before the question is no answer to it.
        termios.tcsetattr(self._descriptor, termios.TCSAFLUSH, attributes)

    def __exit__(self, *_: object) -> None:
        termios.tcsetattr(self._descriptor, termios.TCSAFLUSH, self._before)


def _line(descriptor: int, given_up: threading.Event) -> bytes:
    while not given_up.is_set():
        ready, _, _ = select.select([descriptor], [], [], _LOOK)
        if ready:
            line = os.read(descriptor, 4096)
            if not line:
                raise EOFError("the input was ended")
            return line.rstrip(b"\r\n")
    raise EOFError("the question was taken back")
