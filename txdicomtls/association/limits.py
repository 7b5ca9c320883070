"""What a peer may make one association hold."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    """What a peer may make us hold.

    :param associate: bytes of an A-ASSOCIATE PDU.  Real ones reach 20 kB; 128 contexts with all
        transfer syntaxes there are stay below 256 KiB; DCMTK's cap of 1 MiB lets a peer cost
        us a tenth of a second.
    :param maximum_length: the maximum length that we announce; P-DATA beyond it is refused.
    :param command: bytes of one command set.
    :param identifier: bytes of a data set that is gathered in memory: the identifier of a query or
        of a response to one, an attribute list, the information of an event.
    :param association: bytes that the peer may send on one association; None for no limit.
    """

    associate: int = 1 << 18
    maximum_length: int = 131072
    command: int = 65536
    identifier: int = 1 << 22
    association: int | None = None
