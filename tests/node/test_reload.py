"""New files while the node runs: all of them at one moment, or none."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, cast
from unittest import mock

from twisted.internet.defer import Deferred, fail
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from tests.archive.doubles import at_once
from tests.running import make_certificates
from txdicomtls.errors import CredentialError, PasswordUnavailable
from txdicomtls.node.reload import Reloader
from txdicomtls.tls import CredentialFiles, SecurityFiles, TrustFiles


class ReloaderTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.directory = Path(self.mktemp()).absolute()
        self.directory.mkdir()
        for name in ("one", "two"):
            self.put(name)
        self.clock = Clock()
        self.reloaded = 0
        self.reloader = Reloader(self.clock, at_once, every=10, reloaded=self.count)
        self.addCleanup(self.reloader.stop)
        self.successResultOf(
            Deferred.fromCoroutine(
                self.reloader.load({name: self.files(name) for name in ("one", "two")})
            )
        )
        self.before = self.current()
        self.events: list[Any] = []
        observer = cast("ILogObserver", self.events.append)
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)

    def count(self) -> None:
        self.reloaded += 1

    def put(self, name: str) -> None:
        """New certificates in the place of those that there may be."""
        fresh = make_certificates(Path(self.mktemp()).absolute()).directory
        (self.directory / name).mkdir(exist_ok=True)
        for each in ("node.crt", "node.key", "ca.crt"):
            shutil.copy2(fresh / each, self.directory / name / each)

    def files(self, name: str) -> SecurityFiles:
        directory = self.directory / name
        shown = CredentialFiles(
            certificate=directory / "node.crt", private_key=directory / "node.key"
        )
        return SecurityFiles(
            credentials=(shown,), trust=TrustFiles(authorities=(directory / "ca.crt",))
        )

    def current(self) -> dict[str, object]:
        return {name: each.current for name, each in self.reloader.securities.items()}

    def changed(self) -> list[str]:
        """Names of the securities that are new."""
        return [name for name, each in self.current().items() if each is not self.before[name]]

    def said(self) -> str:
        return "\n".join(formatEvent(event) for event in self.events)

    def test_all_are_replaced_at_once_when_told(self) -> None:
        self.assertTrue(self.successResultOf(self.reloader.reload()))
        self.assertEqual((["one", "two"], 1), (self.changed(), self.reloaded))
        self.assertIn("reloaded: new links use the new files of [tls.one], [tls.two]", self.said())

    def test_where_one_cannot_be_used_none_is_replaced(self) -> None:
        self.put("one")
        (self.directory / "two" / "node.key").write_text("no key")
        self.assertFalse(self.successResultOf(self.reloader.reload()))
        self.assertEqual(([], 0), (self.changed(), self.reloaded))
        self.assertIn("not reloaded, everything stays as it was: ", self.said())
        self.assertIn("node.key", self.said())

    def test_a_change_is_found_by_itself(self) -> None:
        self.clock.advance(10)
        self.assertEqual([], self.changed())
        self.put("two")
        self.clock.advance(9)
        self.assertEqual([], self.changed())
        self.clock.advance(1)
        self.assertEqual(["one", "two"], self.changed())

    def test_a_change_that_is_not_complete_is_tried_again_when_it_is(self) -> None:
        fresh = make_certificates(Path(self.mktemp()).absolute()).directory
        place = self.directory / "one"
        shutil.copy2(fresh / "node.crt", place)
        self.clock.advance(10)
        self.assertEqual([], self.changed())
        self.assertIn("does not belong", self.said())
        shutil.copy2(fresh / "node.key", place)
        self.clock.advance(10)
        self.assertEqual(["one", "two"], self.changed())

    def test_a_change_that_cannot_be_used_is_told_once(self) -> None:
        (self.directory / "one" / "node.key").write_text("no key")
        for _ in range(5):
            self.clock.advance(10)
        self.assertEqual(1, self.said().count("not reloaded"))

    def test_who_asks_is_answered_each_time(self) -> None:
        (self.directory / "one" / "node.key").write_text("no key")
        for _ in range(3):
            self.assertFalse(self.successResultOf(self.reloader.reload()))
        self.assertEqual(3, self.said().count("not reloaded"))

    def test_what_may_not_be_looked_at_is_one_line_for_who_asks(self) -> None:
        def cannot(*_: Any) -> Deferred[Any]:
            return fail(PermissionError(13, "Permission denied"))

        self.patch(self.reloader, "_in_thread", cannot)
        self.assertFalse(self.successResultOf(self.reloader.reload()))
        self.assertIn("not reloaded, everything stays as it was: [Errno 13]", self.said())

    def test_a_file_that_is_gone_changes_nothing(self) -> None:
        (self.directory / "one" / "ca.crt").unlink()
        self.clock.advance(10)
        self.assertEqual([], self.changed())
        self.assertIn("there is no such file", self.said())

    def test_it_can_be_left_to_those_who_tell(self) -> None:
        reloader = Reloader(self.clock, at_once, every=None, reloaded=self.count)
        self.successResultOf(Deferred.fromCoroutine(reloader.load({"one": self.files("one")})))
        kept = reloader.securities["one"].current
        self.put("one")
        self.clock.advance(1000)
        self.assertIs(kept, reloader.securities["one"].current)

    def test_before_the_first_load_there_is_nothing_to_reload(self) -> None:
        reloader = Reloader(self.clock, at_once, every=10, reloaded=self.count)
        self.assertFalse(self.successResultOf(reloader.reload()))

    def test_when_it_is_stopped_it_looks_no_longer(self) -> None:
        self.reloader.stop()
        self.put("one")
        self.clock.advance(100)
        self.assertEqual([], self.changed())
        self.assertEqual([], self.clock.getDelayedCalls())

    def test_a_look_that_fails_is_not_the_last(self) -> None:
        def cannot(*_: Any) -> Deferred[Any]:
            return fail(PermissionError(13, "Permission denied"))

        self.patch(self.reloader, "_in_thread", cannot)
        self.clock.advance(10)
        self.assertIn("cannot be looked at, for now: [Errno 13] Permission denied", self.said())
        self.patch(self.reloader, "_in_thread", at_once)
        self.put("one")
        self.clock.advance(10)
        self.assertEqual(["one", "two"], self.changed())

    def test_what_fails_for_a_while_is_tried_again_without_a_change(self) -> None:
        self.put("one")
        later = CredentialError("node.crt", "this certificate is not valid before 12:01")
        with mock.patch.object(SecurityFiles, "load", lambda *_: fail(later)):
            for _ in range(3):
                self.clock.advance(10)
        self.assertEqual(1, self.said().count("not valid before"))
        self.clock.advance(10)
        self.assertEqual(["one", "two"], self.changed())

    def test_nobody_is_asked_for_a_password_again_without_a_change(self) -> None:
        self.put("one")
        asked = []

        def load(*_: Any) -> Deferred[Any]:
            asked.append(1)
            return fail(PasswordUnavailable("node.key", "nobody answered"))

        with mock.patch.object(SecurityFiles, "load", load):
            for _ in range(5):
                self.clock.advance(10)
        self.assertEqual(1, len(asked))

    def test_who_is_told_of_it_and_fails_harms_nothing(self) -> None:
        def broken() -> None:
            raise ZeroDivisionError

        self.patch(self.reloader, "_reloaded", broken)
        self.assertTrue(self.successResultOf(self.reloader.reload()))
        self.assertEqual(["one", "two"], self.changed())
        self.assertEqual(1, len(self.flushLoggedErrors(ZeroDivisionError)))

    def test_what_waits_for_its_turn_does_not_begin_after_the_end(self) -> None:
        held: list[Deferred[Any]] = []

        def slow(*_: Any) -> Deferred[Any]:
            held.append(Deferred())
            return held[-1]

        self.patch(self.reloader, "_in_thread", slow)
        first, second = self.reloader.reload(), self.reloader.reload()
        self.reloader.stop()
        self.assertEqual([False, False], [self.successResultOf(each) for each in (first, second)])
        self.assertEqual(1, len(held))
