"""Certificates and keys that change under a daemon at work."""

from __future__ import annotations

import shutil
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.daemon.cases import DaemonTestCase, good_context, in_thread
from tests.daemon.peer import Peer, echo_once
from tests.running import Certificates, Node, make_certificates


class ReloadTests(DaemonTestCase):
    async def test_sighup_takes_up_what_is_new_and_harms_no_association(self) -> None:
        daemon = await self.start(more="[reload]\non_change = false")
        old = good_context(daemon)
        open_one = await in_thread(Peer, daemon.port, old)
        await in_thread(open_one.associate)
        self.assertEqual(node_certificate(daemon.certificates), await in_thread(shown, daemon))
        renew(daemon.certificates)
        daemon.process.send_signal("HUP")
        await self.soon(daemon.process.when_says(r"reloaded: new links use the new files of \[tls"))
        self.assertEqual(node_certificate(daemon.certificates), await in_thread(shown, daemon))
        await in_thread(open_one.echo)
        await in_thread(open_one.release)
        open_one.socket.close()
        # The CA is another one now, so who was known before is a stranger.
        with self.assertRaises((AssertionError, OSError)):
            await in_thread(echo_once, daemon.port, old)
        await self.assert_serves(daemon)

    async def test_a_change_is_taken_up_by_itself(self) -> None:
        daemon = await self.start(more="[reload]\nevery = 0.2")
        renew(daemon.certificates)
        await self.soon(daemon.process.when_says("reloaded: "))
        self.assertEqual(node_certificate(daemon.certificates), await in_thread(shown, daemon))

    async def test_what_cannot_be_used_changes_nothing_and_is_told_in_one_line(self) -> None:
        daemon = await self.start(more="[reload]\non_change = false")
        before = node_certificate(daemon.certificates)
        others = make_certificates(Path(self.mktemp()).absolute())  # noqa: ASYNC240  # a test may wait
        shutil.copy2(others.key("node"), daemon.certificates.key("node"))
        daemon.process.send_signal("HUP")
        await self.soon(
            daemon.process.when_says(
                r"not reloaded, everything stays as it was: .*node\.key: .*does not belong"
            )
        )
        self.assertEqual(before, await in_thread(shown, daemon))
        await self.assert_serves(daemon)

    async def test_many_signals_are_no_more_than_one(self) -> None:
        daemon = await self.start(more="[reload]\non_change = false")
        for _ in range(20):
            daemon.process.send_signal("HUP")
        await self.soon(daemon.process.when_says("reloaded: "))
        await self.assert_serves(daemon)


def renew(certificates: Certificates) -> None:
    """Put new certificates, of another CA, in the place of the old ones."""
    fresh = make_certificates(certificates.directory / "fresh").directory
    for file in fresh.iterdir():
        file.replace(certificates.directory / file.name)
    fresh.rmdir()


def node_certificate(certificates: Certificates) -> bytes:
    """The one that the node is to show, in DER."""
    pem = certificates.certificate("node").read_bytes()
    return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)


def shown(daemon: Node) -> bytes | None:
    """The certificate that the node does show, in DER."""
    with Peer(daemon.port, good_context(daemon)) as peer:
        peer.associate()
        certificate = peer.socket.getpeercert(binary_form=True)  # type: ignore[attr-defined]  # over TLS
        peer.release()
        return bytes(certificate)
