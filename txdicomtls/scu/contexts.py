"""Which presentation contexts to propose, and in which roles (PS3.8 7.1.1.13, PS3.7 D.3.3.4).

Each function makes the contexts of one service; they are added up to what one association needs::

    contexts = query_contexts() + get_contexts([CT_IMAGE_STORAGE])
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

from txdicomtls import uids
from txdicomtls.association import Roles
from txdicomtls.pdu import PresentationContextRQ, RoleSelection

#: Context IDs are the odd numbers from 1 to 255.
MOST_CONTEXTS = 128

#: The transfer syntaxes of small data sets; every node knows the last one (PS3.5 10.1).
UNCOMPRESSED = (uids.EXPLICIT_VR_LITTLE_ENDIAN, uids.IMPLICIT_VR_LITTLE_ENDIAN)


class Stored(Protocol):
    """What says of an instance how it is kept: a :class:`~txdicomtls.part10.FileHeader`."""

    @property
    def sop_class_uid(self) -> str:
        """Its SOP class."""

    @property
    def transfer_syntax_uid(self) -> str:
        """What it is in, and is to be sent in."""


StoredT = TypeVar("StoredT", bound=Stored)


@dataclass(frozen=True, slots=True)
class Contexts:
    """Presentation contexts to propose, numbered, with the roles that go with them.

    They are iterated over, and added up: a sum is numbered anew, and proposes nothing twice.

    :param proposed: the contexts.
    :param roles: those of the requestor, for each SOP class where it is not just SCU.
    """

    proposed: tuple[PresentationContextRQ, ...] = ()
    roles: tuple[RoleSelection, ...] = ()

    def __iter__(self) -> Iterator[PresentationContextRQ]:
        return iter(self.proposed)

    def __len__(self) -> int:
        return len(self.proposed)

    def __add__(self, other: Iterable[PresentationContextRQ]) -> Contexts:
        """Both.

        :raises ValueError: that is more than 128.
        """
        more = other if isinstance(other, Contexts) else Contexts(tuple(other))
        pairs = [(each.abstract_syntax, each.transfer_syntaxes) for each in (*self, *more)]
        roles = {uid: _either(self.roles_of(uid), more.roles_of(uid)) for uid, _ in pairs}
        return _numbered(pairs, roles)

    def roles_of(self, abstract_syntax: str) -> Roles:
        """The roles in which a SOP class is proposed here; none where it is not."""
        for each in self.roles:
            if each.sop_class_uid == abstract_syntax:
                return Roles(scu=each.scu, scp=each.scp)
        return Roles(scu=any(each.abstract_syntax == abstract_syntax for each in self), scp=False)


def verification_context() -> Contexts:
    """The one context that C-ECHO needs."""
    return _numbered([(uids.VERIFICATION, (uids.IMPLICIT_VR_LITTLE_ENDIAN,))])


def contexts_for(instances: Iterable[Stored]) -> Contexts:
    """A context for each pair of SOP class and transfer syntax among what is to be stored.

    One transfer syntax in each context: the acceptor cannot choose one that the objects
    are not in, and says of each pair whether it takes it.

    :param instances: heads of files, or any values that say so much.
    :raises ValueError: there are more than 128 pairs; see :func:`batches`.
    """
    pairs = sorted({(each.sop_class_uid, each.transfer_syntax_uid) for each in instances})
    return _numbered([(abstract, (transfer,)) for abstract, transfer in pairs])


def storage_contexts(
    sop_classes: Iterable[str], transfer_syntaxes: tuple[str, ...] = UNCOMPRESSED
) -> Contexts:
    """Contexts for instances that are not there yet: each SOP class in each transfer syntax.

    :param sop_classes: UIDs of Storage SOP Classes (PS3.4 B.5).
    :param transfer_syntaxes: a context for each.
    :raises ValueError: there are more than 128 pairs.
    """
    classes = tuple(sop_classes)
    return _numbered([(abstract, (each,)) for abstract in classes for each in transfer_syntaxes])


def query_contexts(
    model: str = uids.STUDY_ROOT_FIND, *, transfer_syntaxes: tuple[str, ...] = UNCOMPRESSED
) -> Contexts:
    """What C-FIND needs (PS3.4 C.4.1).

    :param model: SOP class of the information model.
    """
    return _numbered([(model, transfer_syntaxes)])


def worklist_contexts(*, transfer_syntaxes: tuple[str, ...] = UNCOMPRESSED) -> Contexts:
    """What a query of the Modality Worklist needs (PS3.4 K)."""
    return query_contexts(uids.MODALITY_WORKLIST_FIND, transfer_syntaxes=transfer_syntaxes)


def move_contexts(
    model: str = uids.STUDY_ROOT_MOVE, *, transfer_syntaxes: tuple[str, ...] = UNCOMPRESSED
) -> Contexts:
    """What C-MOVE needs (PS3.4 C.4.2).

    :param model: SOP class of the information model.
    """
    return _numbered([(model, transfer_syntaxes)])


def get_contexts(
    storage: Iterable[str],
    model: str = uids.STUDY_ROOT_GET,
    *,
    stored_in: tuple[str, ...] = UNCOMPRESSED,
    transfer_syntaxes: tuple[str, ...] = UNCOMPRESSED,
) -> Contexts:
    """What C-GET needs: its own context, and one for each kind of instance that may come.

    The instances come on the same association, so the requestor is SCP of their SOP classes
    (PS3.4 C.4.3).

    :param storage: UIDs of the Storage SOP Classes to take.
    :param model: SOP class of the information model.
    :param stored_in: transfer syntaxes to take them in; a peer chooses one for each SOP class.
    :param transfer_syntaxes: those of the request itself.
    :raises ValueError: there are more than 127 SOP classes.
    """
    classes = tuple(dict.fromkeys(storage))
    pairs = [(model, transfer_syntaxes), *((each, stored_in) for each in classes)]
    return _numbered(pairs, dict.fromkeys(classes, Roles(scu=False, scp=True)))


def commitment_contexts(*, transfer_syntaxes: tuple[str, ...] = UNCOMPRESSED) -> Contexts:
    """What asking for storage commitment needs (PS3.4 J)."""
    return _numbered([(uids.STORAGE_COMMITMENT, transfer_syntaxes)])


def commitment_report_contexts(*, transfer_syntaxes: tuple[str, ...] = UNCOMPRESSED) -> Contexts:
    """What an SCP of storage commitment needs to report on an association of its own (PS3.4 J.3.3).

    There the requestor is SCP, because it is the acceptor that asked for the commitment.
    """
    return _numbered(
        [(uids.STORAGE_COMMITMENT, transfer_syntaxes)],
        {uids.STORAGE_COMMITMENT: Roles(scu=False, scp=True)},
    )


def procedure_step_contexts(*, transfer_syntaxes: tuple[str, ...] = UNCOMPRESSED) -> Contexts:
    """What creating and setting a Modality Performed Procedure Step needs (PS3.4 F.7)."""
    return _numbered([(uids.MODALITY_PERFORMED_PROCEDURE_STEP, transfer_syntaxes)])


def normalized_contexts(
    *sop_classes: str, transfer_syntaxes: tuple[str, ...] = UNCOMPRESSED
) -> Contexts:
    """What the N-services need for SOP classes of any kind (PS3.7 10)."""
    return _numbered([(each, transfer_syntaxes) for each in sop_classes])


def batches(instances: Iterable[StoredT]) -> Iterator[list[StoredT]]:
    """Parts of what is to be stored, in order, that each fit into one association."""
    batch: list[StoredT] = []
    pairs: set[tuple[str, str]] = set()
    for each in instances:
        pair = (each.sop_class_uid, each.transfer_syntax_uid)
        if pair not in pairs and len(pairs) == MOST_CONTEXTS:
            yield batch
            batch, pairs = [], set()
        pairs.add(pair)
        batch.append(each)
    if batch:
        yield batch


def _either(one: Roles, other: Roles) -> Roles:
    return Roles(scu=one.scu or other.scu, scp=one.scp or other.scp)


def _numbered(
    pairs: Iterable[tuple[str, tuple[str, ...]]], roles: dict[str, Roles] | None = None
) -> Contexts:
    """Contexts for abstract syntaxes and their transfer syntaxes, each pair once.

    :param roles: by SOP class; just SCU where there are none.
    """
    distinct = list(dict.fromkeys(pairs))
    if len(distinct) > MOST_CONTEXTS:
        msg = f"{len(distinct)} presentation contexts do not fit into one association"
        raise ValueError(msg)
    return Contexts(
        tuple(
            PresentationContextRQ(
                context_id=2 * index + 1, abstract_syntax=abstract, transfer_syntaxes=transfer
            )
            for index, (abstract, transfer) in enumerate(distinct)
        ),
        tuple(
            RoleSelection(sop_class_uid=uid, scu=each.scu, scp=each.scp)
            for uid, each in (roles or {}).items()
            if each.scp
        ),
    )
