"""Where the password of an encrypted private key comes from.

Each class is an :class:`~txdicomtls.interfaces.IPasswordSource`.  Its attribute
``interactive`` says whether asking again can give another answer: where it
cannot, a wrong password is an error at once.  No ``repr`` here shows a secret.
"""

from __future__ import annotations

import getpass
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

from twisted.internet.defer import Deferred, fail, succeed
from zope.interface import implementer

from txdicomtls.errors import PasswordUnavailable
from txdicomtls.interfaces import IPasswordSource
from txdicomtls.threads import InThread
from txdicomtls.tls.authority import LONGEST_PASSWORD


@implementer(IPasswordSource)
class FixedPassword:
    """A password that is known already.

    :param password: as bytes, because keys are encrypted with bytes.
    """

    interactive = False

    def __init__(self, password: bytes) -> None:
        self._password = password

    def password(self, key: str, attempt: int) -> Deferred[bytes]:
        """Give the password."""
        return succeed(self._password)

    def __repr__(self) -> str:
        return "<FixedPassword>"


@implementer(IPasswordSource)
class FilePassword:
    """A password that is the first line of a file, read each time it is asked for.

    :param path: the file.
    :param in_thread: runs the reading.
    """

    interactive = False

    def __init__(self, path: Path, in_thread: InThread) -> None:
        self._path = path
        self._in_thread = in_thread

    def password(self, key: str, attempt: int) -> Deferred[bytes]:
        """Read the password.

        :return: fails with :class:`~txdicomtls.errors.PasswordUnavailable` where the file
            cannot be read.
        """
        return self._in_thread(self._read, key)

    def _read(self, key: str) -> bytes:
        try:
            with self._path.open("rb") as file:
                line = file.readline(LONGEST_PASSWORD + 2)
        except OSError as error:
            raise PasswordUnavailable(
                key, f"its password cannot be read from {self._path}: {error.strerror}"
            ) from None
        return line.rstrip(b"\r\n")

    def __repr__(self) -> str:
        return f"<FilePassword {self._path}>"


@implementer(IPasswordSource)
class EnvironmentPassword:
    """A password in an environment variable.

    :param name: of the variable.
    :param environ: the environment, usually ``os.environ``.
    """

    interactive = False

    def __init__(self, name: str, environ: Mapping[str, str]) -> None:
        self._name = name
        self._environ = environ

    def password(self, key: str, attempt: int) -> Deferred[bytes]:
        """Read the variable.

        :return: fails with :class:`~txdicomtls.errors.PasswordUnavailable` where it is not set.
        """
        value = self._environ.get(self._name)
        if value is None:
            problem = f"the environment variable {self._name} with its password is not set"
            return fail(PasswordUnavailable(key, problem))
        return succeed(value.encode("utf-8", "surrogateescape"))

    def __repr__(self) -> str:
        return f"<EnvironmentPassword {self._name}>"


def ask_at_terminal(prompt: str) -> str:
    """Ask a person at the terminal of this process, without showing the answer.

    :raises EOFError: there is no terminal, or the person ended the input.
    """
    with warnings.catch_warnings():
        # Without a terminal getpass would warn, and show what is typed.
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return getpass.getpass(prompt)
        except getpass.GetPassWarning:
            raise EOFError("there is no terminal to ask at") from None


@implementer(IPasswordSource)
class PromptPassword:
    """A password that a person types.

    :param in_thread: runs ``ask``.
    :param ask: blocks until there is an answer; takes the prompt.
    """

    interactive = True

    def __init__(self, in_thread: InThread, ask: Callable[[str], str] = ask_at_terminal) -> None:
        self._ask = ask
        self._in_thread = in_thread

    def password(self, key: str, attempt: int) -> Deferred[bytes]:
        """Ask the person.

        :return: fails with :class:`~txdicomtls.errors.PasswordUnavailable` where there
            is nobody to ask.  Cancelling it gives the question up; an answer that
            comes later is forgotten.
        """
        return self._in_thread(self._prompt, key, attempt)

    def _prompt(self, key: str, attempt: int) -> bytes:
        again = "That was wrong. " if attempt > 1 else ""
        try:
            return self._ask(f"{again}Password of {key}: ").encode()
        except (EOFError, KeyboardInterrupt, OSError):
            raise PasswordUnavailable(
                key, "nobody answered the question for its password"
            ) from None

    def __repr__(self) -> str:
        return "<PromptPassword>"
