"""Hypothesis strategies for messages, and the ways in which a stream of fragments can be cut."""

from __future__ import annotations

from hypothesis import strategies as st

from txdicomtls.dimse import CEchoRQ, CEchoRSP, CStoreRQ, CStoreRSP, Message
from txdicomtls.pdu.framer import DataPiece

unsigned_shorts = st.integers(0, 0xFFFF)
odd_context_ids = st.integers(0, 127).map(lambda n: 2 * n + 1)
uids = st.from_regex(r"[0-2](\.(0|[1-9][0-9]{0,9})){1,5}", fullmatch=True)
ae_titles = st.from_regex(r"[A-Z0-9_]([A-Z0-9_ ]{0,14}[A-Z0-9_])?", fullmatch=True)
comments = st.from_regex(r"[!-\[\]-~]([ -\[\]-~]{0,62}[!-\[\]-~])?", fullmatch=True)
tags = st.lists(st.integers(0, 0xFFFFFFFF), max_size=4).map(tuple)


def messages() -> st.SearchStrategy[Message]:
    """Every message that can be sent."""
    return st.one_of(
        st.builds(CEchoRQ, affected_sop_class_uid=uids, message_id=unsigned_shorts),
        st.builds(
            CEchoRSP,
            message_id_being_responded_to=unsigned_shorts,
            status=unsigned_shorts,
            affected_sop_class_uid=st.just("") | uids,
            error_comment=st.just("") | comments,
        ),
        st.builds(
            CStoreRQ,
            affected_sop_class_uid=uids,
            affected_sop_instance_uid=uids,
            message_id=unsigned_shorts,
            priority=unsigned_shorts,
            move_originator_ae_title=st.just("") | ae_titles,
            move_originator_message_id=st.none() | unsigned_shorts,
        ),
        st.builds(
            CStoreRSP,
            message_id_being_responded_to=unsigned_shorts,
            status=unsigned_shorts,
            affected_sop_class_uid=st.just("") | uids,
            affected_sop_instance_uid=st.just("") | uids,
            offending_element=tags,
            error_comment=st.just("") | comments,
        ),
    )


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
