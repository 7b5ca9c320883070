"""What a provider of retrievals is asked, and where a C-MOVE may send to (PS3.4 C.4.2, C.4.3)."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zope.interface import Interface

from txdicomtls.codes import Level, Root

if TYPE_CHECKING:
    from txdicomtls.instance import OutgoingInstance
    from txdicomtls.interfaces.provided import Eventually


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieval:
    """What a C-GET or C-MOVE asks for.

    :param root: the information model.
    :param level: what is to be retrieved: whole patients, studies, series, or instances.
    :param keys: the values of the unique keys, by level: at least one at the level itself; above
        it one each, but where relational retrieval was agreed on any number, or none.
    :param relational: whether it was (PS3.4 C.5.2.1, C.5.3.1).
    :param association: a :class:`txdicomtls.net.AssociationFacts`: who asks.
    :param user: who was authenticated there; empty where nobody was.
    """

    root: Root
    level: Level
    keys: Mapping[Level, tuple[str, ...]]
    relational: bool
    association: Any
    user: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The instances that a retrieval is about.

    :param instances: each, when it is its turn.
    :param count: how many they are; None where that is known only at their end.
    """

    instances: AsyncIterable[OutgoingInstance] | Iterable[OutgoingInstance]
    count: int | None = None


class IRetrieveProvider(Interface):
    """Has the instances."""

    def select(retrieval: Retrieval) -> Eventually[Selection]:
        """Find what is to be sent.

        :raises txdicomtls.errors.InvalidQuery: it makes no sense.
        :raises txdicomtls.errors.ProviderError: this provider cannot do it.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Originator:
    """Who asked for the C-MOVE that a C-STORE is part of (PS3.7 9.1.1.1).

    :param ae_title: its AE title.
    :param message_id: Message ID of its C-MOVE-RQ.
    """

    ae_title: str
    message_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one instance that was to be sent.

    :param instance: the one.
    :param status: what the destination answered; None where it did not.
    :param error: why it was not sent, or not answered; None where it was.
    """

    instance: OutgoingInstance
    status: int | None = None
    error: Exception | None = None


class ISender(Interface):
    """A destination of C-MOVE: makes an association with it and sends instances."""

    def send(
        instances: AsyncIterator[OutgoingInstance], originator: Originator
    ) -> AsyncIterator[Outcome]:
        """Send all of them, several at a time if it can.

        It is closed, or gets ``CancelledError`` where it waits, when the retrieval is cancelled:
        then it has a second to end whatever it has begun.

        :param instances: to be asked for the next one when it can be sent.
        :return: the outcome of each, as soon as it is known, in any order.
        :raises txdicomtls.errors.DicomTLSError: no more can be sent; all that have no outcome
            count as failed.
        """


class IDestinations(Interface):
    """Where C-MOVE may send to: the nodes that were configured, and no others."""

    def resolve(ae_title: str, retrieval: Retrieval) -> Eventually[ISender | None]:
        """The destination of this AE title; None where there is none (status 0xA801).

        :param retrieval: what is to be sent there.
        :raises txdicomtls.errors.NotAuthorized: not for this peer.
        """
