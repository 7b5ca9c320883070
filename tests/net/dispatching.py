"""What tests of the dispatcher share: an acceptor that dispatches, and who hears its answers."""

from __future__ import annotations

from typing import cast

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from tests.association.pair import STUDY_ROOT_FIND
from tests.net.channel import MemoryChannel
from tests.net.doubles import Operation, Service
from tests.net.pair import (
    CT_ID,
    STUDY_ROOT_FIND_ID,
    query_contexts,
)
from txdicomtls.association import PresentationContext, Role
from txdicomtls.dimse import Message, Request
from txdicomtls.interfaces import IService
from txdicomtls.net import AssociationFacts, Exchange, Invoker
from txdicomtls.net.dispatch import Dispatcher
from txdicomtls.net.wire import Wire

FACTS = cast("AssociationFacts", None)  # the dispatcher only passes them on


class DispatchCase(SynchronousTestCase):
    """An acceptor that dispatches, and a requestor that hears its answers."""

    def setUp(self) -> None:
        self.channel = MemoryChannel(Role.ACCEPTOR, query_contexts())
        self.wire = Wire(self.channel)
        self.may_go_on = True

    def dispatcher(self, *operations: Operation | BaseException | None) -> Dispatcher:
        self.service = Service(*operations)
        invoker = Invoker(self.channel, self.wire, Clock(), response_seconds=60, most_data=1 << 20)
        dispatcher = Dispatcher(
            self.channel,
            self.wire,
            invoker,
            service_for=self.service_for,
            may_go_on=lambda: self.may_go_on,
        )

        def end(error: object) -> None:
            dispatcher.stop()
            dispatcher.abandon()

        self.channel.on_end = end
        return dispatcher

    def service_for(self, message: Message, context: PresentationContext) -> IService | None:
        return self.service

    def begin(self, dispatcher: Dispatcher, message: Request) -> None:
        context_id = CT_ID if message.sop_class_uid != STUDY_ROOT_FIND else STUDY_ROOT_FIND_ID
        dispatcher.begin(message, self.channel.connection.contexts[context_id], FACTS, "user")

    def whole(self, dispatcher: Dispatcher, message: Request, data: bytes = b"data") -> None:
        self.begin(dispatcher, message)
        dispatcher.data(memoryview(data))
        dispatcher.end()

    @property
    def exchange(self) -> Exchange:
        """That of the last request."""
        exchange: Exchange = self.service.begun[-1].exchange
        return exchange

    def end(self, dispatcher: Dispatcher) -> None:
        """The association is over."""
        dispatcher.stop()
        dispatcher.abandon()
