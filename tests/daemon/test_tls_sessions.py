"""Sessions that are taken up again, or must not be; and data that comes before its time."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from twisted.trial.unittest import SkipTest

from tests.daemon.cases import DaemonTestCase, in_thread
from tests.daemon.peer import PATIENCE, associate_rq, tls_context
from tests.daemon.process import until
from tests.daemon.test_certificates import issue
from tests.running import Node, make_certificates, start
from txdicomtls.tls.authority import write

VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
NOT_BY_ITSELF = "[reload]\non_change = false"


class SessionTests(DaemonTestCase):
    async def test_a_session_is_taken_up_again_and_the_peer_is_known_as_before(self) -> None:
        daemon = await self.start()
        for version in VERSIONS:
            client = await in_thread(Client, daemon, version)
            self.assertTrue(await in_thread(client.resumes, daemon), version.name)
            await self.soon(
                daemon.process.when_says(rf":{client.port}: \d+ presentation .*, peer CN=client \(")
            )

    async def test_without_resumption_no_session_is_taken_up(self) -> None:
        daemon = await self.start(tls="resumption = false", more=NOT_BY_ITSELF)
        for version in VERSIONS:
            client = await in_thread(Client, daemon, version)
            self.assertFalse(await in_thread(client.resumes, daemon), version.name)

    async def test_a_session_does_not_outlive_a_reload(self) -> None:
        daemon = await self.start(more=NOT_BY_ITSELF)
        clients = [await in_thread(Client, daemon, version) for version in VERSIONS]
        daemon.process.send_signal("HUP")
        await self.soon(daemon.process.when_says("reloaded: "))
        for client in clients:
            self.assertFalse(await in_thread(client.resumes, daemon))

    async def test_a_session_is_of_no_use_with_another_node(self) -> None:
        one = await self.start()
        other = await self.start(certificates=one.certificates)
        for version in VERSIONS:
            client = await in_thread(Client, one, version)
            self.assertFalse(await in_thread(client.resumes, other), version.name)

    async def test_who_has_expired_meanwhile_takes_up_nothing(self) -> None:
        certificates = make_certificates(Path(self.mktemp()).absolute())  # noqa: ASYNC240  # a test may wait
        daemon = await self.start(certificates=certificates)
        end = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=3)
        write(certificates.directory, {"brief": issue(certificates.authority.key, end=end)})
        clients = [await in_thread(Client, daemon, each, "brief") for each in VERSIONS]
        # It is valid to the end of that second, and OpenSSL's clock may be some milliseconds late.
        while datetime.now(UTC) <= end + timedelta(seconds=1.1):
            await in_thread(time.sleep, 0.1)
        for client in clients:
            with self.assertRaises((ssl.SSLError, ConnectionError, AssertionError)):
                await in_thread(client.resumes, daemon)
            said = await self.log_of(daemon, client.port)
            self.assertIn("(CN=impostor) expired on", said)
        await self.assert_serves(daemon)


class Client:
    """A client that has a session with a node.

    :ivar port: its own, of the last time.
    """

    def __init__(self, daemon: Node, version: ssl.TLSVersion, name: str = "client") -> None:
        certificates = daemon.certificates
        self._context = tls_context(
            certificate=certificates.certificate(name),
            private_key=certificates.key(name),
            version=version,
        )
        self._session: ssl.SSLSession | None = None
        self.port = 0
        if self.resumes(daemon):
            raise AssertionError("nothing was there to be taken up")

    def resumes(self, daemon: Node) -> bool:
        """Be on an association; whether an earlier session was taken up for it."""
        with socket.create_connection(("127.0.0.1", daemon.port), timeout=PATIENCE) as plain:
            self.port = plain.getsockname()[1]
            with self._context.wrap_socket(
                plain, server_hostname="localhost", session=self._session
            ) as secured:
                secured.sendall(associate_rq())
                answer = secured.recv(65536)
                if answer[:1] != b"\x02":
                    raise AssertionError(f"not accepted: {answer.hex(' ')}")
                self._session = secured.session
                return bool(secured.session_reused)


class EarlyDataTests(DaemonTestCase):
    """Data before the handshake is done (RFC 8446 2.3), which anybody could send once more."""

    async def test_early_data_is_never_taken_and_the_link_goes_on_without(self) -> None:
        openssl = shutil.which("openssl")
        if openssl is None:
            reason = "there is no openssl command here"
            if os.environ.get("TXDICOMTLS_REQUIRE_PEERS") == "1":
                self.fail(reason)
            raise SkipTest(reason)
        limits = "[limits]\nartim = 1.0\nidle = 1.0\nclosing = 1.0"
        daemon = await self.start(more=limits)
        pki = daemon.certificates
        session = pki.directory / "session"
        # A session with a server that takes early data, and has the certificate of ours.
        server = start(
            self,
            [
                *(openssl, "s_server", "-accept", "127.0.0.1:0", "-early_data"),
                *("-cert", pki.certificate("node"), "-key", pki.key("node"), "-tls1_3"),
            ],
        )
        port = (await self.soon(server.when_says(r"ACCEPT 127\.0\.0\.1:(\d+)")))[1]
        client: list[str | Path] = [openssl, "s_client", "-tls1_3", "-nocommands"]
        client += ["-servername", "localhost"]
        client += ["-cert", pki.certificate("client"), "-key", pki.key("client")]
        start(self, [*client, "-connect", f"127.0.0.1:{port}", "-sess_out", session])
        await in_thread(
            until, lambda: "END SSL" in text_in(session), "the server gave no session ticket"
        )
        self.assertIn("Max Early Data: 16384", await in_thread(text_of, openssl, session))
        early = pki.directory / "early"
        words = [*client, "-connect", f"127.0.0.1:{daemon.port}", "-ign_eof"]
        words += ["-sess_in", session, "-early_data", early]
        # The second time it is a replay; then noise, and more than anybody would take.
        request = associate_rq(calling=b"EARLY")
        for times, content in enumerate((request, request, bytes(range(256)), bytes(16384)), 1):
            early.write_bytes(content)
            said = await in_thread(run, words, associate_rq(calling=b"LATE"))
            self.assertIn(b"Early data was rejected", said)
            self.assertIn(b"\x02\0\0\0\0", said)  # A-ASSOCIATE-AC
            await self.soon(
                daemon.process.when_says(
                    r"association from LATE at \S+: \d+ presentation", times=times
                )
            )
        self.assertNotIn("EARLY", daemon.process.output)
        await self.assert_serves(daemon)


def run(command: list[str | Path], words: bytes = b"") -> bytes:
    """Run a command that is told something: all that it says."""
    done = subprocess.run(
        command,
        input=words,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=PATIENCE,
        check=False,
    )
    return done.stdout


def text_in(file: Path) -> str:
    """What is in a file; nothing where there is none yet."""
    return file.read_text() if file.exists() else ""


def text_of(openssl: str, session: Path) -> str:
    """A session in words."""
    return run([openssl, "sess_id", "-in", session, "-noout", "-text"]).decode()
