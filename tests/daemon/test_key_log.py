"""The keys of links, for those who may see them (SSLKEYLOGFILE)."""

from __future__ import annotations

from pathlib import Path

from tests.daemon.cases import DaemonTestCase, good_context, in_thread
from tests.daemon.peer import echo_once


class KeyLogTests(DaemonTestCase):
    def setUp(self) -> None:
        self.file = Path(self.mktemp()).absolute()

    async def test_keys_are_written_where_both_configuration_and_environment_ask(self) -> None:
        daemon = await self.start(tls="key_log = true", SSLKEYLOGFILE=str(self.file))
        self.assertIn("THE KEYS OF ALL LINKS of [tls.default]", daemon.process.output)
        await in_thread(echo_once, daemon.port, good_context(daemon))
        kinds = {line.split()[0] for line in self.file.read_text().splitlines()}
        self.assertLessEqual({"CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"}, kinds)
        self.assertEqual(0o600, self.file.stat().st_mode & 0o777)

    async def test_the_environment_alone_gets_no_keys_and_is_told_so(self) -> None:
        daemon = await self.start(SSLKEYLOGFILE=str(self.file))
        self.assertIn("[tls.default] does not allow a key log", daemon.process.output)
        await in_thread(echo_once, daemon.port, good_context(daemon))
        self.assertFalse(self.file.exists())

    async def test_the_configuration_alone_gets_no_keys_and_is_told_so(self) -> None:
        daemon = await self.start(tls="key_log = true")
        self.assertIn("SSLKEYLOGFILE is not set: no keys are written", daemon.process.output)
        await self.assert_serves(daemon)
