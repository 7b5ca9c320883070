"""The normalized services of any SOP class as SCP, bare: N-GET to N-DELETE (PS3.7 10)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from uuid import uuid4

from pydicom.dataset import Dataset
from zope.interface import implementer

from txdicomtls import uids
from txdicomtls.dimse import (
    NActionRQ,
    NCreateRQ,
    NDeleteRQ,
    NEventReportRQ,
    NGetRQ,
    NormalizedRQ,
    NSetRQ,
    Response,
)
from txdicomtls.errors import InvalidInstance
from txdicomtls.interfaces import (
    Eventually,
    IEventReceiver,
    IGroupService,
    INormalizedProvider,
    IOperation,
    IUsingService,
    NormalizedRequest,
    Reply,
)
from txdicomtls.net import Answer, IncomingRequest
from txdicomtls.scp.means import Means, choose_small
from txdicomtls.scp.operation import Operation
from txdicomtls.scp.provided import settled
from txdicomtls.scp.statuses import Kind, Refusal

#: Does what a request asks for, given its data set; None where it has none.
Act = Callable[[NormalizedRequest, Dataset | None], Eventually[Dataset | Reply | None]]

_NO_REPLY = Reply()


def new_uid() -> str:
    """A UID that nobody has used before (PS3.5 B.2)."""
    return f"2.25.{uuid4().int}"


class NormalizedOperation(Operation):
    """One normalized operation.  It runs to its end, whatever becomes of the association.

    :param request: the request.
    :param message: its command set.
    :param means: what it works with.
    :param act: does it.
    :param sop_instance_uid: the instance that it is about, where the request does not say.
    """

    kind = Kind.NORMALIZED

    def __init__(
        self,
        request: IncomingRequest,
        message: NormalizedRQ,
        means: Means,
        act: Act,
        *,
        sop_instance_uid: str = "",
    ) -> None:
        super().__init__(request, means)
        self._message = message
        self._act = act
        self._uid = message.sop_instance_uid or sop_instance_uid

    async def perform(self, data: bytes) -> Answer:
        """Do it, and answer with what came of it."""
        if not uids.is_valid_uid(self._uid):
            raise InvalidInstance("the SOP Instance UID is no valid UID")
        syntax = self.request.context.transfer_syntax
        data_set = await self.means.decode(data, syntax) if self._message.has_data_set else None
        about = NormalizedRequest(
            sop_class_uid=self._message.sop_class_uid,
            sop_instance_uid=self._uid,
            association=self.request.association,
            user=self.request.user,
        )
        self.patience.start()
        result = await settled(self._act(about, data_set))
        reply = Reply(data_set=result) if isinstance(result, Dataset) else result or _NO_REPLY
        encoded = b""
        if reply.data_set is not None:
            encoded = await self.means.encode(reply.data_set, syntax)
        return Answer(
            self._response(
                reply.status,
                has_data_set=reply.data_set is not None,
                attributes=reply.attributes,
            ),
            encoded,
        )

    def refused(self, refusal: Refusal) -> Answer:
        """Say why it is not done."""
        return Answer(
            self._response(
                refusal.status,
                attributes=refusal.tags,
                comment=refusal.comment,
                error_id=refusal.error_id,
            )
        )

    def _response(
        self,
        status: int,
        *,
        has_data_set: bool = False,
        attributes: tuple[int, ...] = (),
        comment: str = "",
        error_id: int | None = None,
    ) -> Response:
        message = self._message
        if isinstance(message, NActionRQ | NEventReportRQ):
            return message.response(
                status, has_data_set=has_data_set, error_comment=comment, error_id=error_id
            )
        if isinstance(message, NCreateRQ):
            return message.response(
                status,
                affected_sop_instance_uid=self._uid,
                has_data_set=has_data_set,
                attribute_identifier_list=attributes,
                error_comment=comment,
                error_id=error_id,
            )
        if isinstance(message, NGetRQ | NSetRQ):
            return message.response(
                status,
                has_data_set=has_data_set,
                attribute_identifier_list=attributes,
                error_comment=comment,
                error_id=error_id,
            )
        assert isinstance(message, NDeleteRQ)  # there is no other
        return message.response(status, error_comment=comment, error_id=error_id)


@implementer(IGroupService)
class Normalized:
    """Performs the normalized operations of some SOP classes.

    :param provider: does what is asked for.
    :param sop_classes: UIDs of the SOP classes.
    :param means: what operations work with.
    :param meta: the members of each Meta SOP Class that is taken too (PS3.4 H.3), by its UID.
    :param name: short name of the service, for configuration and log lines.
    :param uid: makes the UID of a new instance, where the peer leaves that to us.
    """

    def __init__(
        self,
        provider: INormalizedProvider,
        sop_classes: Collection[str],
        means: Means,
        *,
        meta: Mapping[str, Collection[str]] = MappingProxyType({}),
        name: str = "normalized",
        uid: Callable[[], str] = new_uid,
    ) -> None:
        self.name = name
        self._provider = provider
        self._sop_classes = frozenset(sop_classes)
        self._meta = {uid: frozenset(members) for uid, members in meta.items()}
        self._means = means
        self._uid = uid

    def accepts(self, abstract_syntax: str) -> bool:
        """Those SOP classes, and those Meta SOP Classes."""
        return abstract_syntax in self._sop_classes or abstract_syntax in self._meta

    def carries(self, abstract_syntax: str, sop_class: str) -> bool:
        """On a context of a Meta SOP Class, its members."""
        return sop_class in self._meta.get(abstract_syntax, ())

    def choose(self, abstract_syntax: str, offered: tuple[str, ...]) -> str | None:
        """The requestor's first that is not compressed."""
        return choose_small(offered)

    def begin(self, request: IncomingRequest) -> IOperation | None:
        """Take the five operations that an SCP performs."""
        message = request.message
        act = self._act(message) if isinstance(message, NormalizedRQ) else None
        if act is None or not isinstance(message, NormalizedRQ):
            return None
        new = self._uid() if isinstance(message, NCreateRQ) else ""
        return NormalizedOperation(request, message, self._means, act, sop_instance_uid=new)

    def _act(self, message: NormalizedRQ) -> Act | None:
        provider = self._provider
        if isinstance(message, NGetRQ):
            return lambda about, _: provider.get(about, message.attribute_identifier_list)
        if isinstance(message, NSetRQ):
            return lambda about, data: provider.set(about, data or Dataset())
        if isinstance(message, NActionRQ):
            return lambda about, data: provider.action(about, message.action_type_id, data)
        if isinstance(message, NCreateRQ):
            return lambda about, data: provider.create(about, data or Dataset())
        if isinstance(message, NDeleteRQ):
            return lambda about, _: provider.delete(about)
        return None


@implementer(IUsingService)
class EventReports:
    """Takes the N-EVENT-REPORTs of peers that are SCP of some SOP classes (PS3.7 10.1.1).

    :param receiver: is told what happened.
    :param sop_classes: UIDs of the SOP classes.
    :param means: what operations work with.
    :param name: short name of the service, for configuration and log lines.
    """

    def __init__(
        self,
        receiver: IEventReceiver,
        sop_classes: Collection[str],
        means: Means,
        *,
        name: str = "events",
    ) -> None:
        self.name = name
        self._receiver = receiver
        self._sop_classes = frozenset(sop_classes)
        self._means = means

    def accepts(self, abstract_syntax: str) -> bool:
        """None: it is the peer that performs them."""
        return False

    def uses(self, abstract_syntax: str) -> bool:
        """Those SOP classes."""
        return abstract_syntax in self._sop_classes

    def choose(self, abstract_syntax: str, offered: tuple[str, ...]) -> str | None:
        """The requestor's first that is not compressed."""
        return choose_small(offered)

    def begin(self, request: IncomingRequest) -> IOperation | None:
        """Take N-EVENT-REPORT; there is no other operation."""
        message = request.message
        if not isinstance(message, NEventReportRQ):
            return None

        def act(
            about: NormalizedRequest, data: Dataset | None
        ) -> Eventually[Dataset | Reply | None]:
            return self._receiver.event(about, message.event_type_id, data)

        return NormalizedOperation(request, message, self._means, act)
