"""Starting and stopping ``twistd dicomtls``: what cannot start says why, and ends with 1."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

from twisted.internet.defer import Deferred

from tests.daemon.cases import DaemonTestCase, files_below, good_context, in_thread
from tests.daemon.peer import Peer, abort
from tests.running import CONFIGURATION, SCRIPTS, Certificates, make_certificates, start
from txdicomtls.tls.authority import write

TWISTD: list[str | Path] = [SCRIPTS / "twistd", "-n", "--pidfile=", "dicomtls"]
PASSWORD = b"correct horse"


class StartingTestCase(DaemonTestCase):
    """Daemons that are not meant to run."""

    def directory(self) -> Path:
        directory = Path(self.mktemp()).absolute()
        directory.mkdir(parents=True)
        return directory

    def configure(self, directory: Path, *changes: tuple[str, str]) -> None:
        text = CONFIGURATION.format(certificates="pki", node="", tls="", more="")
        for old, new in changes:
            self.assertIn(old, text)
            text = text.replace(old, new)
        (directory / "node.toml").write_text(text)

    async def twistd(
        self, directory: Path, *options: str, name: str = "node.toml"
    ) -> tuple[int, str]:
        """Start it where it cannot run: exit status, and all that it says."""
        return await self.run_to_end([*TWISTD, "--config", name, *options], directory)


class ConfigurationTests(StartingTestCase):
    async def test_all_that_is_wrong_is_said_at_once_a_line_each(self) -> None:
        directory = self.directory()
        (directory / "data").write_text("in the way")
        bad = (
            '[node]\nae_title = "A TITLE THAT IS MUCH TOO LONG"\ndata = "data"\ncolour = "red"\n'
            '[tls.default]\ncertificate = "missing.crt"\nprivate_key = 7\ntrust = []\n'
            '[[listen]]\nport = 99999\ntls = "other"\n[limits]\nidle = -1.0\n'
        )
        (directory / "node.toml").write_text(bad)
        for option in ([], ["--check-config"]):
            status, said = await self.twistd(directory, *option)
            self.assertEqual(1, status)
            lines = said.splitlines()
            for key, words in {
                "node.ae_title": "at most 16 characters",
                "node.data": "no directory",
                "node.colour": "unknown key",
                "tls.default.certificate": "there is no file",
                "tls.default.private_key": "must be a path",
                "tls.default.trust": "name the files of the authorities",
                "listen[0].port": "at most 65535",
                "listen[0].tls": "there is no section [tls.other], only [tls.default]",
                "limits.idle": "must be more than 0",
            }.items():
                (line,) = (line for line in lines if f"node.toml: {key}:" in line)
                self.assertIn(words, line)
            self.assertEqual(9, len(lines), said)

    async def test_a_file_that_is_no_configuration_is_one_line(self) -> None:
        directory = self.directory()
        (directory / "noise.toml").write_bytes(b"\xff\xfe\x00")
        (directory / "text.toml").write_text("once upon a time\n")
        (directory / "empty.toml").write_text("")
        (directory / "directory.toml").mkdir()
        for name, words in {
            "missing.toml": "cannot be read: No such file or directory",
            "directory.toml": "cannot be read: Is a directory",
            "noise.toml": "is not UTF-8 (at line 1)",
            "text.toml": "is not TOML",
            "empty.toml": "node: is missing",
        }.items():
            status, said = await self.twistd(directory, name=name)
            self.assertEqual(1, status, said)
            self.assertIn(f"{name}: {words}", said.splitlines()[0])
            self.assertEqual(1 if name != "empty.toml" else 2, len(said.splitlines()), said)

    async def test_a_check_changes_nothing(self) -> None:
        directory = self.directory()
        make_certificates(directory / "pki")
        self.configure(directory)
        before = files_below(directory)
        status, said = await self.twistd(directory, "--check-config")
        self.assertEqual((0, "node.toml: the configuration can be used\n"), (status, said))
        self.assertEqual(before, files_below(directory))
        self.assertFalse((directory / "data").exists())

    async def test_the_options_are_explained(self) -> None:
        status, said = await self.run_to_end([*TWISTD, "--help"])
        self.assertEqual(0, status)
        for words in ("--config=", "--check-config", "--version", "txdicomtls pki init"):
            self.assertIn(words, said)
        status, said = await self.run_to_end([*TWISTD, "--colour"])
        self.assertEqual(1, status)
        self.assertIn("option --colour not recognized", said)
        self.assertNotIn("Traceback", said)


class CannotStartTests(StartingTestCase):
    async def test_each_reason_is_one_line(self) -> None:
        other = await self.start()
        taken = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(taken.close)
        cases: list[tuple[str, Deferred[tuple[int, str]], str]] = []

        def case(what: str, words: str, *changes: tuple[str, str], prepare: str = "") -> None:
            directory = self.directory()
            self.prepare(make_certificates(directory / "pki"), prepare)
            self.configure(directory, *changes)
            cases.append((what, Deferred.fromCoroutine(self.twistd(directory)), words))

        key = 'node.key"'
        case(
            "a port that is taken",
            f"cannot listen on 127.0.0.1 port {taken.getsockname()[1]}: ",
            ("port = 0", f"port = {taken.getsockname()[1]}"),
        )
        case(
            "an address that is not ours",
            "cannot listen on 192.0.2.1 port 0: ",
            ('"127.0.0.1"', '"192.0.2.1"'),
        )
        case(
            "a data directory in use",
            f"{other.data}: this archive is in use already, by another process",
            ('"data"', f'"{other.data}"'),
        )
        case(
            "a data directory below what is not there",
            "the archive cannot be used: no such file or directory",
            ('"data"', '"missing/data"'),
        )
        case(
            "the wrong password",
            "pki/node.key: the password does not open this private key",
            (key, f'{key}\npassword = {{ file = "pki/wrong" }}'),
            prepare="encrypted",
        )
        case(
            "no password",
            "pki/node.key: this private key is encrypted, and no password is configured",
            prepare="encrypted",
        )
        case(
            "a password in a variable that is not set",
            "the environment variable NODE_PASSWORD with its password is not set",
            (key, f'{key}\npassword = {{ env = "NODE_PASSWORD" }}'),
            prepare="encrypted",
        )
        case("a key that is damaged", "pki/node.key: this private key is damaged", prepare="noise")
        case(
            "a certificate in place of the key",
            "pki/node.crt: this is a certificate where a private key is wanted",
            (key, 'node.crt"'),
        )
        case(
            "the key of another certificate",
            "pki/client.key: this private key does not belong to the first certificate in "
            "pki/node.crt",
            (key, 'client.key"'),
        )
        case(
            "a certificate that has expired",
            "pki/node.crt: this certificate expired on",
            prepare="expired",
        )
        case(
            "trust in what is no certificate",
            "pki/wrong: this is not a PEM file",
            ("ca.crt", "wrong"),
        )
        wrong = []
        for what, outcome, words in cases:
            status, said = await self.soon(outcome)
            lines = [line for line in said.splitlines() if "cannot start" in line]
            if (status, len(lines)) != (1, 1) or words not in lines[0] or "Traceback" in said:
                wrong.append(f"{what}: status {status}\n{said}")
        self.assertEqual([], wrong, "\n".join(wrong))
        await self.assert_serves(other)

    async def test_a_password_opens_the_key_wherever_it_comes_from(self) -> None:
        directory = self.directory()
        self.prepare(make_certificates(directory / "pki"), "encrypted")
        for source in ('file = "pki/right"', 'env = "NODE_PASSWORD"'):
            self.configure(directory, ('node.key"', f'node.key"\npassword = {{ {source} }}'))
            command = [*TWISTD, "--config", "node.toml"]
            process = start(self, command, cwd=directory, NODE_PASSWORD=PASSWORD.decode())
            await self.soon(process.when_says(r"TXDICOM listens on 127\.0\.0\.1 port \d+"))
            await self.stopped(process)
            self.assertNotIn(PASSWORD.decode(), process.output)

    def prepare(self, certificates: Certificates, what: str) -> None:
        pki = certificates.directory
        (pki / "wrong").write_text("battery staple\n")
        (pki / "right").write_bytes(PASSWORD + b"\n")
        now = datetime.now(UTC)
        if what == "encrypted":
            node = certificates.authority.issue_node(["localhost"], now=now, days=1)
            write(pki, {"node": node}, password=PASSWORD, replace=True)
        elif what == "expired":
            past = now - timedelta(days=3)
            node = certificates.authority.issue_node(["localhost"], now=past, days=1)
            write(pki, {"node": node}, replace=True)
        elif what == "noise":
            (pki / "node.key").write_text(
                "-----BEGIN PRIVATE KEY-----\nbm9pc2U=\n-----END PRIVATE KEY-----\n"
            )


class StoppingTests(DaemonTestCase):
    async def test_an_idle_daemon_ends_when_it_is_told_to(self) -> None:
        for signal in ("TERM", "INT"):
            daemon = await self.start()
            with await in_thread(Peer, daemon.port, good_context(daemon)):
                daemon.process.send_signal(signal)
                await self.soon(daemon.process.ended)

    async def test_an_association_may_end_by_itself_while_nobody_else_is_let_in(self) -> None:
        daemon = await self.start()
        with await in_thread(Peer, daemon.port, good_context(daemon)) as peer:
            await in_thread(peer.associate)
            daemon.process.send_signal("TERM")
            await self.soon(daemon.process.when_says(r"Port \d+ Closed"))
            await self.assert_listens_no_more(daemon)
            self.assertFalse(daemon.process.ended.called)
            await in_thread(peer.echo)
            await in_thread(peer.release)
        await self.soon(daemon.process.ended)

    async def test_told_twice_it_waits_no_longer(self) -> None:
        daemon = await self.start()
        with await in_thread(Peer, daemon.port, good_context(daemon)) as peer:
            await in_thread(peer.associate)
            daemon.process.send_signal("TERM")
            await self.soon(daemon.process.when_says(r"Port \d+ Closed"))
            daemon.process.send_signal("TERM")
            self.assertEqual(abort(0, 0), await in_thread(peer.receive))
        await self.soon(daemon.process.ended)
