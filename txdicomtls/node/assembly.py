"""The parts of a node, made in the order in which they need each other, and ended in the other.

Theory of operation.  The index is opened first, because the archive asks it what there should be;
the archive settles what a crash left; then the services are made, which work with both, and the
factory that offers them.  Only when somebody listens does the node begin to work on its own:
on commitments that were not reported, and on the queue.

At the end the work on the queue stops first, and what was leased from it is given back.
Associations then get their time to end; whatever they still put into the queue is there at the
next start.  Last the archive and the index are closed, when nobody uses them any more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from txdicomtls.errors import DicomTLSError
from txdicomtls.index import InstanceRecord, NewTask
from txdicomtls.interfaces import IAccess, IReactor, IService
from txdicomtls.net import AssociationFactory
from txdicomtls.node import limits
from txdicomtls.node.commitments import Commitments
from txdicomtls.node.configuration import Configuration
from txdicomtls.node.destinations import Calling, make_destinations
from txdicomtls.node.forwarding import Forwarding, Rule
from txdicomtls.node.keeping import Keeping, open_keeping
from txdicomtls.node.outbound import Outbound
from txdicomtls.node.services import NodeServices
from txdicomtls.scp import Means
from txdicomtls.threads import InThread
from txdicomtls.tls import RotatingSecurity


class Assembly:
    """The parts of one node that are there while it runs.  Make it with :func:`assemble`.

    :param keeping: what is kept.
    :param outbound: what is sent.
    :param commitments: what has to be gone on with; None where none are offered.
    :param factory: what is offered.
    :param reactor: aborts what takes too long to end.
    :param in_thread: runs what blocks.
    """

    log = Logger()

    def __init__(
        self,
        *,
        keeping: Keeping,
        outbound: Outbound,
        commitments: Commitments | None,
        factory: AssociationFactory,
        reactor: IReactor,
        in_thread: InThread,
    ) -> None:
        self.keeping = keeping
        self.factory = factory
        self._outbound = outbound
        self._commitments = commitments
        self._reactor = reactor
        self._in_thread = in_thread

    async def start(self) -> None:
        """Begin to work: somebody listens.

        :raises txdicomtls.errors.IndexUnavailable: the queue cannot be used.
        """
        await self._outbound.start()
        if self._commitments is not None:
            self._commitments.start()
        self.keeping.start()

    async def stop(self, drain: float) -> None:
        """End everything; nobody listens any more.

        :param drain: seconds that associations get to end by themselves.
        """
        self.keeping.stop()
        try:
            await self._outbound.stop()
        except DicomTLSError as error:
            self.log.warn("tasks stay leased until that ends: {error}", error=error)
        drained = self.factory.drain()
        overdue = self._reactor.callLater(drain, self.factory.abort_all, "the node stops")
        await drained
        if overdue.active():
            overdue.cancel()
        if self._commitments is not None:
            self._commitments.stop()
        await self._in_thread(self.keeping.close)


async def assemble(
    configuration: Configuration,
    *,
    access: IAccess,
    securities: Mapping[str, RotatingSecurity],
    reactor: IReactor,
    in_thread: InThread,
) -> Assembly:
    """Make all parts of a node; nobody listens yet.

    :param access: who may.
    :param securities: how links are secured, by the names of their sections.
    :param reactor: the reactor.
    :param in_thread: runs what blocks.
    :raises DicomTLSError: something cannot be used.
    """
    forwarding = Forwarding(map(Rule.of, configuration.forward))
    outbound: Outbound | None = None

    def tasks_for(record: InstanceRecord) -> Sequence[NewTask]:
        tasks = forwarding(record)
        if tasks and outbound is not None:
            reactor.callFromThread(outbound.hint, [task.kind for task in tasks])
        return tasks

    keeping = await open_keeping(
        configuration, reactor=reactor, in_thread=in_thread, tasks_for=tasks_for
    )
    calling = Calling(
        ae_title=configuration.node.ae_title,
        limits=limits.connection_limits(configuration.limits),
        timeouts=limits.timeouts(configuration.limits),
        deadlines=limits.calling_deadlines(configuration.limits),
    )
    destinations = make_destinations(reactor, configuration.peer, calling, securities)
    outbound = Outbound(configuration, keeping, destinations, reactor=reactor, in_thread=in_thread)
    means = Means(
        clock=reactor,
        in_thread=in_thread,
        limits=limits.operation_limits(configuration.limits),
    )
    services = NodeServices(
        configuration, means, keeping, destinations=destinations, reporter=outbound.reports
    )
    return Assembly(
        keeping=keeping,
        outbound=outbound,
        commitments=services.commitments,
        factory=make_factory(reactor, configuration, services.offered, access),
        reactor=reactor,
        in_thread=in_thread,
    )


def make_factory(
    clock: IReactorTime,
    configuration: Configuration,
    services: Sequence[IService],
    access: IAccess,
) -> AssociationFactory:
    """What a configuration says of associations: who, how many, how large, how long.

    :param services: what is offered.
    """
    section = configuration.limits
    return AssociationFactory(
        clock,
        services=services,
        access=access,
        limits=limits.connection_limits(section),
        timeouts=limits.timeouts(section),
        deadlines=limits.link_deadlines(section),
        window=section.window,
        quotas=limits.quotas(section),
        most_unproved=section.unauthenticated,
    )
