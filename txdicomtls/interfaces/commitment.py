"""Storage commitment, push model: what a provider is asked, how the answer travels (PS3.4 J)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zope.interface import Interface

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from txdicomtls.interfaces.provided import Eventually


@dataclass(frozen=True, slots=True)
class SOPReference:
    """One SOP instance that is spoken of.

    :param sop_class_uid: Referenced SOP Class UID (0008,1150).
    :param sop_instance_uid: Referenced SOP Instance UID (0008,1155).
    """

    sop_class_uid: str
    sop_instance_uid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitmentRequest:
    """What is to be committed, in one transaction (PS3.4 J.3.2).

    All but the association can be noted down, and resumed from after a restart.

    :param transaction_uid: a valid UID.
    :param references: the instances, each once.
    :param ae_title: who asks, and is to be told.
    :param own_ae_title: as whom it was asked for.
    :param user: who was authenticated there; empty where nobody was.
    :param association: a :class:`txdicomtls.net.AssociationFacts`; None once it is resumed.
    """

    transaction_uid: str
    references: tuple[SOPReference, ...]
    ae_title: str
    own_ae_title: str
    user: str = ""
    association: Any = None


class ICommitmentProvider(Interface):
    """Takes the responsibility for instances."""

    def accept(request: CommitmentRequest) -> Eventually[None]:
        """Note the transaction, so that it is not forgotten: success is answered after that.

        :raises txdicomtls.errors.ProviderError: it cannot be taken on; becomes the status.
        """

    def commit(request: CommitmentRequest) -> Eventually[Mapping[SOPReference, int]]:
        """Find out which of the instances are safe.

        :return: Failure Reason (0008,1197) of those that are not, as
            :class:`~txdicomtls.dimse.FailureReason` has it; all others are committed.
        """

    def reported(request: CommitmentRequest) -> Eventually[None]:
        """The requestor has been told, or somebody has taken on to tell it: forget about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventReport:
    """An N-EVENT-REPORT on its way (PS3.7 10.1.1).

    :param ae_title: who is to be told.
    :param own_ae_title: as whom; what the peer called us.
    :param sop_class_uid: Affected SOP Class UID.
    :param sop_instance_uid: Affected SOP Instance UID.
    :param event_type_id: what happened.
    :param information: the particulars.
    """

    ae_title: str
    own_ae_title: str
    sop_class_uid: str
    sop_instance_uid: str
    event_type_id: int
    information: Dataset


class IEventReporter(Interface):
    """Tells a node what happened, on an association of its own."""

    def report(event: EventReport) -> Eventually[None]:
        """Take on to tell it, also where the node is away now: keep it and try again.

        :return: fires when it is kept safely, or has been told.
        """
