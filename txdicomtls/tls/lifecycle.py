"""The life of one link, with a deadline wherever something is waited for.

Theory of operation::

    connecting -> handshaking -> verified -> ready -> associated -> closing -> closed

- *connecting*: until ``connected``.  Without a deadline: who connects has its own.
- *handshaking*: until ``handshake_completed``, which brings the :class:`SecureLink`.
- *verified*: the peer is who its certificate says; until the access decision comes as
  ``admitted`` or ``refused``.
- *ready*: the link may be used; until ``associated``.  This deadline may be None, where
  the ARTIM timer of PS3.8 9.1.4 guards the same wait.
- *associated*: without a deadline: the upper layer has its own.
- *closing*: close_notify is sent; until ``lost``.
- *closed*: nothing happens any more.

``close`` and ``refused`` lead to *closing* from everywhere before it, ``lost`` to
*closed* from everywhere.  A deadline that passes aborts the connection and leads to
*closed* at once, because what comes after an abort is not worth waiting for.  An input
that is late, as a handshake that completes while the link is closing, does nothing.

The machine only decides; what it has decided is done when it has its new state, so that
whatever is called may use the link again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import Protocol

from automat import TypeMachineBuilder
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from txdicomtls.errors import LinkError, LinkTimeout
from txdicomtls.tls.secure_link import SecureLink


class LinkState(Enum):
    """Where a link is in its life."""

    CONNECTING = "connecting"
    HANDSHAKING = "handshaking"
    VERIFIED = "verified"
    READY = "ready"
    ASSOCIATED = "associated"
    CLOSING = "closing"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkDeadlines:
    """How long a link may stay in a state, in seconds.

    :param handshake: for the TLS handshake.
    :param verification: for the access decision.
    :param association: for the association to be established once the link is ready;
        None where something else guards this.
    :param closing: for the peer to answer our close_notify.
    """

    handshake: float = 10.0
    verification: float = 10.0
    association: float | None = 30.0
    closing: float = 5.0


class TransportActions(Protocol):
    """What a link does to its transport."""

    def close(self) -> None:
        """Send close_notify and close, as ``loseConnection`` does."""

    def abort(self) -> None:
        """Drop the connection, as ``abortConnection`` does."""


class _Link(Protocol):
    """The inputs of the machine."""

    def connected(self) -> None:
        """The transport is connected."""

    def handshake_completed(self, secure_link: SecureLink) -> None:
        """The TLS handshake is complete."""

    def admitted(self) -> None:
        """The access decision was yes."""

    def refused(self, error: LinkError) -> None:
        """The peer is not wanted."""

    def associated(self) -> None:
        """An association is established."""

    def close(self) -> None:
        """The link is not needed any more."""

    def lost(self, error: LinkError | None) -> None:
        """The connection is gone."""

    def expired(self, seconds: float) -> None:
        """The deadline of the state has passed."""


@dataclass
class _Core:
    """What the states share; what is to be done outside is put into ``effects``."""

    clock: IReactorTime
    deadlines: LinkDeadlines
    actions: TransportActions
    expire: Callable[[float], None]
    state: LinkState = LinkState.CONNECTING
    secure_link: SecureLink | None = None
    error: LinkError | None = None
    deadline: IDelayedCall | None = None
    awaiting_ready: list[Deferred[SecureLink]] = field(default_factory=list)
    awaiting_closed: list[Deferred[None]] = field(default_factory=list)
    effects: deque[Callable[[], object]] = field(default_factory=deque)

    def enter(self, state: LinkState, seconds: float | None = None) -> None:
        """Be in a state, for so many seconds at most."""
        if self.deadline is not None and self.deadline.active():
            self.deadline.cancel()
        self.state = state
        self.deadline = None
        if seconds is not None:
            self.deadline = self.clock.callLater(seconds, self.expire, seconds)

    def never_ready(self) -> LinkError:
        """What those are told who wait in vain."""
        return self.error or LinkError("the link was closed before it was ready")


def _begin_handshake(_link: _Link, core: _Core) -> None:
    core.enter(LinkState.HANDSHAKING, core.deadlines.handshake)


def _begin_verification(_link: _Link, core: _Core, secure_link: SecureLink) -> None:
    core.secure_link = secure_link
    core.enter(LinkState.VERIFIED, core.deadlines.verification)


def _become_ready(_link: _Link, core: _Core) -> None:
    core.enter(LinkState.READY, core.deadlines.association)
    awaiting, core.awaiting_ready = core.awaiting_ready, []
    assert core.secure_link is not None
    for waiting in awaiting:
        core.effects.append(partial(waiting.callback, core.secure_link))


def _become_associated(_link: _Link, core: _Core) -> None:
    core.enter(LinkState.ASSOCIATED)


def _close(_link: _Link, core: _Core, error: LinkError | None = None) -> None:
    core.error = core.error or error
    core.enter(LinkState.CLOSING, core.deadlines.closing)
    core.effects.append(core.actions.close)


def _end(_link: _Link, core: _Core, error: LinkError | None) -> None:
    core.error = core.error or error
    core.enter(LinkState.CLOSED)
    for ready in core.awaiting_ready:
        core.effects.append(partial(ready.errback, core.never_ready()))
    for closed in core.awaiting_closed:
        core.effects.append(partial(closed.callback, None))
    core.awaiting_ready, core.awaiting_closed = [], []


def _expire(link: _Link, core: _Core, seconds: float) -> None:
    _end(link, core, LinkTimeout(core.state.value, seconds))
    # Last, because a transport may say at once that it is lost, and that is not the reason.
    core.effects.append(core.actions.abort)


_S = LinkState
_BEFORE_CLOSING = (_S.CONNECTING, _S.HANDSHAKING, _S.VERIFIED, _S.READY, _S.ASSOCIATED)

#: Input, the states in which it does something, the state that it leads to, what it does.
_TRANSITIONS: tuple[
    tuple[Callable[..., None], tuple[LinkState, ...], LinkState, Callable[..., None]], ...
] = (
    (_Link.connected, (_S.CONNECTING,), _S.HANDSHAKING, _begin_handshake),
    (_Link.handshake_completed, (_S.HANDSHAKING,), _S.VERIFIED, _begin_verification),
    (_Link.admitted, (_S.VERIFIED,), _S.READY, _become_ready),
    (_Link.associated, (_S.READY,), _S.ASSOCIATED, _become_associated),
    (_Link.refused, _BEFORE_CLOSING, _S.CLOSING, _close),
    (_Link.close, _BEFORE_CLOSING, _S.CLOSING, _close),
    (_Link.lost, (*_BEFORE_CLOSING, _S.CLOSING), _S.CLOSED, _end),
    (_Link.expired, (_S.HANDSHAKING, _S.VERIFIED, _S.READY, _S.CLOSING), _S.CLOSED, _expire),
)


def _make_machine() -> Callable[[_Core], _Link]:
    """Build the machine; an input that the table does not have in a state does nothing there."""
    machine = TypeMachineBuilder(_Link, _Core)
    states = {state: machine.state(state.value) for state in LinkState}
    for act, sources, target, behaviour in _TRANSITIONS:
        for source, state in states.items():
            if source in sources:
                state.upon(act).to(states[target])(behaviour)
            else:
                state.upon(act).loop().returns(None)
    return machine.build()


_LinkMachine = _make_machine()


class LinkLifecycle:
    """The life of one link; every input may come in every state.

    :param clock: the reactor.
    :param deadlines: how long to wait for what.
    :param transport_actions: how to end the connection.
    """

    def __init__(
        self, clock: IReactorTime, deadlines: LinkDeadlines, transport_actions: TransportActions
    ) -> None:
        self._core = _Core(clock, deadlines, transport_actions, self._expired)
        self._machine = _LinkMachine(self._core)

    @property
    def state(self) -> LinkState:
        """Where the link is."""
        return self._core.state

    @property
    def secure_link(self) -> SecureLink | None:
        """What is known of the link; None before the handshake is done."""
        return self._core.secure_link

    @property
    def error(self) -> LinkError | None:
        """What ended the link, or is ending it; None where nothing went wrong."""
        return self._core.error

    def connected(self) -> None:
        """The transport is connected: the handshake begins."""
        self._machine.connected()

    def handshake_completed(self, secure_link: SecureLink) -> None:
        """The handshake is complete; the access decision is waited for."""
        self._machine.handshake_completed(secure_link)

    def admitted(self) -> None:
        """The access decision was yes: the link is ready."""
        self._machine.admitted()
        self._carry_out()

    def refused(self, error: LinkError) -> None:
        """The access decision was no, or came to be no: close.

        :param error: what those who wait for the link are told.
        """
        self._machine.refused(error)
        self._carry_out()

    def associated(self) -> None:
        """An association is established."""
        self._machine.associated()

    def close(self) -> None:
        """Close; abort if the peer does not answer in time."""
        self._machine.close()
        self._carry_out()

    def lost(self, error: LinkError | None) -> None:
        """The connection is gone.

        :param error: why; None where it was closed in order.
        """
        self._machine.lost(error)
        self._carry_out()

    def when_ready(self) -> Deferred[SecureLink]:
        """Wait for the link to be ready; each call gives a Deferred of its own.

        :return: fails with a :class:`~txdicomtls.errors.LinkError` where the link never
            becomes ready, or is closing already.
        """
        core = self._core
        if core.state in (LinkState.CLOSING, LinkState.CLOSED):
            return fail(core.never_ready())
        if core.secure_link is not None and core.state is not LinkState.VERIFIED:
            return succeed(core.secure_link)
        waiting: Deferred[SecureLink] = Deferred()
        core.awaiting_ready.append(waiting)
        return waiting

    def when_closed(self) -> Deferred[None]:
        """Wait for the link to be closed, for whatever reason; never fails."""
        core = self._core
        if core.state is LinkState.CLOSED:
            return succeed(None)
        waiting: Deferred[None] = Deferred()
        core.awaiting_closed.append(waiting)
        return waiting

    def _expired(self, seconds: float) -> None:
        self._machine.expired(seconds)
        self._carry_out()

    def _carry_out(self) -> None:
        """Do what the machine has decided, outside of it, because it cannot be entered twice."""
        while self._core.effects:
            self._core.effects.popleft()()
