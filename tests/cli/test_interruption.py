"""What Ctrl-C does."""

from __future__ import annotations

import os
import signal

import click
from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.cli.interruption import Interruption, on_sigint


class InterruptionTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.called: list[str] = []
        self.said: list[str] = []
        self.patch(click, "echo", lambda text, **_: self.said.append(text))
        self.interruption = Interruption(lambda: self.called.append("at once"))

    def test_where_nothing_can_end_in_order_the_first_ends_at_once(self) -> None:
        self.interruption.ask()
        self.assertEqual((["at once"], True), (self.called, self.interruption.asked))

    def test_the_first_asks_and_the_second_ends_at_once(self) -> None:
        with self.interruption.ends(lambda: self.called.append("in order")):
            self.assertFalse(self.interruption.is_asked())
            self.interruption.ask()
            self.assertTrue(self.interruption.is_asked())
            self.assertEqual(["in order"], self.called)
            self.interruption.ask()
        self.assertEqual(["in order", "at once"], self.called)
        (line,) = self.said
        self.assertIn("Ctrl-C once more to end at once", line)

    def test_what_has_ended_is_not_asked_to(self) -> None:
        with self.interruption.ends(lambda: self.called.append("in order")):
            pass
        self.interruption.ask()
        self.assertEqual(["at once"], self.called)

    def test_the_handler_of_before_is_there_again(self) -> None:
        before = signal.getsignal(signal.SIGINT)
        with on_sigint(lambda: self.called.append("signal")):
            os.kill(os.getpid(), signal.SIGINT)
        self.assertEqual(["signal"], self.called)
        self.assertIs(before, signal.getsignal(signal.SIGINT))
