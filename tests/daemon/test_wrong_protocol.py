"""What comes to the port and is not TLS: turned away with one line that says what it was."""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.daemon.cases import DaemonTestCase, good_context, in_thread
from tests.daemon.peer import Peer, associate_rq

#: What is sent, and what the daemon is to say of it.
NOT_TLS = {
    "an association request of plain DICOM": (
        associate_rq(),
        "speaks plain DICOM, not DICOM over TLS: switch TLS on at the peer",
    ),
    "the first byte of one": (b"\x01", "speaks plain DICOM"),
    "a request of HTTP": (
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "speaks HTTP, not TLS: check host and port",
    ),
    "a banner of SSH": (b"SSH-2.0-OpenSSH_9.9\r\n", "speaks SSH, not TLS: check host and port"),
    "noise": (
        b"\xde\xad\xbe\xef" + random.Random(1).randbytes(70000),
        "does not speak TLS (it began with de ad be ef",
    ),
    "zeros": (bytes(1000), "does not speak TLS (it began with 00"),
    "a handshake record with noise in it": (b"\x16\x03\x01\x00\x05noise", "handshake"),
    "a version of TLS that will never be": (b"\x16\x7f\x7f\x00\x05noise", "handshake"),
    "an alert": (b"\x15\x03\x03\x00\x02\x02\x28", "handshake"),
}


class WrongProtocolTests(DaemonTestCase):
    async def test_what_is_not_tls_is_turned_away_with_one_line(self) -> None:
        daemon = await self.start()
        good = await in_thread(Peer, daemon.port, good_context(daemon))
        await in_thread(good.associate)
        for what, (octets, said) in NOT_TLS.items():
            with await in_thread(Peer, daemon.port) as peer:
                await in_thread(peer.send, octets)
                if what == "the first byte of one":
                    await in_thread(peer.socket.shutdown, 1)
                await in_thread(good.echo)
                answer = await in_thread(peer.rest)
            # An alert of TLS at most, and never a PDU.
            self.assertIn(answer[:1], (b"", b"\x15"), f"{what}: {answer.hex(' ')}")
            self.assertIn(said, await self.log_of(daemon, peer.port), what)
        await in_thread(good.release)
        good.socket.close()
        await self.assert_serves(daemon)

    async def test_who_connects_and_goes_at_once_does_no_harm(self) -> None:
        daemon = await self.start()
        ends: dict[str, Callable[[Peer], None]] = {
            "FIN": lambda peer: peer.socket.close(),
            "RST": lambda peer: peer.reset(),
        }
        for name, end in ends.items():
            peer = await in_thread(Peer, daemon.port)
            end(peer)
            line = await self.log_of(daemon, peer.port)
            self.assertIn("closed the connection without a byte of TLS", line, name)
        await in_thread(_probe, daemon.port, 200)
        await self.assert_serves(daemon)


def _probe(port: int, times: int) -> None:
    """What a port scan or a health check does."""
    for number in range(times):
        peer = Peer(port)
        if number % 2:
            peer.reset()
        else:
            peer.socket.close()
