"""Many small objects on one association, in either direction, for measuring what a window is worth.

Presentation context 1 is for C-GET, 3 for the objects, which may go both ways.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from twisted.internet.defer import Deferred, gatherResults
from zope.interface import implementer

from tests.association.pair import CT, EXPLICIT, IMPLICIT
from tests.datasets import element, identity
from txdicomtls.dimse import CGetRQ, CStoreRQ, Request, Response, Status
from txdicomtls.instance import Blocks
from txdicomtls.interfaces import IOperation, IUsingService
from txdicomtls.net import Answer, IncomingRequest, Invocation, RequestorProtocol
from txdicomtls.pdu import (
    AssociateRQ,
    AsynchronousOperationsWindow,
    PresentationContextRQ,
    RoleSelection,
    UserInformation,
)

GET = "1.2.840.10008.5.1.4.1.2.2.3"
GET_ID, CT_ID = 1, 3

OBJECTS = 1000

#: Seconds after which the receiver of an object answers.
ANSWERS_AFTER = 0.005

Start = Callable[[int, Callable[[int], Request], Blocks], Invocation]


def wanted(*, invoked: int = 1, performed: int = 1) -> AssociateRQ:
    """An association with a window; the requestor may send objects, and be sent some."""
    return AssociateRQ(
        called_ae_title="ACCEPTOR",
        calling_ae_title="REQUESTOR",
        presentation_contexts=(
            PresentationContextRQ(
                context_id=GET_ID, abstract_syntax=GET, transfer_syntaxes=(IMPLICIT,)
            ),
            PresentationContextRQ(
                context_id=CT_ID, abstract_syntax=CT, transfer_syntaxes=(EXPLICIT,)
            ),
        ),
        user_information=UserInformation(
            maximum_length=16384,
            implementation_class_uid="1.2.3.4",
            window=AsynchronousOperationsWindow(invoked=invoked, performed=performed),
            roles=(RoleSelection(sop_class_uid=CT, scu=True, scp=True),),
        ),
    )


def store(requestor: RequestorProtocol) -> Deferred[list[Answer]]:
    """Send all objects; fires when all are answered."""
    return gatherResults(stored_by(requestor.start))


def get(requestor: RequestorProtocol) -> Deferred[Response]:
    """Have all objects sent; fires when all have been answered."""
    return requestor.invoke(
        GET_ID,
        lambda message_id: CGetRQ(message_id=message_id, affected_sop_class_uid=GET),
        blocks_of(b""),
    )


def data_set(instance: str) -> bytes:
    """About 1 kB."""
    return identity(CT, instance, EXPLICIT) + element(0x0009, 0x0010, b"LT", b"x" * 920, EXPLICIT)


async def blocks_of(data: bytes) -> Blocks:
    """All in one block."""
    yield data, True


def stored_by(start: Start) -> Iterator[Deferred[Answer]]:
    """All objects, on their way; the window lets as many of them go as were agreed on."""

    def request_for(instance: str) -> Callable[[int], Request]:
        return lambda message_id: CStoreRQ(
            message_id=message_id,
            affected_sop_class_uid=CT,
            affected_sop_instance_uid=instance,
        )

    for number in range(OBJECTS):
        instance = f"1.2.3.{number}"
        yield start(CT_ID, request_for(instance), blocks_of(data_set(instance))).next()


@implementer(IUsingService)
class Sender:
    """Answers a C-GET with all objects."""

    name = "get"

    def accepts(self, abstract_syntax: str) -> bool:
        return abstract_syntax == GET

    def uses(self, abstract_syntax: str) -> bool:
        return abstract_syntax == CT

    def choose(self, abstract_syntax: str, offered: tuple[str, ...]) -> str | None:
        return offered[0]

    def begin(self, request: IncomingRequest) -> Sending:
        return Sending(request)


@implementer(IOperation)
class Sending:
    def __init__(self, request: IncomingRequest) -> None:
        self.request = request

    def write(self, data: memoryview) -> None:
        pass

    def finish(self) -> Deferred[Response]:
        def sent(answers: list[Answer]) -> Response:
            assert all(answer.response.status == Status.SUCCESS for answer in answers)
            message = self.request.message
            assert isinstance(message, CGetRQ)
            return message.response(Status.SUCCESS)

        return gatherResults(stored_by(self.request.exchange.start)).addCallback(sent)

    def abandon(self) -> None:
        pass
