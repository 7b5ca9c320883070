"""The message service: command sets, messages and their fragments, statuses (PS3.7)."""

from __future__ import annotations

from txdicomtls.dimse.assembler import (
    MAX_COMMAND_LENGTH,
    MAX_EMPTY_FRAGMENTS,
    CommandReceived,
    DataReceived,
    MessageAssembler,
    MessagePart,
    MessageReceived,
)
from txdicomtls.dimse.command import decode_command, encode_command
from txdicomtls.dimse.composite import CEchoRQ, CEchoRSP, CStoreRQ, CStoreRSP, Priority
from txdicomtls.dimse.fragments import (
    LARGEST_LENGTH,
    SMALLEST_MAX_LENGTH,
    command_fragments,
    data_fragments,
    fragment_size,
)
from txdicomtls.dimse.messages import (
    CommandField,
    Message,
    RefusalRSP,
    Request,
    Response,
    fit_comment,
    refusal,
    register,
)
from txdicomtls.dimse.status import Status, StatusCategory, category, describe

__all__ = [
    "LARGEST_LENGTH",
    "MAX_COMMAND_LENGTH",
    "MAX_EMPTY_FRAGMENTS",
    "SMALLEST_MAX_LENGTH",
    "CEchoRQ",
    "CEchoRSP",
    "CStoreRQ",
    "CStoreRSP",
    "CommandField",
    "CommandReceived",
    "DataReceived",
    "Message",
    "MessageAssembler",
    "MessagePart",
    "MessageReceived",
    "Priority",
    "RefusalRSP",
    "Request",
    "Response",
    "Status",
    "StatusCategory",
    "category",
    "command_fragments",
    "data_fragments",
    "decode_command",
    "describe",
    "encode_command",
    "fit_comment",
    "fragment_size",
    "refusal",
    "register",
]
