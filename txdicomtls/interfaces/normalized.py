"""What a provider of normalized services is asked, and what it answers (PS3.7 10)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zope.interface import Interface

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from txdicomtls.interfaces.provided import Eventually


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalizedRequest:
    """The SOP instance that a normalized operation is about, and who asks.

    :param sop_class_uid: of the instance; it is the one of the presentation context, or where
        that is a Meta SOP Class, one of its members.
    :param sop_instance_uid: a valid UID; for N-CREATE that of the new instance, made by us where
        the peer left it to us.
    :param association: a :class:`txdicomtls.net.AssociationFacts`.
    :param user: who was authenticated there; empty where nobody was.
    """

    sop_class_uid: str
    sop_instance_uid: str
    association: Any
    user: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What comes of a normalized operation, where there is more to say than a data set.

    :param data_set: attributes, or the action or event reply; None for none.
    :param status: success or a warning, as 0x0107 (attribute list error).
    :param attributes: tags of the attributes that were not recognized.
    """

    data_set: Dataset | None = None
    status: int = 0x0000
    attributes: tuple[int, ...] = ()


class INormalizedProvider(Interface):
    """Has SOP instances that are read, changed, made and acted on.

    Each method may raise a :class:`~txdicomtls.errors.ProviderError`, which becomes the status.
    What a SOP class has no use for raises :class:`~txdicomtls.errors.OperationNotSupported`.
    """

    def get(request: NormalizedRequest, attributes: tuple[int, ...]) -> Eventually[Dataset | Reply]:
        """N-GET: read attributes (PS3.7 10.1.2).

        :param attributes: their tags; empty for all.
        """

    def set(
        request: NormalizedRequest, modifications: Dataset
    ) -> Eventually[Dataset | Reply | None]:
        """N-SET: change attributes (PS3.7 10.1.3)."""

    def action(
        request: NormalizedRequest, action_type_id: int, information: Dataset | None
    ) -> Eventually[Dataset | Reply | None]:
        """N-ACTION: do something (PS3.7 10.1.4).

        :return: the action reply, if any.
        """

    def create(
        request: NormalizedRequest, attributes: Dataset
    ) -> Eventually[Dataset | Reply | None]:
        """N-CREATE: make an instance (PS3.7 10.1.5)."""

    def delete(request: NormalizedRequest) -> Eventually[None]:
        """N-DELETE: remove an instance (PS3.7 10.1.6)."""


class IEventReceiver(Interface):
    """Is told by an SCP what happened: the other end of N-EVENT-REPORT."""

    def event(
        request: NormalizedRequest, event_type_id: int, information: Dataset | None
    ) -> Eventually[Dataset | Reply | None]:
        """Something happened (PS3.7 10.1.1).

        :return: the event reply, if any.
        :raises txdicomtls.errors.ProviderError: it cannot be taken; becomes the status.
        """


class IProcedureStepProvider(Interface):
    """Keeps performed procedure steps (PS3.4 F.7).

    The rules of their states and of what is required are kept for it: no step is created but IN
    PROGRESS, none is changed once it is COMPLETED or DISCONTINUED.  Operations on one step
    come one after the other.
    """

    def get(request: NormalizedRequest) -> Eventually[Dataset | None]:
        """The attributes of a step; None where there is no such step."""

    def create(request: NormalizedRequest, attributes: Dataset) -> Eventually[None]:
        """Keep a new step.

        :raises txdicomtls.errors.DuplicateInstance: there is one of this UID.
        """

    def set(request: NormalizedRequest, modifications: Dataset) -> Eventually[None]:
        """Change a step: each attribute takes the place of the one that was."""
