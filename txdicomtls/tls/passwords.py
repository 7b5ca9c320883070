"""Where the password of an encrypted private key comes from.

Each class is an :class:`~txdicomtls.interfaces.IPasswordSource`.  Its attribute
``interactive`` says whether asking again can give another answer: where it
cannot, a wrong password is an error at once; where it can, ``attempts`` says
how often it is asked.  ``takes_time`` says whether the answer may be long in
coming, so that a log says what is waited for.  No ``repr`` here shows a secret.
"""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import cast

from twisted.internet.defer import Deferred, fail, maybeDeferred, succeed
from twisted.python.failure import Failure
from zope.interface import implementer

from txdicomtls.errors import PasswordUnavailable
from txdicomtls.interfaces import IPasswordSource
from txdicomtls.threads import InThread
from txdicomtls.tls.authority import LONGEST_PASSWORD
from txdicomtls.tls.terminal import ask_at_terminal


@implementer(IPasswordSource)
class FixedPassword:
    """A password that is known already.

    :param password: as bytes, because keys are encrypted with bytes.
    """

    interactive = False
    takes_time = False

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
    takes_time = False

    def __init__(self, path: Path, in_thread: InThread) -> None:
        self._path = path
        self._in_thread = in_thread

    def password(self, key: str, attempt: int) -> Deferred[bytes]:
        """Read the password.

        :return: fails with :class:`~txdicomtls.errors.PasswordUnavailable` where the file
            cannot be read.
        """
        return self._in_thread(_first_line_of, self._path, key)

    def __repr__(self) -> str:
        return f"<FilePassword {self._path}>"


@implementer(IPasswordSource)
class EnvironmentPassword:
    """A password in an environment variable.

    :param name: of the variable.
    :param environ: the environment, usually ``os.environ``.
    """

    interactive = False
    takes_time = False

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


@implementer(IPasswordSource)
class SystemdCredential:
    """A password that systemd hands to its unit, in a file that only the unit sees.

    :param name: as in ``LoadCredentialEncrypted=NAME:...`` of the unit.
    :param environ: has ``CREDENTIALS_DIRECTORY``; usually ``os.environ``.
    :param in_thread: runs the reading.
    :raises ValueError: systemd has no credentials of such a name.
    """

    interactive = False
    takes_time = False

    def __init__(self, name: str, environ: Mapping[str, str], in_thread: InThread) -> None:
        if not name or "/" in name or name in (".", ".."):
            raise ValueError(f"{name!r} is not the name of a credential")
        self._name = name
        self._environ = environ
        self._in_thread = in_thread

    def password(self, key: str, attempt: int) -> Deferred[bytes]:
        """Read the credential.

        :return: fails with :class:`~txdicomtls.errors.PasswordUnavailable` where there is none.
        """
        directory = self._environ.get("CREDENTIALS_DIRECTORY")
        if not directory:
            problem = (
                f"its password is the systemd credential {self._name}, and there are none here: "
                f"put LoadCredential={self._name}:FILE into the unit"
            )
            return fail(PasswordUnavailable(key, problem))
        return self._in_thread(_first_line_of, Path(directory, self._name), key)

    def __repr__(self) -> str:
        return f"<SystemdCredential {self._name}>"


@implementer(IPasswordSource)
class CallablePassword:
    """A password that the application gets in its own way.

    :param get: given the name of the key and the number of the attempt; gives the password
        or waits for it, as a Deferred or a coroutine.  It raises
        :class:`~txdicomtls.errors.PasswordUnavailable` where it has none, and is cancelled
        as that Deferred.
    :param attempts: how often to ask it, if its answer was wrong.
    """

    takes_time = True

    def __init__(
        self, get: Callable[[str, int], bytes | Awaitable[bytes]], *, attempts: int = 1
    ) -> None:
        # All three are alike to maybeDeferred, which has no type for one that may be any.
        self._get = cast("Callable[[str, int], Deferred[bytes]]", get)
        self.attempts = attempts
        self.interactive = attempts > 1

    def password(self, key: str, attempt: int) -> Deferred[bytes]:
        """Call it."""
        return maybeDeferred(self._get, key, attempt)

    def __repr__(self) -> str:
        return "<CallablePassword>"


@implementer(IPasswordSource)
class PromptPassword:
    """A password that a person types.

    :param in_thread: runs ``ask``.
    :param ask: blocks until there is an answer; takes the prompt, and an event that is set
        when nobody wants the answer any longer.
    :param attempts: how often to ask, if the answer was wrong.
    """

    interactive = True
    takes_time = True

    def __init__(
        self,
        in_thread: InThread,
        ask: Callable[[str, threading.Event], bytes] = ask_at_terminal,
        *,
        attempts: int = 3,
    ) -> None:
        self._ask = ask
        self._in_thread = in_thread
        self.attempts = attempts

    def password(self, key: str, attempt: int) -> Deferred[bytes]:
        """Ask the person.

        :return: fails with :class:`~txdicomtls.errors.PasswordUnavailable` where there
            is nobody to ask.  Cancelling it takes the question back.
        """
        given_up = threading.Event()
        answer: Deferred[bytes] = Deferred(lambda _: given_up.set())

        def give(result: bytes | Failure) -> None:
            if not given_up.is_set():
                answer.callback(result)

        self._in_thread(self._prompt, key, attempt, given_up).addBoth(give)
        return answer

    def _prompt(self, key: str, attempt: int, given_up: threading.Event) -> bytes:
        prompt = f"Password of {key}: "
        if attempt > 1:
            count = f"attempt {attempt} of {self.attempts}"
            prompt = f"That was wrong. Password of {key} ({count}): "
        try:
            return self._ask(prompt, given_up)
        except (EOFError, KeyboardInterrupt, OSError):
            raise PasswordUnavailable(
                key, "nobody answered the question for its password"
            ) from None

    def __repr__(self) -> str:
        return "<PromptPassword>"


def _first_line_of(path: Path, key: str) -> bytes:
    """Read the first line of a file; blocks."""
    try:
        with path.open("rb") as file:
            line = file.readline(LONGEST_PASSWORD + 2)
    except OSError as error:
        raise PasswordUnavailable(
            key, f"its password cannot be read from {path}: {error.strerror}"
        ) from None
    return line.rstrip(b"\r\n")
