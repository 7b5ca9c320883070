"""From ``[limits]`` to the limits of each part of the node."""

from __future__ import annotations

from txdicomtls.association import ConnectionLimits
from txdicomtls.net import Quotas, Timeouts
from txdicomtls.node.limit_sections import LimitsSection
from txdicomtls.scp import OperationLimits
from txdicomtls.tls import LinkDeadlines


def connection_limits(limits: LimitsSection) -> ConnectionLimits:
    """What one peer may make the node hold."""
    return ConnectionLimits(
        maximum_length=limits.maximum_length,
        command=limits.command_set,
        identifier=limits.identifier,
        association=limits.association_bytes,
    )


def timeouts(limits: LimitsSection) -> Timeouts:
    """How long an association waits."""
    return Timeouts(
        artim=limits.artim,
        association=limits.association,
        pdu=limits.pdu,
        response=limits.response,
        idle=limits.idle,
        release=limits.release,
        stall=limits.stall,
    )


def link_deadlines(limits: LimitsSection) -> LinkDeadlines:
    """How long a link waits before and after its association."""
    return LinkDeadlines(
        handshake=limits.handshake,
        # ARTIM guards the wait for the request, this the decision about it as well.
        association=limits.artim + LinkDeadlines().verification,
        closing=limits.closing,
    )


def calling_deadlines(limits: LimitsSection) -> LinkDeadlines:
    """The same where this node calls: the wait for the answer has a timer of its own."""
    return LinkDeadlines(handshake=limits.handshake, association=None, closing=limits.closing)


def quotas(limits: LimitsSection) -> Quotas:
    """How many associations there may be at once."""
    return Quotas(
        total=limits.associations,
        address=limits.associations_per_address,
        certificate=limits.associations_per_certificate,
        ae_title=limits.associations_per_ae_title,
    )


def operation_limits(limits: LimitsSection) -> OperationLimits:
    """What one operation may cost."""
    return OperationLimits(data=limits.identifier, patience=limits.suboperation)
