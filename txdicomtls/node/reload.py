"""Taking up new certificates, keys, trust and revocation lists while the node runs.

Theory of operation.  A reload reads the files of every ``[tls.NAME]`` in use and makes
new securities of them.  Only when all of them are made do they take the place of
the old ones, at one moment; where one cannot be made, nothing changes, and the log
says why.  So a file that is being written, or a certificate that came before its key,
does no harm: the next look finds the rest.  Links that are there keep what they began with.

Files are looked at from time to time and not watched through the system, because they
may lie on network file systems, and be replaced by way of links of links.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from twisted.internet.defer import CancelledError, Deferred, DeferredLock, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from txdicomtls.errors import DicomTLSError, PasswordUnavailable, WrongPassword
from txdicomtls.node.file_state import state_of
from txdicomtls.threads import InThread
from txdicomtls.tls import Keyring, RotatingSecurity, Security, SecurityFiles


class Reloader:
    """Keeps the securities of a node as new as their files.

    :param clock: the reactor.
    :param in_thread: runs what blocks.
    :param every: seconds between two looks at the files; None to reload only when told.
    :param reloaded: called when there are new securities.
    """

    log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        in_thread: InThread,
        *,
        every: float | None,
        reloaded: Callable[[], None],
    ) -> None:
        self._in_thread = in_thread
        self._every = every
        self._reloaded = reloaded
        self._files: dict[str, SecurityFiles] = {}
        self._securities: dict[str, RotatingSecurity] = {}
        self._seen: object = None
        self._told = ""
        self._stopped = False
        self._keyring = Keyring()
        self._one_at_a_time = DeferredLock()
        self._running: Deferred[bool] | None = None
        self._looking: LoopingCall = LoopingCall(self._look)
        self._looking.clock = clock

    @property
    def securities(self) -> Mapping[str, RotatingSecurity]:
        """Those that there are, by the names of their sections."""
        return self._securities

    async def load(self, files: Mapping[str, SecurityFiles]) -> None:
        """Read everything for the first time, and begin to look after it.

        :raises DicomTLSError: something cannot be used.
        :raises ValueError: the same, for a profile.
        """
        self._stopped = False
        self._files = dict(files)
        try:
            self._seen = await self._state()
        except OSError:
            self._seen = None  # whoever reads the file says what is wrong with it
        made = await self._make()
        self._securities = {name: RotatingSecurity(each) for name, each in made.items()}
        if self._every is not None:
            self._looking.start(self._every, now=False)

    def stop(self) -> None:
        """Look no longer, and give up what is under way."""
        self._stopped = True
        if self._looking.running:
            self._looking.stop()
        if self._running is not None:
            self._running.cancel()

    def reload(self) -> Deferred[bool]:
        """Read everything again, when what is under way is done.

        :return: whether there are new securities; never fails.
        """
        self._told = ""  # who asks is answered, also if it is the same as the last time
        return self._one_at_a_time.run(self._begin)

    def _begin(self) -> Deferred[bool]:
        if self._stopped:
            return succeed(False)
        self._running = Deferred.fromCoroutine(self._reload())
        return self._running.addErrback(lambda failure: failure.trap(CancelledError) is None)

    async def _reload(self) -> bool:
        if not self._securities:
            self.log.warn("nothing is reloaded: the node is still starting")
            return False
        try:
            self._seen = await self._state()
            made = await self._make()
        except CancelledError:
            raise  # nobody wants to know any more
        except (DicomTLSError, ValueError, OSError) as error:
            # Told once, but tried again, because it may be the clock and not the files; a
            # password is asked for once for each change only.
            if not isinstance(error, WrongPassword | PasswordUnavailable):
                self._seen = None
            if str(error) != self._told:
                self._told = str(error)
                self.log.error(  # noqa: TRY400  # the text says it all
                    "not reloaded, everything stays as it was: {error}", error=error
                )
            return False
        except Exception:  # noqa: BLE001  # whatever it is, what there is goes on
            self.log.failure("not reloaded, everything stays as it was")
            return False
        for name, security in made.items():
            self._securities[name].replace(security)
        self._told = ""
        self.log.info(
            "reloaded: new links use the new files of {names}",
            names=", ".join(f"[tls.{name}]" for name in made),
        )
        try:
            self._reloaded()
        except Exception:  # noqa: BLE001  # it is not ours; what is new is in use already
            self.log.failure("who is told of a reload failed")
        return True

    async def _make(self) -> dict[str, Security]:
        # One after the other: two prompts for passwords would get in each other's way.
        return {
            name: await files.load(self._in_thread, self._keyring)
            for name, files in self._files.items()
        }

    def _state(self) -> Deferred[object]:
        paths = tuple(path for files in self._files.values() for path in files.files)
        return self._in_thread(state_of, paths)

    def _look(self) -> Deferred[None]:
        return Deferred.fromCoroutine(self._reload_if_changed())

    async def _reload_if_changed(self) -> None:
        try:
            changed = await self._state() != self._seen
        except OSError as error:
            self.log.warn("the files cannot be looked at, for now: {error}", error=error)
            return
        if changed:
            await self._one_at_a_time.run(self._begin)
