"""Sessions that clients keep."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.tls.sessions import MOST_SERVERS, MOST_SESSIONS, ClientSessions


class ClientSessionsTests(SynchronousTestCase):
    """A session is only passed through, so anything stands for one."""

    def setUp(self) -> None:
        self.sessions: Any = ClientSessions()

    def test_there_is_none_at_first(self) -> None:
        self.assertIsNone(self.sessions.take("pacs:2762"))

    def test_each_is_given_once_the_newest_first(self) -> None:
        for session in "abc":
            self.sessions.keep("pacs:2762", session)
        self.assertEqual(["c", "b", "a", None], [self.sessions.take("pacs:2762") for _ in range(4)])

    def test_each_server_has_its_own(self) -> None:
        self.sessions.keep("pacs:2762", "a")
        self.assertIsNone(self.sessions.take("pacs:2763"))
        self.assertEqual("a", self.sessions.take("pacs:2762"))

    def test_the_oldest_go_when_there_are_many(self) -> None:
        for number in range(MOST_SESSIONS + 3):
            self.sessions.keep("pacs:2762", number)
        kept = [self.sessions.take("pacs:2762") for _ in range(MOST_SESSIONS + 1)]
        self.assertEqual([*range(MOST_SESSIONS + 2, 2, -1), None], kept)

    def test_the_servers_that_were_not_used_for_longest_are_forgotten(self) -> None:
        for number in range(MOST_SERVERS):
            self.sessions.keep(f"server {number}", "a")
        self.sessions.keep("server 0", "b")
        self.sessions.keep("one more", "a")
        self.assertIsNone(self.sessions.take("server 1"))
        for server in ("server 0", "server 2", "one more"):
            self.assertIsNotNone(self.sessions.take(server))
