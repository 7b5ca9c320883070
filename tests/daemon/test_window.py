"""The asynchronous operations window pays over real TLS, with a real process at the other end.

What ``tests/net/test_window.py`` shows on a clock is measured here, in both directions.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import clientFromString
from twisted.internet.protocol import Factory
from twisted.trial.unittest import TestCase

from tests.net.many_objects import ANSWERS_AFTER, OBJECTS, get, store, wanted
from tests.running import ROOT, Certificates, make_certificates, start
from txdicomtls.net import RequestorProtocol, Services
from txdicomtls.pdu import AssociateRQ
from txdicomtls.scp import Storage
from txdicomtls.testing import MemoryReceiver

#: Whatever else this machine does only adds to a time: the shortest of so many counts.
ATTEMPTS = 3


class WindowTests(TestCase):
    timeout = 120
    certificates: Certificates
    port: str

    def files_of(self, name: str) -> str:
        """The files of one side, for the string of an endpoint."""
        pki = self.certificates
        return (
            f"certificate={pki.certificate(name)}:key={pki.key(name)}:trust={pki.certificate('ca')}"
        )

    async def seconds_of(
        self, request: AssociateRQ, work: Callable[[RequestorProtocol], Deferred[Any]]
    ) -> float:
        """How long something takes on an association with the peer."""
        from twisted.internet import reactor

        receiver = MemoryReceiver(reactor, finish_after=ANSWERS_AFTER)
        requestor = RequestorProtocol(reactor, request, services=Services([Storage(receiver)]))
        endpoint = clientFromString(
            reactor, f"dicomtls:localhost:{self.port}:{self.files_of('client')}"
        )
        await endpoint.connect(Factory.forProtocol(lambda: requestor))
        await requestor.when_associated()
        began = time.monotonic()
        await work(requestor)
        took = time.monotonic() - began
        await requestor.release()
        await requestor.when_closed()
        return took

    async def assert_it_pays(
        self,
        one: AssociateRQ,
        eight: AssociateRQ,
        work: Callable[[RequestorProtocol], Deferred[Any]],
    ) -> None:
        directory = Path(self.mktemp()).absolute()  # noqa: ASYNC240  # a test may wait for the disk
        self.certificates = make_certificates(directory)
        endpoint = f"dicomtls:0:interface=127.0.0.1:{self.files_of('node')}"
        process = start(self, [sys.executable, "-m", "tests.daemon.slow_peer", endpoint], cwd=ROOT)
        self.port = (await process.when_says(r"port (\d+)"))[1]
        slow = await self.seconds_of(one, work)
        fast = min([await self.seconds_of(eight, work) for _ in range(ATTEMPTS)])
        self.assertGreater(slow, OBJECTS * ANSWERS_AFTER)
        self.assertLess(fast, slow / 5)

    async def test_a_requestor_with_a_window_of_8_takes_less_than_a_fifth(self) -> None:
        await self.assert_it_pays(wanted(invoked=1), wanted(invoked=8), store)

    async def test_an_acceptor_with_a_window_of_8_takes_less_than_a_fifth(self) -> None:
        await self.assert_it_pays(wanted(performed=1), wanted(performed=8), get)
