"""The machine of a link: every input in every state, and every deadline."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.tls.certificates import CA
from tests.tls.pair import SERVER_NAME, join, security
from txdicomtls.errors import LinkError, LinkRefused, LinkTimeout
from txdicomtls.tls import LinkDeadlines, LinkLifecycle, LinkState

NODE = security(CA.issue(SERVER_NAME).credentials)
LINK = join(NODE, NODE).client.secure_link
REFUSED = LinkRefused("not on the list")
BROKEN = LinkError("the peer dropped the connection")
DEADLINES = LinkDeadlines(handshake=1.0, verification=2.0, association=3.0, closing=4.0)

S = LinkState
INPUTS: dict[str, Callable[[LinkLifecycle], None]] = {
    "connected": LinkLifecycle.connected,
    "handshake_completed": lambda link: link.handshake_completed(LINK),
    "admitted": LinkLifecycle.admitted,
    "refused": lambda link: link.refused(REFUSED),
    "associated": LinkLifecycle.associated,
    "close": LinkLifecycle.close,
    "lost": lambda link: link.lost(BROKEN),
    "lost in order": lambda link: link.lost(None),
}

#: How to get into each state.
PATHS: dict[LinkState, tuple[str, ...]] = {
    S.CONNECTING: (),
    S.HANDSHAKING: ("connected",),
    S.VERIFIED: ("connected", "handshake_completed"),
    S.READY: ("connected", "handshake_completed", "admitted"),
    S.ASSOCIATED: ("connected", "handshake_completed", "admitted", "associated"),
    S.CLOSING: ("connected", "handshake_completed", "admitted", "close"),
    S.CLOSED: ("connected", "handshake_completed", "admitted", "lost in order"),
}

BEFORE_CLOSING = (S.CONNECTING, S.HANDSHAKING, S.VERIFIED, S.READY, S.ASSOCIATED)

#: Where each input leads; a state that is missing is not left.
LEADS: dict[str, dict[LinkState, LinkState]] = {
    "connected": {S.CONNECTING: S.HANDSHAKING},
    "handshake_completed": {S.HANDSHAKING: S.VERIFIED},
    "admitted": {S.VERIFIED: S.READY},
    "associated": {S.READY: S.ASSOCIATED},
    "refused": dict.fromkeys(BEFORE_CLOSING, S.CLOSING),
    "close": dict.fromkeys(BEFORE_CLOSING, S.CLOSING),
    "lost": dict.fromkeys((*BEFORE_CLOSING, S.CLOSING), S.CLOSED),
    "lost in order": dict.fromkeys((*BEFORE_CLOSING, S.CLOSING), S.CLOSED),
}

#: How long each state may last.
WAITS = {S.HANDSHAKING: 1.0, S.VERIFIED: 2.0, S.READY: 3.0, S.CLOSING: 4.0}


class Actions:
    """Counts what is done to the transport."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def close(self) -> None:
        self.done.append("close")

    def abort(self) -> None:
        self.done.append("abort")


class LifecycleTestCase(SynchronousTestCase):
    def begin(
        self, state: LinkState = S.CONNECTING, deadlines: LinkDeadlines = DEADLINES
    ) -> LinkLifecycle:
        self.clock = Clock()
        self.actions = Actions()
        link = LinkLifecycle(self.clock, deadlines, self.actions)
        for name in PATHS[state]:
            INPUTS[name](link)
        self.assertIs(link.state, state)
        self.actions.done.clear()
        return link


class TransitionTests(LifecycleTestCase):
    def test_every_input_in_every_state_leads_where_it_should(self) -> None:
        for state in LinkState:
            for name, act in INPUTS.items():
                link = self.begin(state)
                act(link)
                wanted = LEADS[name].get(state, state)
                self.assertIs(link.state, wanted, f"{name} in {state}")
                closes = wanted is S.CLOSING and state is not S.CLOSING
                self.assertEqual(self.actions.done, ["close"] if closes else [], f"{name}, {state}")

    def test_every_state_lasts_as_long_as_its_deadline(self) -> None:
        for state in LinkState:
            link = self.begin(state)
            seconds = WAITS.get(state)
            if seconds is None:
                self.clock.advance(10_000)
                self.assertIs(link.state, state)
                self.assertEqual(self.actions.done, [])
                continue
            self.clock.advance(seconds - 0.001)
            self.assertIs(link.state, state)
            self.clock.advance(0.001)
            self.assertIs(link.state, S.CLOSED)
            self.assertEqual(self.actions.done, ["abort"])
            assert isinstance(link.error, LinkTimeout)
            self.assertEqual((link.error.state, link.error.seconds), (state.value, seconds))

    def test_no_deadline_is_left_behind(self) -> None:
        for state in LinkState:
            link = self.begin(state)
            self.assertLessEqual(len(self.clock.getDelayedCalls()), 1)
            link.lost(None)
            self.assertEqual(self.clock.getDelayedCalls(), [])

    @given(names=st.lists(st.sampled_from([*INPUTS, "wait"]), max_size=12))
    def test_no_order_of_inputs_breaks_it(self, names: list[str]) -> None:
        link = self.begin()
        ready, closed = link.when_ready(), link.when_closed()
        results: list[object] = []
        ready.addBoth(results.append)
        for name in names:
            if name == "wait":
                self.clock.advance(1.5)
            else:
                INPUTS[name](link)
            self.assertLessEqual(len(self.clock.getDelayedCalls()), 1)
        link.lost(None)
        self.assertIs(link.state, S.CLOSED)
        self.successResultOf(closed)
        self.assertEqual(len(results), 1)
        self.assertLessEqual(len(self.actions.done), 2)

    def test_the_wait_for_an_association_may_be_guarded_elsewhere(self) -> None:
        link = self.begin(S.READY, dataclasses.replace(DEADLINES, association=None))
        self.clock.advance(10_000)
        self.assertIs(link.state, S.READY)

    def test_late_inputs_do_not_begin_a_deadline_again(self) -> None:
        link = self.begin(S.HANDSHAKING)
        self.clock.advance(0.9)
        link.connected()
        self.clock.advance(0.2)
        self.assertIs(link.state, S.CLOSED)


class WaitingTests(LifecycleTestCase):
    def test_all_who_wait_for_the_link_get_it(self) -> None:
        link = self.begin()
        waiting = [link.when_ready() for _ in range(2)]
        link.connected()
        waiting.append(link.when_ready())
        link.handshake_completed(LINK)
        for deferred in waiting:
            self.assertNoResult(deferred)
        link.admitted()
        for deferred in (*waiting, link.when_ready()):
            self.assertIs(self.successResultOf(deferred), LINK)
        link.associated()
        self.assertIs(self.successResultOf(link.when_ready()), LINK)

    def test_the_link_is_known_before_it_is_ready(self) -> None:
        self.assertIsNone(self.begin(S.HANDSHAKING).secure_link)
        self.assertIs(self.begin(S.VERIFIED).secure_link, LINK)

    def test_a_refusal_is_what_all_who_wait_are_told(self) -> None:
        link = self.begin(S.VERIFIED)
        waiting = link.when_ready()
        link.refused(REFUSED)
        self.assertIs(self.failureResultOf(link.when_ready()).value, REFUSED)
        link.lost(BROKEN)
        self.assertIs(self.failureResultOf(waiting).value, REFUSED)
        self.assertIs(self.failureResultOf(link.when_ready()).value, REFUSED)
        self.assertIs(link.error, REFUSED)

    def test_one_who_gives_up_while_the_others_are_told_harms_nobody(self) -> None:
        link = self.begin(S.HANDSHAKING)
        first, second, third = (link.when_closed() for _ in range(3))
        first.addCallback(lambda _: second.cancel())
        link.lost(None)
        self.successResultOf(third)
        self.failureResultOf(second, CancelledError)

    def test_a_timeout_is_what_they_are_told(self) -> None:
        link = self.begin(S.HANDSHAKING)
        waiting = link.when_ready()
        self.clock.advance(1)
        self.failureResultOf(waiting, LinkTimeout)
        link.lost(BROKEN)
        self.assertIsInstance(link.error, LinkTimeout)

    def test_a_link_closed_in_order_before_it_was_ready_is_an_error_all_the_same(self) -> None:
        link = self.begin(S.HANDSHAKING)
        waiting = link.when_ready()
        link.close()
        link.lost(None)
        self.failureResultOf(waiting, LinkError)
        self.assertIsNone(link.error)

    def test_closed_is_told_whatever_the_reason(self) -> None:
        for state in LinkState:
            link = self.begin(state)
            waiting = link.when_closed()
            if state is not S.CLOSED:
                self.assertNoResult(waiting)
                link.lost(BROKEN)
            self.successResultOf(waiting)
            self.successResultOf(link.when_closed())

    def test_nobody_waiting_is_no_unhandled_error(self) -> None:
        link = self.begin(S.VERIFIED)
        link.refused(REFUSED)
        link.lost(BROKEN)
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_who_gives_up_waiting_is_forgotten(self) -> None:
        link = self.begin(S.VERIFIED)
        ready: Deferred[object] = link.when_ready()  # type: ignore[assignment]  # only cancelled
        closed: Deferred[object] = link.when_closed()  # type: ignore[assignment]  # likewise
        for waiting in (ready, closed):
            waiting.cancel()
            self.failureResultOf(waiting)
        link.admitted()
        link.lost(None)

    def test_whoever_is_told_may_use_the_link_at_once(self) -> None:
        link = self.begin(S.VERIFIED)
        seen: list[LinkState] = []

        def use(_link: object) -> None:
            seen.append(link.state)
            link.associated()
            link.close()
            seen.append(link.state)

        link.when_ready().addCallback(use)
        link.admitted()
        self.assertEqual(seen, [S.READY, S.CLOSING])
        self.assertIs(link.state, S.CLOSING)

    def test_those_who_wait_know_of_a_timeout_before_the_connection_is_dropped(self) -> None:
        link = self.begin(S.HANDSHAKING)
        link.when_ready().addErrback(lambda _failure: self.actions.done.append("told"))
        self.clock.advance(1)
        self.assertEqual(self.actions.done, ["told", "abort"])

    def test_a_transport_may_be_lost_while_it_is_closed_or_aborted(self) -> None:
        link = self.begin(S.READY)
        for name in ("close", "abort"):
            link = self.begin(S.READY)
            setattr(self.actions, name, lambda link=link: link.lost(None))
            self.clock.advance(3) if name == "abort" else link.close()
            self.assertIs(link.state, S.CLOSED)
            self.assertEqual(self.clock.getDelayedCalls(), [])
