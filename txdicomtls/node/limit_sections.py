"""The section ``[limits]``: how much the node takes on, and how long it waits."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from txdicomtls.node.fields import Count, Seconds, Section, Size


class LimitsSection(Section):
    """``[limits]``: how many, how large, how long."""

    # How many.
    associations: Count = 100
    associations_per_address: Count | None = None
    associations_per_certificate: Count | None = 20
    associations_per_ae_title: Count | None = None
    unauthenticated: Count = 64
    window: Annotated[int, Field(strict=True, ge=1, le=64)] = 8
    find_matches: Annotated[int, Field(strict=True, ge=1)] | None = None
    commitments: Count = 64

    # How large.
    maximum_length: Annotated[Size, Field(ge=4096, le=16777216)] = 131072
    command_set: Annotated[Size, Field(ge=1024)] = 65536
    identifier: Annotated[Size, Field(ge=1024)] = 1048576
    association_bytes: Size | None = None
    object_size: Size | None = None

    # How long.
    handshake: Seconds = 10.0
    artim: Seconds = 30.0
    association: Seconds = 30.0
    pdu: Seconds = 30.0
    response: Seconds = 60.0
    idle: Seconds = 60.0
    release: Seconds = 30.0
    stall: Seconds = 60.0
    closing: Seconds = 5.0
    suboperation: Seconds = 60.0
    find_time: Seconds = 30.0
    drain: Seconds = 30.0
