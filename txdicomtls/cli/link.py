"""The way from a command to an association: whom to call, as whom, and by which certificates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click
from twisted.internet.defer import Deferred

from txdicomtls.errors import PasswordUnavailable
from txdicomtls.interfaces import IReactor
from txdicomtls.net import ClientEndpoint, Timeouts
from txdicomtls.pdu import PresentationContextRQ
from txdicomtls.scu import Association, PositiveResponse, Retry, UserIdentity, connect
from txdicomtls.threads import in_thread_of
from txdicomtls.tls import (
    CredentialFiles,
    FilePassword,
    InThread,
    LinkDeadlines,
    PromptPassword,
    Revocation,
    SecurityFiles,
    TrustFiles,
)

#: More than what a user identity can hold (PS3.7 D.3.3.7.1).
_LONGEST = 1 << 17

#: A node that knows nothing of user identities takes the association all the same.
_ASKED = PositiveResponse.REQUESTED


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkOptions:
    """Whom to call, as whom, and by which certificates."""

    host: str
    port: int
    certificate: Path | None
    private_key: Path | None
    trust: Path | None
    pinned: Path | None
    crls: Path | None
    profile: str
    verify_name: bool
    password_file: Path | None
    called: str
    calling: str
    timeout: float
    retry: int
    user: str | None
    passcode_file: Path | None
    jwt_file: Path | None

    def associate(
        self, reactor: IReactor, contexts: Iterable[PresentationContextRQ], *, window: int = 1
    ) -> Deferred[Association]:
        """Connect and associate.

        :param reactor: the reactor.
        :param contexts: the presentation contexts to propose.
        :param window: the most operations to have outstanding.
        """
        return Deferred.fromCoroutine(self._associate(reactor, contexts, window))

    @property
    def trusts_someone(self) -> bool:
        """Whether there is anybody whom the node's certificate may come from."""
        return self.trust is not None or self.pinned is not None

    def files(self, in_thread: InThread) -> SecurityFiles:
        """What the link is made of."""
        shown = (
            CredentialFiles(
                certificate=self.certificate,
                private_key=self.private_key,
                password=(
                    FilePassword(self.password_file, in_thread)
                    if self.password_file
                    else PromptPassword(in_thread)
                ),
            )
            if self.certificate
            else None
        )
        return SecurityFiles(
            credentials=(shown,) if shown else (),
            trust=TrustFiles(
                authorities=(self.trust,) if self.trust else (),
                pinned=(self.pinned,) if self.pinned else (),
                crls=(self.crls,) if self.crls else (),
                revocation=Revocation.LEAF if self.crls else Revocation.NONE,
            ),
            profile=self.profile,
            verify_names=self.verify_name,
        )

    def identity(self) -> UserIdentity | None:
        """Who the user is; None where nobody asks to say so.  Blocks.

        :raises PasswordUnavailable: one of the files cannot be read.
        :raises LocalProtocolError: what it holds is empty, or too long to be sent.
        """
        if self.jwt_file is not None:
            token = _text(self.jwt_file, _read(self.jwt_file).strip())
            return UserIdentity.jwt(token, positive_response=_ASKED)
        if self.user is None:
            return None
        if self.passcode_file is None:
            return UserIdentity.name(self.user, positive_response=_ASKED)
        passcode = _read(self.passcode_file).split(b"\n", 1)[0].rstrip(b"\r")
        return UserIdentity.passcode(
            self.user, _text(self.passcode_file, passcode), positive_response=_ASKED
        )

    async def _associate(
        self, reactor: IReactor, contexts: Iterable[PresentationContextRQ], window: int
    ) -> Association:
        in_thread = in_thread_of(reactor)
        identity = await in_thread(self.identity)
        endpoint = ClientEndpoint(
            reactor,
            self.host,
            self.port,
            partial(self.files(in_thread).load, in_thread),
            timeout=self.timeout,
        )
        if not self.verify_name:
            click.echo(
                f"txdicomtls: WARNING: whether this is {self.host} is not verified: whoever has a "
                "certificate that is trusted here can pass for it",
                err=True,
            )
        return await connect(
            reactor,
            endpoint,
            called=self.called,
            calling=self.calling,
            contexts=contexts,
            window=window,
            identity=identity,
            timeouts=Timeouts(association=self.timeout, response=self.timeout),
            deadlines=LinkDeadlines(handshake=self.timeout),
            retry=Retry(attempts=1 + self.retry),
        )


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_LONGEST)
    except OSError as error:
        raise PasswordUnavailable(path, f"cannot be read: {error.strerror}") from error


def _text(path: Path, value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        raise PasswordUnavailable(path, "is no text in UTF-8") from None
