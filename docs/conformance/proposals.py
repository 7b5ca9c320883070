"""What a requestor proposes for each service: made by the functions that programs call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from conformance.node import PRINTER
from txdicomtls import scu, uids
from txdicomtls.association import Roles
from txdicomtls.part10 import FileHeader
from txdicomtls.scp.identifiers import FIND_ROOTS, GET_ROOTS, MOVE_ROOTS
from txdicomtls.scu import Contexts

#: Stands for whatever SOP class a program stores or retrieves (PS3.4 B.5).
CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedContexts:
    """What one function proposes.

    :param builder: its name, in :mod:`txdicomtls.scu`.
    :param contexts: what it makes.
    :param methods: of :class:`txdicomtls.scu.Association`, that need it.
    :param about: the SOP classes in words, where the caller names them.
    :param in_any: the transfer syntax is that of each instance.
    """

    builder: str
    contexts: Contexts
    methods: tuple[str, ...]
    about: str = ""
    in_any: bool = False

    @property
    def roles(self) -> Iterator[Roles]:
        """Those that are proposed for each SOP class."""
        for each in self.contexts:
            yield self.contexts.roles_of(each.abstract_syntax)


def _added(several: Iterator[Contexts]) -> Contexts:
    total = Contexts()
    for each in several:
        total += each
    return total


_HEADER = FileHeader(
    path=Path("image.dcm"),
    sop_class_uid=CT_IMAGE_STORAGE,
    sop_instance_uid="1.2.3",
    transfer_syntax_uid=uids.EXPLICIT_VR_LITTLE_ENDIAN,
    data_offset=0,
    data_length=0,
)

#: By the name of the service.
PROPOSALS: dict[str, tuple[ProposedContexts, ...]] = {
    "echo": (
        ProposedContexts(
            builder="verification_context",
            contexts=scu.verification_context(),
            methods=("echo",),
        ),
    ),
    "store": (
        ProposedContexts(
            builder="contexts_for",
            contexts=scu.contexts_for([_HEADER]),
            methods=("store",),
            about="that of each instance",
            in_any=True,
        ),
        ProposedContexts(
            builder="storage_contexts",
            contexts=scu.storage_contexts([CT_IMAGE_STORAGE]),
            methods=("store",),
            about="as the caller says",
        ),
    ),
    "find": (
        ProposedContexts(
            builder="query_contexts",
            contexts=_added(scu.query_contexts(model) for model in FIND_ROOTS),
            methods=("find",),
        ),
    ),
    "get": (
        ProposedContexts(
            builder="get_contexts",
            contexts=_added(scu.get_contexts([CT_IMAGE_STORAGE], model) for model in GET_ROOTS),
            methods=("get",),
            about="one of the three models as SCU, and as SCP the storage SOP classes that the "
            "caller says",
        ),
    ),
    "move": (
        ProposedContexts(
            builder="move_contexts",
            contexts=_added(scu.move_contexts(model) for model in MOVE_ROOTS),
            methods=("move",),
        ),
    ),
    "worklist": (
        ProposedContexts(
            builder="worklist_contexts",
            contexts=scu.worklist_contexts(),
            methods=("worklist",),
        ),
    ),
    "commit": (
        ProposedContexts(
            builder="commitment_contexts",
            contexts=scu.commitment_contexts(),
            methods=("commit", "request_commitment"),
        ),
        ProposedContexts(
            builder="commitment_report_contexts",
            contexts=scu.commitment_report_contexts(),
            methods=("event_report",),
        ),
    ),
    "procedure-step": (
        ProposedContexts(
            builder="procedure_step_contexts",
            contexts=scu.procedure_step_contexts(),
            methods=("create_procedure_step", "set_procedure_step"),
        ),
    ),
    "normalized": (
        ProposedContexts(
            builder="normalized_contexts",
            contexts=scu.normalized_contexts(PRINTER),
            methods=(
                "get_attributes",
                "set_attributes",
                "action",
                "create",
                "delete",
                "event_report",
            ),
            about="as the caller says",
        ),
    ),
}
