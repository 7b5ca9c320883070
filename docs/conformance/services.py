"""What each service takes and asks for: presentation contexts, operations, statuses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from conformance.contexts import SCP, SCU, TRANSFER_SYNTAXES, Taken, taken
from conformance.markdown import code, table
from conformance.node import PRINTER, of_programs, offered
from conformance.proposals import PROPOSALS
from conformance.statuses import status_rows
from txdicomtls import uids
from txdicomtls.association import Roles
from txdicomtls.scp.extended import QUERY_BYTES

#: So many SOP classes are named where they are proposed alike; more are in a list of their own.
_FEW = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What there is to say of a service that the code does not know.

    :param title: what the standard calls it.
    :param section: where it is.
    :param statuses: its tables in :mod:`txdicomtls.dimse.status_tables`.
    :param page: the page with its examples.
    :param invoked: what the node itself invokes on the requestor, as "C-STORE".
    :param invoked_on: the role of the requestor on the contexts where it does so.
    :param choice: which transfer syntax is chosen of several, where it is not the first offered.
    :param members: names of services that are a part of it.
    """

    title: str
    section: str
    statuses: tuple[str, ...]
    page: str
    invoked: str = ""
    invoked_on: Roles = SCU
    choice: str = ""
    members: tuple[str, ...] = ()


#: The services by their names, as configuration and log lines have them.
DESCRIPTIONS = {
    "echo": Description(
        title="Verification", section="PS3.4 A", statuses=("echo",), page="verification"
    ),
    "store": Description(title="Storage", section="PS3.4 B", statuses=("store",), page="storage"),
    "find": Description(title="Query", section="PS3.4 C.4.1", statuses=("find",), page="query"),
    "get": Description(
        title="Retrieve by C-GET",
        section="PS3.4 C.4.3",
        statuses=("get",),
        page="retrieve",
        invoked="C-STORE",
        invoked_on=SCP,
        choice="one in which there are instances, else the first offered",
    ),
    "move": Description(
        title="Retrieve by C-MOVE", section="PS3.4 C.4.2", statuses=("move",), page="retrieve"
    ),
    "worklist": Description(
        title="Modality worklist", section="PS3.4 K", statuses=("worklist",), page="worklist"
    ),
    "commit": Description(
        title="Storage commitment, push model",
        section="PS3.4 J",
        statuses=("commitment",),
        page="commitment",
        invoked="N-EVENT-REPORT",
        members=("commitment",),
    ),
    "procedure-step": Description(
        title="Modality performed procedure step",
        section="PS3.4 F",
        statuses=("mpps",),
        page="worklist",
    ),
    "normalized": Description(
        title="Normalized services of any SOP class",
        section="PS3.7 10",
        statuses=("n-event-report", "n-get", "n-set", "n-action", "n-create", "n-delete"),
        page="normalized",
        members=("events",),
    ),
}


class UndescribedServiceError(Exception):
    """A service takes presentation contexts, and nobody has said what it is called here."""


@cache
def all_taken() -> dict[str, tuple[Taken, ...]]:
    """What is accepted, by the names of the services as this page has them.

    :raises UndescribedServiceError: there is one that :data:`DESCRIPTIONS` does not have.
    """
    of_name = {
        name: described
        for described, each in DESCRIPTIONS.items()
        for name in (described, *each.members)
    }
    found: dict[str, list[Taken]] = {name: [] for name in DESCRIPTIONS}
    for each in (*taken(offered()), *taken(of_programs())):
        if each.service not in of_name:
            raise UndescribedServiceError(each.service)
        found[of_name[each.service]].append(each)
    return {name: tuple(several) for name, several in found.items()}


def overview() -> Iterator[str]:
    """All services, one in a line."""
    yield from table(
        ("service", "`name`", "SOP classes", "takes as SCP", "takes as SCU", "asks with"),
        (
            (
                f"[{each.title}](#{anchor(name)}), {each.section}",
                code(name) if any(one.name == name for one in offered()) else "programs only",
                _count(one.sop_class for one in all_taken()[name] if one.peer.scu),
                _all_operations(one for one in all_taken()[name] if one.peer.scu),
                _all_operations(one for one in all_taken()[name] if one.peer.scp),
                code(*dict.fromkeys(one for each in PROPOSALS[name] for one in each.methods)),
            )
            for name, each in DESCRIPTIONS.items()
        ),
    )


def anchor(name: str) -> str:
    """Where the chapter of a service is, on the page."""
    return f"service-{name}"


def _count(sop_classes: Iterable[str]) -> str:
    several = set(sop_classes)
    return "as the program says" if several == {PRINTER} else str(len(several))


def _all_operations(rows: Iterable[Taken]) -> str:
    return ", ".join(dict.fromkeys(operation for row in rows for operation in row.operations))


def lines() -> Iterator[str]:
    """A chapter for each service, then the lists that the chapters refer to."""
    for name, each in DESCRIPTIONS.items():
        yield from [f"({anchor(name)})=", f"### {each.title}", ""]
        yield from [f"{each.section}; [how it is used](services/{each.page}.md).", ""]
        yield from _accepted(all_taken()[name], each)
        yield from _proposed(name)
        yield from ["Statuses:", ""]
        yield from table(
            ("status", "class", "meaning", "this node answers with it where"),
            status_rows(name, each.statuses),
        )
    yield from _storage_list()
    yield from ["### Transfer syntaxes", "", "All of these are taken for what is stored:", ""]
    yield from table(
        ("UID", "name"), ((code(uid), uids.uid_name(uid)) for uid in TRANSFER_SYNTAXES)
    )


def _accepted(rows: Sequence[Taken], description: Description) -> Iterator[str]:
    """The presentation contexts that are accepted, those of like SOP classes together."""
    groups: dict[tuple[object, ...], list[Taken]] = {}
    for row in sorted(rows, key=lambda row: row.peer.scp):
        alike = (row.peer, row.transfer_syntaxes, row.preferred, row.operations, row.extended)
        groups.setdefault(alike, []).append(row)
    yield from ["Accepted presentation contexts:", ""]
    yield from table(
        (
            "SOP classes",
            "transfer syntaxes",
            "of several",
            "role of the node",
            "operations",
            "extended negotiation",
        ),
        (
            (
                named_classes([row.sop_class for row in group]),
                named_syntaxes(group[0].transfer_syntaxes),
                "the first offered" if group[0].preferred else _choice(description),
                _role(group[0].peer),
                _operations(group[0], description),
                agreed(group[0].extended),
            )
            for group in groups.values()
        ),
    )


def _choice(description: Description) -> str:
    """How one of several transfer syntaxes is chosen, where it is not the first offered.

    :raises UndescribedServiceError: nobody has said.
    """
    if not description.choice:
        raise UndescribedServiceError(f"{description.title}: how is a transfer syntax chosen?")
    return description.choice


def named_classes(sop_classes: Sequence[str]) -> str:
    """SOP classes, each with its UID; or where they are listed."""
    if len(sop_classes) > _FEW:
        return f"all {len(sop_classes)} [storage SOP classes](#storage-sop-classes)"
    return "; ".join(f"{uids.uid_name(uid)}, {code(uid)}" for uid in sop_classes)


def named_syntaxes(transfer_syntaxes: Sequence[str]) -> str:
    """Transfer syntaxes by their names."""
    if list(transfer_syntaxes) == TRANSFER_SYNTAXES:
        return "[all](#transfer-syntaxes)"
    return "; ".join(f"{uids.uid_name(uid)}, {code(uid)}" for uid in transfer_syntaxes)


def _role(peer: Roles) -> str:
    return " and ".join(
        name for name, is_so in (("SCP", peer.scu), ("SCU, by role selection", peer.scp)) if is_so
    )


def _operations(row: Taken, description: Description) -> str:
    """Those of the requestor, then what the node invokes itself."""
    own = description.invoked if row.peer == description.invoked_on else ""
    return "; ".join((*row.operations, *((f"{own}, by the node",) if own else ())))


def agreed(answer: bytes | None) -> str:
    """What is agreed on where everything is asked for, in words."""
    if answer is None:
        return "none"
    names = [
        (name or "enhanced conversion").replace("_", " ")
        for name, value in zip(QUERY_BYTES, answer, strict=False)
        if value
    ]
    return f"{', '.join(names)}; answered `{answer.hex(' ')}`"


def _proposed(name: str) -> Iterator[str]:
    yield from ["Proposed presentation contexts:", ""]
    yield from table(
        ("made by", "SOP classes", "transfer syntaxes", "role proposed", "asked by"),
        (
            (
                code(f"{proposal.builder}()"),
                proposal.about
                or "; ".join(
                    dict.fromkeys(
                        f"{uids.uid_name(each.abstract_syntax)}, {code(each.abstract_syntax)}"
                        for each in proposal.contexts
                    )
                ),
                "; or ".join(
                    dict.fromkeys(
                        ", ".join(map(uids.uid_name, each.transfer_syntaxes))
                        for each in proposal.contexts
                    )
                )
                if not proposal.in_any
                else "that of each instance",
                _proposed_roles(proposal.roles),
                code(*proposal.methods),
            )
            for proposal in PROPOSALS[name]
        ),
    )


def _proposed_roles(roles: Iterable[Roles]) -> str:
    return "; ".join(
        dict.fromkeys(
            " and ".join(name for name, is_so in (("SCU", each.scu), ("SCP", each.scp)) if is_so)
            for each in roles
        )
    )


def _storage_list() -> Iterator[str]:
    stored = sorted(
        uids.STORAGE_SOP_CLASSES, key=lambda uid: re.sub(r"\d+", lambda m: m[0].zfill(9), uid)
    )
    yield from ["### Storage SOP classes", ""]
    yield from table(("UID", "name"), ((code(uid), uids.uid_name(uid)) for uid in stored))
