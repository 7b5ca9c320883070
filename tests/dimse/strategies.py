"""Hypothesis strategies for messages, and the ways in which a stream of fragments can be cut."""

from __future__ import annotations

from dataclasses import MISSING, Field, fields
from typing import Any

from hypothesis import strategies as st

from txdicomtls.dimse import Message
from txdicomtls.dimse.elements import ELEMENTS_BY_NAME, VR
from txdicomtls.dimse.messages import MESSAGES
from txdicomtls.pdu.framer import DataPiece

unsigned_shorts = st.integers(0, 0xFFFF)
odd_context_ids = st.integers(0, 127).map(lambda n: 2 * n + 1)
uids = st.from_regex(r"[0-2](\.(0|[1-9][0-9]{0,9})){1,5}", fullmatch=True)
ae_titles = st.from_regex(r"[A-Z0-9_]([A-Z0-9_ ]{0,14}[A-Z0-9_])?", fullmatch=True)
comments = st.from_regex(r"[!-\[\]-~]([ -\[\]-~]{0,62}[!-\[\]-~])?", fullmatch=True)
tags = st.lists(st.integers(0, 0xFFFFFFFF), max_size=4).map(tuple)


#: Any status, and often one that means something for the rest of the message.
statuses = unsigned_shorts | st.sampled_from((0x0000, 0xB000, 0xC000, 0xFE00, 0xFF00, 0xFF01))

_VALUES: dict[VR, st.SearchStrategy[Any]] = {
    VR.AE: ae_titles,
    VR.AT: tags,
    VR.LO: comments,
    VR.UI: uids,
    VR.US: unsigned_shorts,
}


def _values(field: Field[Any]) -> st.SearchStrategy[Any]:
    """Any value of a field of a message; its default, too, where it has one."""
    if field.name == "has_data_set":
        return st.booleans()
    if field.name == "status":
        return statuses
    values = _VALUES[ELEMENTS_BY_NAME[field.name].vr]
    return values if field.default is MISSING else st.just(field.default) | values


def _messages_of(message_type: type[Message]) -> st.SearchStrategy[Message]:
    values = {field.name: _values(field) for field in fields(message_type)}  # type: ignore[arg-type]  # every message is a dataclass
    return st.builds(message_type, **values).filter(lambda message: not message.contradiction())


def messages() -> st.SearchStrategy[Message]:
    """Every message that can be sent."""
    return st.one_of([_messages_of(message_type) for message_type in MESSAGES.values()])


@st.composite
def cuts(draw: st.DrawFn, data: bytes) -> list[bytes]:
    """Any way to cut some bytes in pieces, empty ones among them; at least one piece."""
    places = sorted(draw(st.lists(st.integers(0, len(data)), max_size=6)))
    return [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]


@st.composite
def pieces(draw: st.DrawFn, context_id: int, data: bytes, *, is_command: bool) -> list[DataPiece]:
    """Any way in which a command set or data set may arrive.

    Cut in fragments, and each fragment in the pieces that the reading of the stream left of it.
    """
    arriving = []
    fragments = draw(cuts(data))
    for index, fragment in enumerate(fragments):
        parts = [part for part in draw(cuts(fragment)) if part] or [b""]
        for number, part in enumerate(parts):
            arriving.append(
                DataPiece(
                    context_id,
                    is_command,
                    index == len(fragments) - 1,
                    number == len(parts) - 1,
                    memoryview(part),
                )
            )
    return arriving
