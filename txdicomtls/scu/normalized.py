"""The six N-services as requestor, for SOP classes of any kind (PS3.7 10.1).

Each is one request and one response.  A warning is a result; a failure is raised as
:class:`~txdicomtls.errors.OperationFailed`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pydicom.dataset import Dataset

from txdicomtls.dimse import (
    NActionRQ,
    NCreateRQ,
    NDeleteRQ,
    NEventReportRQ,
    NGetRQ,
    NSetRQ,
    Request,
)
from txdicomtls.scu.invoking import Requestor


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """A SOP instance that an N-service is about.

    :param sop_class_uid: its SOP class.
    :param sop_instance_uid: itself.
    :param abstract_syntax: of the presentation context to use, where that is not the SOP class
        itself, as with a Meta SOP Class (PS3.4 H.3); else empty.
    """

    sop_class_uid: str
    sop_instance_uid: str
    abstract_syntax: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What an N-service came to.

    :param status: success, or a warning.
    :param sop_instance_uid: of the instance, as the response has it; empty where it has none.
    :param dataset: attributes, an action reply or an event reply; None where none came.
    :param not_recognized: Attribute Identifier List: tags of what the peer did not know.
    :param comment: Error Comment (0000,0902).
    """

    status: int
    sop_instance_uid: str = ""
    dataset: Dataset | None = None
    not_recognized: tuple[int, ...] = ()
    comment: str = ""


async def event_report(
    requestor: Requestor, instance: Instance, event_type: int, information: Dataset | None
) -> Done:
    """N-EVENT-REPORT (PS3.7 10.1.1): the one service that the SCP invokes on the SCU."""

    def request(message_id: int) -> NEventReportRQ:
        return NEventReportRQ(
            affected_sop_class_uid=instance.sop_class_uid,
            affected_sop_instance_uid=instance.sop_instance_uid,
            message_id=message_id,
            event_type_id=event_type,
            has_data_set=information is not None,
        )

    return await _invoke(requestor, "n-event-report", instance, request, information, as_scp=True)


async def get_attributes(requestor: Requestor, instance: Instance, tags: tuple[int, ...]) -> Done:
    """N-GET (PS3.7 10.1.2)."""

    def request(message_id: int) -> NGetRQ:
        return NGetRQ(
            requested_sop_class_uid=instance.sop_class_uid,
            requested_sop_instance_uid=instance.sop_instance_uid,
            message_id=message_id,
            attribute_identifier_list=tags,
        )

    return await _invoke(requestor, "n-get", instance, request)


async def set_attributes(
    requestor: Requestor, instance: Instance, modifications: Dataset, service: str = "n-set"
) -> Done:
    """N-SET (PS3.7 10.1.3).

    :param service: whose statuses are looked up.
    """

    def request(message_id: int) -> NSetRQ:
        return NSetRQ(
            requested_sop_class_uid=instance.sop_class_uid,
            requested_sop_instance_uid=instance.sop_instance_uid,
            message_id=message_id,
        )

    return await _invoke(requestor, service, instance, request, modifications)


async def action(
    requestor: Requestor,
    instance: Instance,
    action_type: int,
    information: Dataset | None,
    service: str = "n-action",
) -> Done:
    """N-ACTION (PS3.7 10.1.4).

    :param service: whose statuses are looked up.
    """

    def request(message_id: int) -> NActionRQ:
        return NActionRQ(
            requested_sop_class_uid=instance.sop_class_uid,
            requested_sop_instance_uid=instance.sop_instance_uid,
            message_id=message_id,
            action_type_id=action_type,
            has_data_set=information is not None,
        )

    return await _invoke(requestor, service, instance, request, information)


async def create(
    requestor: Requestor, instance: Instance, attributes: Dataset | None, service: str = "n-create"
) -> Done:
    """N-CREATE (PS3.7 10.1.5).

    :param service: whose statuses are looked up.
    """

    def request(message_id: int) -> NCreateRQ:
        return NCreateRQ(
            affected_sop_class_uid=instance.sop_class_uid,
            affected_sop_instance_uid=instance.sop_instance_uid,
            message_id=message_id,
            has_data_set=attributes is not None,
        )

    return await _invoke(requestor, service, instance, request, attributes)


async def delete(requestor: Requestor, instance: Instance) -> Done:
    """N-DELETE (PS3.7 10.1.6)."""

    def request(message_id: int) -> NDeleteRQ:
        return NDeleteRQ(
            requested_sop_class_uid=instance.sop_class_uid,
            requested_sop_instance_uid=instance.sop_instance_uid,
            message_id=message_id,
        )

    return await _invoke(requestor, "n-delete", instance, request)


async def _invoke(
    requestor: Requestor,
    service: str,
    instance: Instance,
    request: Callable[[int], Request],
    dataset: Dataset | None = None,
    *,
    as_scp: bool = False,
) -> Done:
    abstract_syntax = instance.abstract_syntax or instance.sop_class_uid
    context = requestor.context(abstract_syntax, as_scp=as_scp)
    data = None
    if dataset is not None:
        data = await requestor.encoded(dataset, context.transfer_syntax)
    invocation = requestor.start(context, request, data)
    answer, answered = await requestor.answered(invocation, service, context)
    response = answer.response
    return Done(
        status=response.status,
        sop_instance_uid=getattr(response, "affected_sop_instance_uid", ""),
        dataset=answered,
        not_recognized=getattr(response, "attribute_identifier_list", ()),
        comment=getattr(response, "error_comment", ""),
    )
