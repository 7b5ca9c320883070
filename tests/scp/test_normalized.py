"""The normalized services of any SOP class as SCP, and event reports at the other end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydicom.dataset import Dataset
from twisted.internet.defer import Deferred, fail, succeed
from zope.interface import implementer
from zope.interface.verify import verifyObject

from tests.association.pair import EXPLICIT, IMPLICIT
from tests.scp.asking import NUMBER, Asking, ProviderCase, ask_for
from txdicomtls import uids
from txdicomtls.dimse import (
    NActionRQ,
    NCreateRQ,
    NDeleteRQ,
    NEventReportRQ,
    NGetRQ,
    NormalizedRQ,
    NSetRQ,
)
from txdicomtls.errors import (
    ClassInstanceConflict,
    DuplicateInstance,
    InvalidArgumentValue,
    InvalidAttributeValue,
    LimitExceeded,
    MissingAttribute,
    MissingAttributeValue,
    NoSuchActionType,
    NoSuchArgument,
    NoSuchAttribute,
    NoSuchEventType,
    NoSuchInstance,
    NotAuthorized,
    OperationNotSupported,
    ProcessingFailure,
    ResourceLimitation,
)
from txdicomtls.interfaces import (
    IEventReceiver,
    INormalizedProvider,
    IOperation,
    IService,
    IUsingService,
    NormalizedRequest,
    Reply,
)
from txdicomtls.scp import EventReports, Normalized, OperationLimits

FILM = "1.2.840.10008.5.1.1.1"
#: Basic Grayscale Print Management, to which it belongs (PS3.4 H.3.2).
PRINTING = "1.2.840.10008.5.1.1.9"
INSTANCE = "1.2.3"


def attributes(**more: Any) -> Dataset:
    """An attribute list."""
    listed = Dataset()
    for keyword, value in more.items():
        setattr(listed, keyword, value)
    return listed


@implementer(INormalizedProvider, IEventReceiver)
class Provider:
    """Answers as it is told to.

    :param answer: what each method does with its arguments.
    :ivar asked: the name of each method that was called, with its arguments.
    """

    def __init__(self, answer: Callable[..., Any]) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self._answer = answer

    def get(self, request: NormalizedRequest, attributes: tuple[int, ...]) -> Any:
        return self._called("get", request, attributes)

    def set(self, request: NormalizedRequest, modifications: Dataset) -> Any:
        return self._called("set", request, modifications)

    def action(
        self, request: NormalizedRequest, action_type_id: int, information: Dataset | None
    ) -> Any:
        return self._called("action", request, action_type_id, information)

    def create(self, request: NormalizedRequest, attributes: Dataset) -> Any:
        return self._called("create", request, attributes)

    def delete(self, request: NormalizedRequest) -> Any:
        return self._called("delete", request)

    def event(
        self, request: NormalizedRequest, event_type_id: int, information: Dataset | None
    ) -> Any:
        return self._called("event", request, event_type_id, information)

    def _called(self, name: str, *args: Any) -> Any:
        self.asked.append((name, *args))
        return self._answer(*args)


def requested(kind: type[Any], **more: Any) -> Any:
    """A request for the instance."""
    return kind(
        requested_sop_class_uid=FILM,
        requested_sop_instance_uid=more.pop("uid", INSTANCE),
        message_id=7,
        **more,
    )


GET = requested(NGetRQ)
SET = requested(NSetRQ)
ACTION = requested(NActionRQ, action_type_id=3, has_data_set=True)
DELETE = requested(NDeleteRQ)
CREATE = NCreateRQ(
    affected_sop_class_uid=FILM,
    affected_sop_instance_uid=INSTANCE,
    message_id=7,
    has_data_set=True,
)
EVENT = NEventReportRQ(
    affected_sop_class_uid=FILM,
    affected_sop_instance_uid=INSTANCE,
    message_id=7,
    event_type_id=2,
    has_data_set=True,
)


class NormalizedCase(ProviderCase):
    def asked(self, provider: Provider, message: NormalizedRQ, data: Any = None) -> Asking:
        """A peer that has asked."""
        asking = self.asking(
            ask_for((FILM, (EXPLICIT,))),
            Normalized(provider, [FILM], self.means, uid=lambda: "2.25.7"),
        )
        if data is None and message.has_data_set:
            data = attributes(PatientID="P1")
        asking.send(1, message, data)
        return asking

    def told(self, receiver: Provider, message: NormalizedRQ) -> Asking:
        """An SCP that has reported an event."""
        asking = self.asking(
            ask_for((FILM, (EXPLICIT,)), receives=(FILM,)),
            EventReports(receiver, [FILM], self.means),
        )
        asking.send(1, message, attributes(PatientID="P1"))
        return asking


class MetaClassTests(NormalizedCase):
    """A context of a Meta SOP Class carries messages of its members, and of no other class."""

    def answered(self, sop_class: str) -> tuple[Provider, list[int]]:
        """What a request of this SOP class gets on a context of the Meta SOP Class."""
        provider = Provider(lambda *_: attributes(NumberOfCopies="1"))
        asking = self.asking(
            ask_for((PRINTING, (EXPLICIT,))),
            Normalized(provider, [], self.means, meta={PRINTING: [FILM]}),
        )
        asking.send(
            1,
            NGetRQ(
                requested_sop_class_uid=sop_class,
                requested_sop_instance_uid=INSTANCE,
                message_id=7,
            ),
        )
        return provider, asking.statuses

    def test_a_member_is_served_and_known_by_its_own_sop_class(self) -> None:
        provider, statuses = self.answered(FILM)
        self.assertEqual([0x0000], statuses)
        ((_, about, _),) = provider.asked
        self.assertEqual(FILM, about.sop_class_uid)

    def test_what_is_no_member_is_refused_by_its_status(self) -> None:
        provider, statuses = self.answered("1.2.840.10008.5.1.1.2")
        self.assertEqual([0x0122], statuses)
        self.assertEqual([], provider.asked)

    def test_without_the_meta_class_a_member_needs_a_context_of_its_own(self) -> None:
        provider = Provider(lambda *_: None)
        asking = self.asking(
            ask_for((PRINTING, (EXPLICIT,))), Normalized(provider, [PRINTING, FILM], self.means)
        )
        asking.send(1, GET)
        self.assertEqual([0x0122], asking.statuses)
        self.assertEqual([], provider.asked)


class OperationTests(NormalizedCase):
    def test_it_is_a_service(self) -> None:
        provider = Provider(lambda *_: None)
        service = Normalized(provider, [FILM], self.means, name="print")
        verifyObject(IService, service)
        verifyObject(INormalizedProvider, provider)
        self.assertEqual("print", service.name)
        self.assertTrue(service.accepts(FILM))
        self.assertFalse(service.accepts(uids.VERIFICATION))
        self.assertEqual(IMPLICIT, service.choose(FILM, ("1.2.840.10008.1.2.4.50", IMPLICIT)))

    def test_attributes_are_read(self) -> None:
        provider = Provider(lambda *_: attributes(PatientID="P1"))
        message = requested(NGetRQ, attribute_identifier_list=(0x00100020, 0x00100010))
        asking = self.asked(provider, message)
        self.assertEqual(0, asking.last.status)
        self.assertEqual("P1", asking.data_sets()[0].PatientID)
        ((name, about, tags),) = provider.asked
        self.assertEqual(("get", (0x00100020, 0x00100010)), (name, tags))
        self.assertEqual((FILM, INSTANCE), (about.sop_class_uid, about.sop_instance_uid))
        self.assertEqual("REQUESTOR", about.association.calling_ae_title)

    def test_attributes_that_are_not_known_are_a_warning_with_their_tags(self) -> None:
        reply = Reply(data_set=attributes(PatientID="P1"), status=0x0107, attributes=(0x00100010,))
        response = self.asked(Provider(lambda *_: reply), GET).last
        self.assertEqual(
            (0x0107, (0x00100010,)), (response.status, response.attribute_identifier_list)
        )

    def test_attributes_are_changed(self) -> None:
        provider = Provider(lambda *_: None)
        asking = self.asked(provider, SET)
        self.assertEqual((0, []), (asking.last.status, asking.data_sets()))
        ((name, _, modifications),) = provider.asked
        self.assertEqual(("set", "P1"), (name, modifications.PatientID))

    def test_an_action_may_have_a_reply(self) -> None:
        provider = Provider(lambda *_: attributes(PatientID="P2"))
        asking = self.asked(provider, ACTION)
        self.assertEqual((0, 3), (asking.last.status, asking.last.action_type_id))
        self.assertEqual("P2", asking.data_sets()[0].PatientID)
        ((name, _, action, information),) = provider.asked
        self.assertEqual(("action", 3, "P1"), (name, action, information.PatientID))

    def test_an_action_without_information_has_none(self) -> None:
        provider = Provider(lambda *_: None)
        self.asked(provider, requested(NActionRQ, action_type_id=3, has_data_set=False))
        self.assertIsNone(provider.asked[0][3])

    def test_an_instance_is_made_under_the_uid_of_the_request(self) -> None:
        provider = Provider(lambda *_: None)
        asking = self.asked(provider, CREATE)
        self.assertEqual((0, INSTANCE), (asking.last.status, asking.last.affected_sop_instance_uid))
        self.assertEqual(INSTANCE, provider.asked[0][1].sop_instance_uid)

    def test_an_instance_without_a_uid_is_given_one(self) -> None:
        provider = Provider(lambda *_: None)
        message = NCreateRQ(affected_sop_class_uid=FILM, message_id=7, has_data_set=False)
        asking = self.asked(provider, message)
        self.assertEqual("2.25.7", asking.last.affected_sop_instance_uid)
        self.assertEqual("2.25.7", provider.asked[0][1].sop_instance_uid)
        self.assertEqual(Dataset(), provider.asked[0][2])

    def test_an_instance_is_deleted(self) -> None:
        provider = Provider(lambda *_: None)
        self.assertEqual(0, self.asked(provider, DELETE).last.status)
        self.assertEqual("delete", provider.asked[0][0])

    def test_an_answer_may_come_later(self) -> None:
        async def later(*_: Any) -> Dataset:
            return attributes(PatientID="P1")

        for answer in (later, lambda *_: succeed(attributes(PatientID="P1"))):
            asking = self.asked(Provider(answer), GET)
            self.assertEqual("P1", asking.data_sets()[0].PatientID)

    def test_an_event_is_taken_and_may_have_a_reply(self) -> None:
        receiver = Provider(lambda *_: attributes(PatientID="P2"))
        verifyObject(IEventReceiver, receiver)
        verifyObject(IUsingService, EventReports(receiver, [FILM], self.means))
        asking = self.told(receiver, EVENT)
        self.assertEqual((0, 2), (asking.last.status, asking.last.event_type_id))
        self.assertEqual("P2", asking.data_sets()[0].PatientID)
        ((name, about, event, information),) = receiver.asked
        self.assertEqual(("event", 2, "P1"), (name, event, information.PatientID))
        self.assertEqual(INSTANCE, about.sop_instance_uid)

    def test_who_takes_events_performs_nothing_else(self) -> None:
        receiver = Provider(lambda *_: None)
        service = EventReports(receiver, [FILM], self.means)
        self.assertFalse(service.accepts(FILM))
        self.assertTrue(service.uses(FILM))
        self.assertIsNone(service.begin(_incoming(GET)))

    def test_who_performs_takes_no_events(self) -> None:
        service = Normalized(Provider(lambda *_: None), [FILM], self.means)
        self.assertIsNone(service.begin(_incoming(EVENT)))
        operation = service.begin(_incoming(GET))
        verifyObject(IOperation, operation)


class RefusalTests(NormalizedCase):
    def test_each_error_of_a_provider_has_its_status(self) -> None:
        for error, status in (
            (ProcessingFailure("no"), 0x0110),
            (NoSuchAttribute("no"), 0x0105),
            (InvalidAttributeValue("no"), 0x0106),
            (DuplicateInstance("no"), 0x0111),
            (NoSuchInstance("no"), 0x0112),
            (NoSuchEventType("no"), 0x0113),
            (NoSuchArgument("no"), 0x0114),
            (InvalidArgumentValue("no"), 0x0115),
            (ClassInstanceConflict("no"), 0x0119),
            (MissingAttribute("no"), 0x0120),
            (MissingAttributeValue("no"), 0x0121),
            (NoSuchActionType("no"), 0x0123),
            (NotAuthorized("no"), 0x0124),
            (OperationNotSupported("no"), 0x0211),
            (ResourceLimitation("no"), 0x0213),
            (LimitExceeded("no"), 0x0213),
            (ZeroDivisionError("Doe^John"), 0x0110),
        ):
            for message in (GET, SET, ACTION, CREATE, DELETE):
                for answer in (_raising(error), _failing(error)):
                    asking = self.asked(Provider(answer), message)
                    self.assertEqual(f"{status:04X}", f"{asking.last.status:04X}")
                    self.assertNotIn("Doe", asking.last.error_comment)
                    self.assertEqual([], asking.data_sets())

    def test_an_error_tells_its_attributes_its_number_and_why(self) -> None:
        error = InvalidAttributeValue("not now", tags=(0x00100020,), error_id=0xA710)
        response = self.asked(Provider(_raising(error)), SET).last
        self.assertEqual(
            ((0x00100020,), 0xA710, "not now"),
            (response.attribute_identifier_list, response.error_id, response.error_comment),
        )

    def test_what_nobody_planned_has_a_number(self) -> None:
        response = self.asked(Provider(_raising(ZeroDivisionError())), GET).last
        self.assertIn(NUMBER, response.error_comment)

    def test_an_instance_uid_that_is_none_is_refused(self) -> None:
        provider = Provider(lambda *_: None)
        response = self.asked(provider, requested(NGetRQ, uid="1..2")).last
        self.assertEqual((0x0117, []), (response.status, provider.asked))

    def test_an_attribute_list_beyond_the_limit_is_refused(self) -> None:
        self.limits = OperationLimits(data=16)
        provider = Provider(lambda *_: None)
        response = self.asked(provider, SET, attributes(PatientID="P" * 20)).last
        self.assertEqual((0x0213, []), (response.status, provider.asked))

    def test_an_attribute_list_that_is_none_is_refused(self) -> None:
        response = self.asked(Provider(lambda *_: None), SET, b"garbage!").last
        self.assertEqual(0x0110, response.status)

    def test_a_large_attribute_list_is_decoded_all_the_same(self) -> None:
        provider = Provider(lambda *_: None)
        self.asked(provider, SET, attributes(TextValue="x" * 40_000))
        self.assertEqual(40_000, len(provider.asked[0][2].TextValue))

    def test_a_provider_that_takes_too_long_is_given_up(self) -> None:
        self.limits = OperationLimits(patience=10)
        cancelled: list[Any] = []
        asking = self.asked(Provider(lambda *_: Deferred(cancelled.append)), GET)
        self.advance(10)
        self.assertEqual((0x0213, 1), (asking.last.status, len(cancelled)))

    def test_the_end_of_the_association_does_not_stop_what_was_begun(self) -> None:
        cancelled: list[Any] = []
        done: Deferred[None] = Deferred(cancelled.append)
        asking = self.asked(Provider(lambda *_: done), SET)
        asking.peer.do(asking.peer.connection.abort())
        asking.wire.flush()
        self.assertEqual([], cancelled)
        done.callback(None)


def _raising(error: Exception) -> Any:
    def raises(*_: Any) -> Any:
        raise error

    return raises


def _failing(error: Exception) -> Any:
    return lambda *_: fail(error)


def _incoming(message: Any) -> Any:
    class Incoming:
        pass

    incoming: Any = Incoming()
    incoming.message = message
    return incoming
