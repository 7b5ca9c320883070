"""What is negotiated, found out by proposing everything there is (PS3.8 7.1, PS3.7 D.3.3.4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import MISSING, dataclass, fields
from typing import Any

from pydicom._uid_dict import UID_dictionary

from txdicomtls import uids
from txdicomtls.association import Accepted, PresentationContext, Proposal, Role, Roles
from txdicomtls.dimse import CommandField, Request
from txdicomtls.dimse.messages import MESSAGES
from txdicomtls.interfaces import Grant, IService
from txdicomtls.net import AssociationFacts, IncomingRequest, Services
from txdicomtls.net.services import Offer
from txdicomtls.scp.extended import QUERY_BYTES
from txdicomtls.testing import memory_link

#: Every SOP class that there is, and every transfer syntax, retired ones included (PS3.6 A).
SOP_CLASSES = sorted(
    uids.STORAGE_SOP_CLASSES.union(
        uid for uid, (_, kind, *_) in UID_dictionary.items() if kind.endswith("SOP Class")
    ),
    key=lambda uid: [int(part) for part in uid.split(".")],
)
TRANSFER_SYNTAXES = sorted(
    uids.TRANSFER_SYNTAXES, key=lambda uid: [int(part) for part in uid.split(".")]
)

#: The roles that a requestor can ask for.
SCU = Roles(scu=True, scp=False)
SCP = Roles(scu=False, scp=True)

#: All that extended negotiation can ask for of a query or a retrieval (PS3.4 C.5.1.1, C.5.2.1).
EVERYTHING = b"\1" * len(QUERY_BYTES)

#: Who asks, where somebody has to.
FACTS = AssociationFacts(
    calling_ae_title="REQUESTOR", called_ae_title="TXDICOM", peer="", link=memory_link()
)
#: What a field of a request has that must have something.
_VALUES = {
    "message_id": 1,
    "has_data_set": False,
    "action_type_id": 1,
    "event_type_id": 1,
    "move_destination": "NODE",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A presentation context that the node accepts.

    :param service: name of the service that it is for.
    :param sop_class: UID of its SOP class.
    :param peer: the role of the requestor.
    :param transfer_syntaxes: those that are accepted, each proposed alone.
    :param preferred: the one that is chosen where all of them are offered is the first offered.
    :param operations: what may be invoked on it by the requestor, as "C-STORE".
    :param extended: what is agreed on where everything is asked for; None for no answer.
    """

    service: str
    sop_class: str
    peer: Roles
    transfer_syntaxes: tuple[str, ...]
    preferred: bool
    operations: tuple[str, ...]
    extended: bytes | None


def taken(services: Iterable[IService]) -> Iterator[Taken]:
    """Propose every SOP class in each role to some services.

    :param services: in the order in which they are asked.
    :return: what they take, in the order of the UIDs.
    """
    known = Services(services)
    offer = Offer(known, Grant())
    for sop_class in SOP_CLASSES:
        for peer in (SCU, SCP):
            accepted = tuple(
                syntax for syntax in TRANSFER_SYNTAXES if _chosen(offer, sop_class, (syntax,), peer)
            )
            if not accepted:
                continue
            service = known.performing(sop_class) if peer.scu else known.using(sop_class)
            assert service is not None  # it has accepted
            orders = (accepted, accepted[::-1])
            yield Taken(
                service=service.name,
                sop_class=sop_class,
                peer=peer,
                transfer_syntaxes=accepted,
                preferred=all(
                    _chosen(offer, sop_class, order, peer) == order[0] for order in orders
                ),
                operations=tuple(_operations(known, service, sop_class, peer)),
                extended=offer.extended(sop_class, EVERYTHING) if peer.scu else None,
            )


def _chosen(offer: Offer, sop_class: str, offered: tuple[str, ...], peer: Roles) -> str | None:
    answer = offer.choose(
        Proposal(abstract_syntax=sop_class, transfer_syntaxes=offered, roles=peer)
    )
    if not isinstance(answer, Accepted):
        return None
    assert answer.roles == peer  # or the table of roles would be wrong
    return answer.transfer_syntax


def _operations(known: Services, service: IService, sop_class: str, peer: Roles) -> Iterator[str]:
    """Every request that there is, asked for on this context: which of them are begun."""
    context = PresentationContext(
        context_id=1,
        abstract_syntax=sop_class,
        transfer_syntax=uids.IMPLICIT_VR_LITTLE_ENDIAN,
        roles=peer,
    )
    nobody: Any = None
    for kind in request_kinds():
        message = request_of(kind, sop_class)
        if known.serving(message, context, Role.ACCEPTOR) is not service:
            continue
        request = IncomingRequest(
            message=message, context=context, association=FACTS, exchange=nobody
        )
        if service.begin(request) is not None:
            yield operation_name(kind)


def request_kinds() -> list[type[Request]]:
    """Every DIMSE request, in the order of their command fields."""
    return [kind for _, kind in sorted(MESSAGES.items()) if issubclass(kind, Request)]


def request_of(kind: type[Request], sop_class: str) -> Request:
    """A request of one kind for a SOP class, with no more in it than it needs."""
    values: dict[str, Any] = {}
    described: Any = kind  # a dataclass, as all requests are
    for field in fields(described):
        if field.name.endswith("sop_class_uid"):
            values[field.name] = sop_class
        elif field.name.endswith("sop_instance_uid"):
            values[field.name] = "1.2.3"
        elif field.default is MISSING and field.default_factory is MISSING:
            values[field.name] = _VALUES[field.name]
    return kind(**values)


def operation_name(kind: type[Request]) -> str:
    """A request in the standard's words, as "C-STORE"."""
    return CommandField(kind.command_field).name.removesuffix("_RQ").replace("_", "-")
