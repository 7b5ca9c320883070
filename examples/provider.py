"""A Storage SCP of one's own, inside one's own Twisted application: counts what it receives.

python examples/provider.py "dicomtls:2762:certificate=node.crt:key=node.key:trust=ca.crt"
"""

from __future__ import annotations

import sys

from twisted.internet import defer, endpoints, task
from zope.interface import implementer

from txdicomtls.access import AnyPeer
from txdicomtls.instance import IncomingInstance
from txdicomtls.interfaces import IInstanceReceiver, IInstanceSink, IReactor
from txdicomtls.net import AssociationFactory
from txdicomtls.scp import Storage, Verification


@implementer(IInstanceReceiver, IInstanceSink)
class Counter:
    """Receives every instance, and keeps nothing of it but its size."""

    size = 0

    def receive(self, instance: IncomingInstance) -> Counter:
        """One sink for each instance."""
        return Counter()

    def write(self, data: memoryview) -> None:
        """The next bytes of the data set."""
        self.size += len(data)

    def finish(self) -> defer.Deferred[None]:
        """It is complete: what fires now is answered with success."""
        print(f"received {self.size} bytes", flush=True)
        return defer.succeed(None)

    def discard(self) -> None:
        """It will never be complete."""
        print("an association broke off", flush=True)


def main(reactor: IReactor, endpoint: str) -> defer.Deferred[None]:
    """Listen until interrupted."""
    services = [Verification(), Storage(Counter())]
    factory = AssociationFactory(reactor, services=services, access=AnyPeer())
    listening = endpoints.serverFromString(reactor, endpoint).listen(factory)
    listening.addCallback(lambda port: print(f"port {port.getHost().port}", flush=True))
    forever: defer.Deferred[None] = defer.Deferred()
    return listening.addCallback(lambda _: forever)  # type: ignore[no-any-return]  # Twisted has not typed it


if __name__ == "__main__":
    task.react(main, sys.argv[1:])
