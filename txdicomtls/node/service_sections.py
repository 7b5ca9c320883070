"""The sections about what the node does: which services it offers, and what it passes on."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StrictBool

from txdicomtls.node.access_sections import SERVICES, ServiceName
from txdicomtls.node.fields import (
    UID,
    AETitle,
    ExistingDirectory,
    OneOrSeveral,
    Seconds,
    Section,
    Text,
)

#: What is offered where everybody with a trusted certificate may use all that is offered.
HARMLESS: tuple[ServiceName, ...] = ("echo", "store")

#: The services that a section of their own switches on.
BY_SECTION = {"worklist": "worklist", "procedure-step": "procedure_steps"}

Days = Annotated[float, Field(strict=True, gt=0, le=3650, allow_inf_nan=False)]
AETitles = Annotated[tuple[AETitle, ...], OneOrSeveral, Field(min_length=1)]


class ServicesSection(Section):
    """``[services]``: what is offered at all; each peer gets as much of it as it is allowed."""

    offer: Annotated[tuple[ServiceName, ...], Field(min_length=1)] | None = None
    report_on_same_association: StrictBool = True

    def offered(self, *, to_known_peers: bool, sections: frozenset[str]) -> frozenset[str]:
        """The names of the services that are offered.

        :param to_known_peers: whether there are peers that are allowed single services.
        :param sections: the optional sections that are there.
        """
        if self.offer is not None:
            return frozenset(self.offer)
        usual = SERVICES if to_known_peers else HARMLESS
        without_section = {name for name in usual if name not in BY_SECTION}
        return frozenset(
            without_section | {name for name, section in BY_SECTION.items() if section in sections}
        )


class WorklistSection(Section):
    """``[worklist]``: what is scheduled, as a folder of data sets."""

    folder: ExistingDirectory


class ProcedureStepsSection(Section):
    """``[procedure_steps]``: performed procedure steps are kept."""

    forward_to: Annotated[tuple[AETitle, ...], OneOrSeveral] = ()


class ForwardSection(Section):
    """``[[forward]]``: what arrives and fits is sent on."""

    to: AETitles
    calling: Annotated[AETitles | None, Field(alias="from")] = None
    sop_classes: Annotated[tuple[UID, ...], OneOrSeveral, Field(min_length=1)] | None = None
    modalities: Annotated[tuple[Text, ...], OneOrSeveral, Field(min_length=1)] | None = None


class DeliverySection(Section):
    """``[delivery]``: how what is to be sent on is tried again."""

    first_pause: Seconds = 10.0
    longest_pause: Seconds = 1800.0
    give_up_after_days: Days = 7.0
