"""Keeps what it is sent in memory, and commits itself to that.

python examples/scp_commitment.py "dicomtls:2762:certificate=node.crt:key=node.key:trust=ca.crt"

With the endpoint of the requestor as a second argument, it reports there, on an association of
its own.
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
    EventReport,
    ICommitmentProvider,
    IEventReporter,
    IInstanceReceiver,
    IInstanceSink,
    IReactor,
    SOPReference,
)
from txdicomtls.net import AssociationFactory
from txdicomtls.scp import Commitment, Storage, Verification, means_of
from txdicomtls.scu import Instance, commitment_report_contexts, connect


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


@implementer(IEventReporter)
class Reporter:
    """Tells the requestor; a real one notes what it is to tell, and tries again."""

    def __init__(self, reactor: IReactor, endpoint: str) -> None:
        self._reactor = reactor
        self._endpoint = endpoint

    async def report(self, event: EventReport) -> None:
        """N-EVENT-REPORT, on an association where we are the SCP."""
        association = await connect(
            self._reactor,
            self._endpoint,
            called=event.ae_title,
            calling=event.own_ae_title,
            contexts=commitment_report_contexts(),
        )
        instance = Instance(
            sop_class_uid=event.sop_class_uid, sop_instance_uid=event.sop_instance_uid
        )
        async with association:
            await association.event_report(instance, event.event_type_id, event.information)


def main(reactor: IReactor, endpoint: str, requestor: str = "") -> defer.Deferred[None]:
    """Listen until interrupted."""
    memory = Memory()
    reporter = Reporter(reactor, requestor) if requestor else None
    commitment = Commitment(memory, reporter, means_of(reactor), same_association=reporter is None)
    services = [Verification(), Storage(memory), commitment]
    factory = AssociationFactory(reactor, services=services, access=AnyPeer())
    listening = endpoints.serverFromString(reactor, endpoint).listen(factory)
    listening.addCallback(lambda port: print(f"port {port.getHost().port}", flush=True))
    forever: defer.Deferred[None] = defer.Deferred()
    return listening.addCallback(lambda _: forever)  # type: ignore[no-any-return]  # Twisted has not typed it


if __name__ == "__main__":
    task.react(main, sys.argv[1:])
