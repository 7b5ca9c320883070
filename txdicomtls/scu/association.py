"""An association as its requestor holds it: connect, echo, store, release."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any, Self

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import clientFromString
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.protocol import Factory

from txdicomtls import uids
from txdicomtls.association import ConnectionLimits, PresentationContext, is_valid_ae_title
from txdicomtls.dimse import CEchoRQ
from txdicomtls.errors import LocalProtocolError, NoPresentationContext
from txdicomtls.interfaces import IReactor
from txdicomtls.net import RequestorProtocol, Timeouts
from txdicomtls.pdu import (
    AssociateRQ,
    AsynchronousOperationsWindow,
    PresentationContextRQ,
    UserInformation,
)
from txdicomtls.scu.store import Sent, store_files
from txdicomtls.threads import InThread, in_thread_of
from txdicomtls.tls import LinkDeadlines, SecureLink


class Association:
    """An established association.  Make one with :func:`connect`.

    It is an asynchronous context manager: released at the end of the block, aborted if the
    block raises.

    :param protocol: the protocol, associated.
    :param in_thread: runs a blocking call in a thread.
    """

    def __init__(self, protocol: RequestorProtocol, in_thread: InThread) -> None:
        self._protocol = protocol
        self._in_thread = in_thread

    @property
    def link(self) -> SecureLink:
        """What TLS negotiated, and the peer's certificates."""
        link = self._protocol.link.secure_link
        assert link is not None  # an association has a ready link
        return link

    @property
    def contexts(self) -> tuple[PresentationContext, ...]:
        """The presentation contexts that the peer accepted."""
        return tuple(self._protocol.connection.contexts.values())

    @property
    def peer(self) -> UserInformation:
        """What the peer said of itself: implementation, maximum length, what was negotiated."""
        acceptance = self._protocol.connection.acceptance
        assert acceptance is not None  # this is an association
        return acceptance.user_information

    @property
    def window(self) -> int:
        """How many operations may be outstanding at once (PS3.7 D.3.3.3)."""
        return self._protocol.connection.window.invoked

    def echo(self) -> Deferred[int]:
        """Ask whether the peer is there: C-ECHO (PS3.4 A.4).

        :return: its status, 0 for success.
        :raises txdicomtls.errors.NoPresentationContext: Verification was not accepted.
        :raises txdicomtls.errors.AssociationError: the association ended first.
        """
        return Deferred.fromCoroutine(self._echo())

    def store(self, paths: Iterable[Path]) -> AsyncIterator[Sent]:
        """Send files: C-STORE (PS3.4 B), as many at once as the window allows.

        :return: what became of each, as soon as it is known; never raises for one file.
        """
        return store_files(self._protocol, paths, self._in_thread)

    def release(self) -> Deferred[None]:
        """Release the association and close the link; fires when the peer has agreed or is gone."""
        return self._protocol.release()

    def abort(self, why: str = "") -> None:
        """Abort the association: whatever is under way fails."""
        self._protocol.abort(why)

    def when_closed(self) -> Deferred[None]:
        """Fires when the connection is gone."""
        return self._protocol.when_closed()

    async def __aenter__(self) -> Self:
        """The association itself."""
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Release, or abort where the block failed."""
        if kind is None:
            await self.release()
        else:
            self.abort("the requestor failed")

    async def _echo(self) -> int:
        for context in self.contexts:
            if context.abstract_syntax == uids.VERIFICATION:
                break
        else:
            raise NoPresentationContext(uids.VERIFICATION)
        response = await self._protocol.invoke(
            context.context_id,
            lambda message_id: CEchoRQ(
                message_id=message_id, affected_sop_class_uid=uids.VERIFICATION
            ),
        )
        return response.status


def connect(  # each is one fact of the association
    reactor: IReactor,
    endpoint: str | IStreamClientEndpoint,
    *,
    called: str,
    calling: str,
    contexts: tuple[PresentationContextRQ, ...],
    window: int = 1,
    limits: ConnectionLimits | None = None,
    timeouts: Timeouts | None = None,
    deadlines: LinkDeadlines | None = None,
) -> Deferred[Association]:
    """Open a secure link and ask for an association.

    :param endpoint: a ``dicomtls:`` client endpoint, as an object or as its string.
    :param called: AE title of the peer.
    :param calling: our AE title.
    :param contexts: what to propose, as :func:`~txdicomtls.scu.contexts_for` makes it of files.
    :param window: the most operations to have outstanding; 1 proposes nothing.
    :param limits: what the peer may make us hold.
    :param timeouts: how long the association waits.
    :param deadlines: how long the link waits.
    :return: fires with the association.  Cancelling it gives up.
    :raises txdicomtls.errors.LinkError: no secure link could be made.
    :raises txdicomtls.errors.AssociationError: the peer did not accept.
    """
    for title in (called, calling):
        if not is_valid_ae_title(title):
            msg = f"{title!r} is no AE title: 1 to 16 characters, without backslash"
            raise LocalProtocolError(msg)
    limits = limits or ConnectionLimits()
    request = AssociateRQ(
        called_ae_title=called,
        calling_ae_title=calling,
        presentation_contexts=contexts,
        user_information=UserInformation(
            maximum_length=limits.maximum_length,
            implementation_class_uid=uids.IMPLEMENTATION_CLASS_UID,
            implementation_version_name=uids.IMPLEMENTATION_VERSION_NAME,
            window=AsynchronousOperationsWindow(invoked=window, performed=1)
            if window != 1
            else None,
        ),
    )
    factory = Factory.forProtocol(
        lambda: RequestorProtocol(
            reactor, request, limits=limits, timeouts=timeouts, deadlines=deadlines
        )
    )
    factory.noisy = False
    target = clientFromString(reactor, endpoint) if isinstance(endpoint, str) else endpoint
    return Deferred.fromCoroutine(_associate(target, factory, in_thread_of(reactor)))


async def _associate(
    endpoint: IStreamClientEndpoint, factory: Factory[Any], in_thread: InThread
) -> Association:
    protocol: Any = await endpoint.connect(factory)
    await protocol.when_associated()
    return Association(protocol, in_thread)
