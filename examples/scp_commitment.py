"""Keeps what it is sent in memory, and commits itself to that.

python examples/scp_commitment.py "dicomtls:2762:certificate=node.crt:key=node.key:trust=ca.crt"
"""

from __future__ import annotations

import sys

from twisted.internet import defer, endpoints, task
from zope.interface import implementer

from txdicomtls.access import AnyPeer
from txdicomtls.dimse import FailureReason
from txdicomtls.instance import IncomingInstance
from txdicomtls.interfaces import (
    CommitmentRequest,
    ICommitmentProvider,
    IInstanceReceiver,
    IInstanceSink,
    IReactor,
    SOPReference,
)
from txdicomtls.net import AssociationFactory
from txdicomtls.scp import Commitment, Storage, Verification, means_of


@implementer(IInstanceReceiver, ICommitmentProvider)
class Memory:
    """Instances in memory, which a real archive would rather have on a disk."""

    def __init__(self) -> None:
        self.kept: set[SOPReference] = set()

    def receive(self, instance: IncomingInstance) -> Sink:
        """One sink for each instance."""
        return Sink(self, SOPReference(instance.sop_class_uid, instance.sop_instance_uid))

    def accept(self, request: CommitmentRequest) -> None:
        """Note the transaction; this one has nowhere to note it."""
        print("asked for", len(request.references), flush=True)

    def commit(self, request: CommitmentRequest) -> dict[SOPReference, int]:
        """Those that are not here, and why they are not committed."""
        missing = [each for each in request.references if each not in self.kept]
        return dict.fromkeys(missing, FailureReason.NO_SUCH_OBJECT_INSTANCE)

    def reported(self, request: CommitmentRequest) -> None:
        """The requestor has been told."""
        print("reported", flush=True)


@implementer(IInstanceSink)
class Sink:
    """One instance on its way."""

    def __init__(self, memory: Memory, reference: SOPReference) -> None:
        self._memory = memory
        self._reference = reference

    def write(self, data: memoryview) -> None:
        """The next bytes, which this one does not keep."""

    def finish(self) -> defer.Deferred[None]:
        """It is complete."""
        self._memory.kept.add(self._reference)
        return defer.succeed(None)

    def discard(self) -> None:
        """It will never be complete."""


def main(reactor: IReactor, endpoint: str) -> defer.Deferred[None]:
    """Listen until interrupted."""
    memory = Memory()
    commitment = Commitment(memory, None, means_of(reactor))
    services = [Verification(), Storage(memory), commitment]
    factory = AssociationFactory(reactor, services=services, access=AnyPeer())
    listening = endpoints.serverFromString(reactor, endpoint).listen(factory)
    listening.addCallback(lambda port: print(f"port {port.getHost().port}", flush=True))
    forever: defer.Deferred[None] = defer.Deferred()
    return listening.addCallback(lambda _: forever)  # type: ignore[no-any-return]  # Twisted has not typed it


if __name__ == "__main__":
    task.react(main, sys.argv[1:])
