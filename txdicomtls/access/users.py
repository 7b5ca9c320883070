"""Checkers for users by name: with a passcode, or on the word of their node."""

from __future__ import annotations

from typing import Any

from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import Deferred, execute
from zope.interface import implementer

from txdicomtls.access.credentials import UserName, UserNameAndPasscode
from txdicomtls.access.interfaces import IUserName, IUserNameAndPasscode
from txdicomtls.access.passcodes import LONGEST_NAME, Passcodes
from txdicomtls.access.realm import VerifiedUser
from txdicomtls.access.watched_file import WatchedFile
from txdicomtls.errors import ConfigurationError, CredentialError, IdentityUnavailable
from txdicomtls.threads import InThread


@implementer(ICredentialsChecker)
class PasscodeChecker:
    """Knows users by their passcodes: user identity of type 2 (PS3.15 B.5).

    :param users: the file with the hashes of the passcodes.
    :param in_thread: runs the hashing; see :class:`~txdicomtls.access.FewThreads`.
    """

    credentialInterfaces = (IUserNameAndPasscode,)

    def __init__(self, users: WatchedFile[Passcodes], in_thread: InThread) -> None:
        self._users = users
        self._in_thread = in_thread

    def requestAvatarId(self, credentials: UserNameAndPasscode) -> Deferred[Any]:  # Twisted's name
        """Check the passcode; it takes as long where there is no such user.

        :return: the :class:`VerifiedUser`; fails with ``UnauthorizedLogin``, or with
            :class:`~txdicomtls.errors.IdentityUnavailable` where the file cannot be used.
        """
        return self._in_thread(self._check, credentials.user_name, credentials.passcode)

    def _check(self, name: bytes, passcode: bytes) -> VerifiedUser:
        try:
            users = self._users.current()
        except (CredentialError, ConfigurationError) as error:
            raise IdentityUnavailable("; ".join(str(error).splitlines())) from None
        if not users.verify(name, passcode):
            raise UnauthorizedLogin(f"no user {name[:LONGEST_NAME]!r} with this passcode")
        return VerifiedUser(name=name.decode())  # UTF-8, as all names in the file are


@implementer(ICredentialsChecker)
class UserNameChecker:
    """Believes a name without proof, because the node is known: type 1 (PS3.15 B.4)."""

    credentialInterfaces = (IUserName,)

    def requestAvatarId(self, credentials: UserName) -> Deferred[Any]:  # Twisted's name
        """Take the name.

        :return: the :class:`VerifiedUser`; fails with ``UnauthorizedLogin`` where it is no name.
        """
        return execute(_named, credentials.user_name)


def _named(name: bytes) -> VerifiedUser:
    try:
        text = name.decode()
    except UnicodeDecodeError:
        raise UnauthorizedLogin("its name is not UTF-8") from None
    if not text.strip() or not text.isprintable() or len(name) > LONGEST_NAME:
        raise UnauthorizedLogin("its name is empty, too long or not printable")
    return VerifiedUser(name=text)
