"""A password that another program prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

from twisted.internet.defer import Deferred, fail
from twisted.internet.error import ProcessDone, ProcessExitedAlready, ProcessTerminated
from twisted.internet.interfaces import IDelayedCall, IProcessTransport, IReactorTime
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from txdicomtls.errors import PasswordUnavailable
from txdicomtls.interfaces import IPasswordSource, IReactor
from txdicomtls.tls.authority import LONGEST_PASSWORD

#: Bytes; a program that prints more is not one that prints passwords.
LARGEST_OUTPUT = 65536


@implementer(IPasswordSource)
class CommandPassword:
    """A password that is the first line of what a program prints.

    It is run without a shell, with nothing to read.  What it says on standard error goes to
    that of this process and is not looked at: it is nobody's business what is in it.

    :param command: the program and its arguments; they are shown nowhere, since they may be secret.
    :param reactor: runs it.
    :param environ: its environment, usually ``os.environ``.
    :param deadline: seconds that it may take.
    :param attempts: how often to run it, if its answer was wrong; more than once makes
        sense where it asks a person.
    """

    takes_time = True

    def __init__(
        self,
        command: Sequence[str],
        reactor: IReactor,
        environ: Mapping[str, str],
        *,
        deadline: float = 60.0,
        attempts: int = 1,
    ) -> None:
        if not command:
            raise ValueError("a command is at least the name of a program")
        self._command = tuple(command)
        self._reactor = reactor
        self._environ = environ
        self._deadline = deadline
        self.attempts = attempts
        self.interactive = attempts > 1

    def password(self, key: str, attempt: int) -> Deferred[bytes]:
        """Run the command.

        :return: fails with :class:`~txdicomtls.errors.PasswordUnavailable` where it cannot be
            run, fails, prints nothing, or takes too long.  Cancelling it kills the command.
        """
        question = _Question(key, self._command[0])
        try:
            self._reactor.spawnProcess(
                question,
                self._command[0],
                self._command,
                env=dict(self._environ),
                childFDs={0: "w", 1: "r", 2: 2},
            )
        except OSError as error:
            problem = f"{self._command[0]}, which gives its password, cannot be run"
            return fail(PasswordUnavailable(key, f"{problem}: {error.strerror}"))
        question.limit_to(self._deadline, self._reactor)
        return question.answer

    def __repr__(self) -> str:
        return f"<CommandPassword {self._command[0]}>"


class _Question(ProcessProtocol):
    """One run of the command.

    :param key: whose password it is.
    :param program: its name, for errors.
    """

    def __init__(self, key: str, program: str) -> None:
        self.answer: Deferred[bytes] = Deferred(lambda _: self._end())
        self._key = key
        self._program = program
        self._output = bytearray()
        self._overdue: IDelayedCall | None = None

    def limit_to(self, seconds: float, clock: IReactorTime) -> None:
        """End it when it takes longer."""
        if not self.answer.called:
            problem = f"has not given its password within {seconds:g} s"
            self._overdue = clock.callLater(seconds, self._fail, problem)

    def connectionMade(self) -> None:  # Twisted's name
        """It runs."""
        assert self.transport is not None
        self.transport.closeStdin()

    def outReceived(self, data: bytes) -> None:  # Twisted's name
        """It has printed something."""
        self._output += data
        if len(self._output) > LARGEST_OUTPUT:
            self._fail("prints too much to be a password")

    def processEnded(self, reason: Failure) -> None:  # Twisted's name
        """It has ended, and all that it printed is known."""
        line = bytes(self._output.split(b"\n", 1)[0].rstrip(b"\r"))
        end = reason.value
        if isinstance(end, ProcessTerminated) and end.signal is not None:
            self._fail(f"was ended by signal {end.signal}")
        elif not isinstance(end, ProcessDone):
            self._fail(f"failed with exit status {getattr(end, 'exitCode', None)}")
        elif not line:
            self._fail("printed no password")
        elif len(line) > LONGEST_PASSWORD:
            self._fail("printed a first line that is too long for a password")
        elif not self.answer.called:
            self._end()
            self.answer.callback(line)

    def _fail(self, problem: str) -> None:
        if not self.answer.called:
            self._end()
            text = f"{self._program}, which gives its password, {problem}"
            self.answer.errback(PasswordUnavailable(self._key, text))

    def _end(self) -> None:
        """Leave nothing behind: no process, no pipe, no deadline, no secret."""
        self._output.clear()
        if self._overdue is not None and self._overdue.active():
            self._overdue.cancel()
        transport: IProcessTransport | None = self.transport
        if transport is not None:
            with suppress(ProcessExitedAlready):
                transport.signalProcess("KILL")
            transport.loseConnection()
