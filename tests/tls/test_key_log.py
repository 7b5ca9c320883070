"""Keys of links in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from OpenSSL import SSL
from twisted.logger import ILogObserver, formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from tests.archive.doubles import at_once
from txdicomtls.tls.key_log import KeyLog, key_log_of


class KeyLogTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.path = Path(self.mktemp())
        self.events: list[Any] = []
        observer = cast("ILogObserver", self.events.append)
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)

    def wanted(self, *, allowed: bool, **environ: str) -> KeyLog | None:
        return key_log_of(environ, allowed=allowed, what="[tls.default]", in_thread=at_once)

    def said(self) -> list[tuple[str, str]]:
        return [(event["log_level"].name, formatEvent(event)) for event in self.events]

    def test_lines_are_appended_for_nobody_else_to_read(self) -> None:
        key_log = KeyLog(self.path, at_once)
        connection = SSL.Connection(SSL.Context(SSL.TLS_METHOD), None)
        for line in (b"CLIENT_RANDOM 1 2", b"EXPORTER_SECRET 3 4"):
            key_log(connection, line)
        self.assertEqual(b"CLIENT_RANDOM 1 2\nEXPORTER_SECRET 3 4\n", self.path.read_bytes())
        self.assertEqual(0o600, self.path.stat().st_mode & 0o777)

    def test_a_file_that_cannot_be_written_is_told_and_harms_nothing(self) -> None:
        key_log = KeyLog(self.path / "missing" / "file", at_once)
        key_log(SSL.Connection(SSL.Context(SSL.TLS_METHOD), None), b"CLIENT_RANDOM 1 2")
        ((level, text),) = self.said()
        self.assertEqual("warn", level)
        self.assertIn("cannot be written", text)
        self.assertNotIn("CLIENT_RANDOM", text)

    def test_both_must_ask_for_it_and_then_it_says_so_loudly(self) -> None:
        key_log = self.wanted(allowed=True, SSLKEYLOGFILE=str(self.path))
        assert key_log is not None
        self.assertEqual(self.path, key_log.path)
        ((level, text),) = self.said()
        self.assertEqual("critical", level)
        self.assertIn("THE KEYS OF ALL LINKS of [tls.default]", text)

    def test_the_environment_alone_is_not_enough(self) -> None:
        self.assertIsNone(self.wanted(allowed=False, SSLKEYLOGFILE=str(self.path)))
        self.assertIn("no keys are written", self.said()[0][1])
        self.assertFalse(self.path.exists())

    def test_the_configuration_alone_is_not_enough(self) -> None:
        self.assertIsNone(self.wanted(allowed=True))
        self.assertIn("SSLKEYLOGFILE is not set", self.said()[0][1])

    def test_where_nobody_asks_nothing_is_said(self) -> None:
        self.assertIsNone(self.wanted(allowed=False))
        self.assertEqual([], self.said())
