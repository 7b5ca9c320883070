"""Who may, with a real daemon: certificates bound to AE titles, and users with passcodes."""

from __future__ import annotations

import struct
from pathlib import Path

from tests.daemon.cases import DaemonTestCase, good_context, in_thread
from tests.daemon.peer import Peer, associate_rj, associate_rq, item
from tests.running import Node, make_certificates
from txdicomtls.access import hash_passcode

#: The certificate of the client is for "client".
BOUND = """\
[[peer]]
ae_title = "PEER"
certificate = { san = "client" }
addresses = ["127.0.0.0/8"]
[[peer]]
ae_title = "OTHER"
certificate = { san = "other" }
[[peer]]
ae_title = "ELSEWHERE"
addresses = ["192.0.2.0/24"]
"""


def user_identity(name: bytes, passcode: bytes) -> bytes:
    """Sub-item 58H of type 2 that asks for a response (PS3.7 D.3.3.7.1)."""
    fields = b"".join(struct.pack(">H", len(each)) + each for each in (name, passcode))
    return item(0x58, bytes((2, 1)) + fields)


def answer_to(daemon: Node, octets: bytes) -> bytes:
    """The first PDU that comes back."""
    with Peer(daemon.port, good_context(daemon)) as peer:
        peer.send(octets)
        return peer.receive()


class CertificateTests(DaemonTestCase):
    async def test_a_good_certificate_is_not_good_for_the_ae_title_of_another(self) -> None:
        daemon = await self.start(more=BOUND)
        for calling, accepted in ((b"PEER", True), (b"OTHER", False), (b"ELSEWHERE", False)):
            answer = await in_thread(answer_to, daemon, associate_rq(calling=calling))
            if accepted:
                self.assertEqual(0x02, answer[0], answer.hex(" "))
            else:
                self.assertEqual(associate_rj(1, 1, 3), answer)
        said = daemon.process.output
        self.assertIn(
            "is not believed to be 'OTHER': it shows the certificate of 'CN=client'", said
        )
        self.assertIn("is not believed to be 'ELSEWHERE': it calls from an address", said)
        await self.assert_serves(daemon)


class UserTests(DaemonTestCase):
    async def test_users_are_known_by_their_passcodes_and_no_longer_when_they_are_removed(
        self,
    ) -> None:
        users = self.users(f"alice:{hash_passcode(b'sesame')}\n")
        daemon = await self.start(more=f'[identity]\nusers = "{users}"\nrequired = true\n')
        refused = associate_rj(1, 1, 1)
        known = associate_rq(further=user_identity(b"alice", b"sesame"))
        answer = await in_thread(answer_to, daemon, known)
        self.assertEqual(0x02, answer[0], answer.hex(" "))
        self.assertIn(item(0x59, bytes(2)), answer)
        for octets in (
            associate_rq(),
            associate_rq(further=user_identity(b"alice", b"hunter2")),
            associate_rq(further=user_identity(b"bob", b"hunter2")),
        ):
            self.assertEqual(refused, await in_thread(answer_to, daemon, octets))
        status, _, error = await self.command("user", "remove", users, "alice")
        self.assertEqual((0, ""), (status, error))
        self.assertEqual(refused, await in_thread(answer_to, daemon, known))
        self.assertIn("for user 'alice'", daemon.process.output)
        for secret in ("sesame", "hunter2"):
            self.assertNotIn(secret, daemon.process.output)

    async def test_a_file_of_users_that_cannot_be_used_is_told_before_anything_listens(
        self,
    ) -> None:
        certificates = make_certificates(Path(self.mktemp()).absolute())  # noqa: ASYNC240  # a test may wait
        for text, mode, message in (
            ("alice\nbob\n", 0o600, 'line 1: is neither "NAME:HASH" nor a comment'),
            ("", 0o644, "everybody on this machine may read this file"),
        ):
            users = self.users(text, mode)
            with self.assertRaises(AssertionError) as caught:
                await self.start(certificates=certificates, more=f'[identity]\nusers = "{users}"\n')
            self.assertIn("cannot start: ", str(caught.exception))
            self.assertIn(message, str(caught.exception))
            self.assertNotIn("Traceback", str(caught.exception))

    def users(self, text: str, mode: int = 0o600) -> Path:
        path = Path(self.mktemp()).absolute()
        path.write_text(text)
        path.chmod(mode)
        return path
