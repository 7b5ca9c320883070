"""Private keys that were opened, so that nobody is asked twice for the password of one.

One keyring serves all sections of a configuration, and their reloads.  It remembers the
key, not the password: that is forgotten as soon as it was tried.  A key is known by
what is in its file, so another file with the same key is not asked for either, and one
that has changed is.  While the password of a key is asked for, whoever else needs that
key waits for the same answer; and people get one question at a time.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from twisted.internet.defer import Deferred, DeferredLock
from twisted.logger import Logger

from txdicomtls.errors import CredentialError, PasswordUnavailable, WrongPassword
from txdicomtls.interfaces import IPasswordSource
from txdicomtls.threads import InThread
from txdicomtls.tls.private_keys import KeyFile, OpenedKey, open_key

#: How often a person is asked, where the source of the password does not say.
ATTEMPTS = 3


class Keyring:
    """Opens private keys, and remembers those that took a password."""

    log = Logger()

    def __init__(self) -> None:
        self._opened: dict[Path, tuple[bytes, OpenedKey]] = {}
        self._turns: dict[bytes, DeferredLock] = {}
        self._person = DeferredLock()
        self._awaited: Counter[str] = Counter()

    @property
    def awaited(self) -> tuple[str, ...]:
        """The keys whose passwords are being waited for, as their paths."""
        return tuple(self._awaited)

    def open(
        self,
        file: KeyFile,
        source: IPasswordSource | None,
        *,
        in_thread: InThread,
        attempts: int = ATTEMPTS,
    ) -> Deferred[OpenedKey]:
        """Open a private key, with a password if it takes one.

        :param file: the key.
        :param source: asked for the password, unless the key is known already.
        :param in_thread: runs the decoding.
        :param attempts: how often to ask a source that may answer differently each time
            and does not say how often itself, by an attribute ``attempts``.
        :return: fails with :class:`~txdicomtls.errors.CredentialError` where the key cannot
            be used, :class:`~txdicomtls.errors.WrongPassword` after the last attempt, and
            what the source fails with.  Cancelling it cancels the question.
        """
        if not file.encrypted:
            return in_thread(open_key, file)
        return Deferred.fromCoroutine(self._in_turn(file, source, in_thread, attempts))

    async def _in_turn(
        self, file: KeyFile, source: IPasswordSource | None, in_thread: InThread, attempts: int
    ) -> OpenedKey:
        digest = file.digest
        turn = self._turns.setdefault(digest, DeferredLock())
        await turn.acquire()
        try:
            key = self._known(digest)
            if key is None:
                key = await self._ask(file, source, in_thread, attempts)
            self._opened[file.path] = (digest, key)
            return key
        finally:
            turn.release()
            if not turn.locked and self._turns.get(digest) is turn:
                del self._turns[digest]

    def _known(self, digest: bytes) -> OpenedKey | None:
        return next((key for known, key in self._opened.values() if known == digest), None)

    async def _ask(
        self, file: KeyFile, source: IPasswordSource | None, in_thread: InThread, attempts: int
    ) -> OpenedKey:
        if source is None:
            raise CredentialError(
                file.path, "this private key is encrypted, and no password is configured"
            )
        # A source that does not say is asked again: at worst it gives the same answer.
        interactive = getattr(source, "interactive", True)
        attempts = getattr(source, "attempts", attempts) if interactive else 1
        if attempts < 1:
            raise ValueError("a password must be asked for at least once")
        name = str(file.path)
        if not getattr(source, "takes_time", interactive):
            return await _attempt_all(file, source, in_thread, attempts)
        self._awaited[name] += 1
        try:
            self.log.info("waiting for the password of {key}", key=name)
            if not interactive:
                return await _attempt_all(file, source, in_thread, attempts)
            await self._person.acquire()
            try:
                return await _attempt_all(file, source, in_thread, attempts)
            finally:
                self._person.release()
        finally:
            self._awaited -= Counter([name])


async def _attempt_all(
    file: KeyFile, source: IPasswordSource, in_thread: InThread, attempts: int
) -> OpenedKey:
    for attempt in range(1, attempts + 1):
        key = await _attempt(file, source, in_thread, attempt)
        if key is not None:
            return key
    raise WrongPassword(file.path)


async def _attempt(
    file: KeyFile, source: IPasswordSource, in_thread: InThread, attempt: int
) -> OpenedKey | None:
    """Ask once; None where the answer is wrong."""
    password = await source.password(str(file.path), attempt)
    try:
        if not isinstance(password, bytes):
            raise PasswordUnavailable(file.path, "what gives its password must give bytes")
        # None would mean that there is no encryption, and so does an empty password below us.
        return await in_thread(open_key, file, password) if password else None
    except WrongPassword:
        return None
    except CredentialError as error:
        # Its traceback, and that of its cause, lead to where the password still is.
        error.__context__ = None
        raise error.with_traceback(None) from None
    finally:
        del password
