"""Octets in any chunks mean the same, and a PDU that breaks off means nothing."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.association.pair import CT, VERIFICATION, End, acceptance, request
from txdicomtls.association import (
    AssociateIndication,
    Connection,
    DataArrived,
    Output,
    Role,
    State,
)
from txdicomtls.dimse import CEchoRQ, CStoreRQ, command_fragments, data_fragments
from txdicomtls.pdu import Abort, ReleaseRQ, encode

REQUEST = request()
STORE = CStoreRQ(affected_sop_class_uid=CT, affected_sop_instance_uid="1.2.3", message_id=2)
ECHO = CEchoRQ(affected_sop_class_uid=VERIFICATION, message_id=1)

#: What a requestor says once its request is accepted.
CONVERSATION = b"".join(
    (
        *map(bytes, command_fragments(1, ECHO, 0)),
        *map(bytes, command_fragments(3, STORE, 128)),
        *map(bytes, data_fragments(3, bytes(range(250)), last=True, max_length=64)),
        encode(ReleaseRQ()),
    )
)

#: The same with a wrong end, and with something wrong in between.
WRONG = (
    CONVERSATION,
    CONVERSATION[:-10] + encode(Abort(source=0, reason=0)),
    CONVERSATION[:-10] + b"\xff",
    CONVERSATION + encode(REQUEST),
    CONVERSATION[:-12] + b"\0\0" + CONVERSATION[-10:],
)


def chunked(octets: bytes, cuts: list[int]) -> list[bytes]:
    """The octets cut at these positions, as far as they have them."""
    at = sorted({0, len(octets), *(cut % (len(octets) + 1) for cut in cuts)})
    return [octets[start:end] for start, end in pairwise(at)]


def joined(outputs: list[Output]) -> list[Output | bytes]:
    """The same outputs, with data that was cut put together."""
    found: list[Output | bytes] = []
    for output in outputs:
        if isinstance(output, DataArrived):
            before = found.pop() if found and isinstance(found[-1], bytes) else b""
            assert isinstance(before, bytes)
            found.append(before + bytes(output.data))
        else:
            found.append(output)
    return found


class ChunkTests(SynchronousTestCase):
    def hear(self, before: list[bytes], after: list[bytes]) -> tuple[End, State]:
        """An acceptor that hears a request, accepts it, and hears more."""
        acceptor = End(Connection(Role.ACCEPTOR))
        acceptor.do(acceptor.connection.transport_open())
        for chunk in before:
            acceptor.do(acceptor.connection.receive_data(chunk))
        acceptor.do(acceptor.connection.accept(acceptance(REQUEST)))
        for chunk in after:
            acceptor.do(acceptor.connection.receive_data(chunk))
        return acceptor, acceptor.connection.state

    @settings(max_examples=100, deadline=None)
    @given(
        st.sampled_from(WRONG),
        st.lists(st.integers(0, 2000), max_size=20),
        st.lists(st.integers(0, 2000), max_size=20),
    )
    def test_any_chunks_of_a_conversation_mean_the_same(
        self, octets: bytes, before: list[int], after: list[int]
    ) -> None:
        whole, state = self.hear([encode(REQUEST)], [octets])
        parts, ends = self.hear(chunked(encode(REQUEST), before), chunked(octets, after))
        self.assertEqual(joined(whole.heard), joined(parts.heard))
        self.assertEqual(bytes(whole.sent), bytes(parts.sent))
        self.assertEqual((state, whole.artim, whole.closed), (ends, parts.artim, parts.closed))

    def test_single_octets_mean_the_same(self) -> None:
        for octets in WRONG:
            whole, _ = self.hear([encode(REQUEST)], [octets])
            parts, _ = self.hear(
                [bytes([octet]) for octet in encode(REQUEST)], [bytes([octet]) for octet in octets]
            )
            self.assertEqual(joined(whole.heard), joined(parts.heard))
            self.assertEqual(bytes(whole.sent), bytes(parts.sent))


class TruncationTests(SynchronousTestCase):
    """A request that breaks off at any octet (AA-5, AA-2)."""

    def cut(self, length: int) -> End:
        acceptor = End(Connection(Role.ACCEPTOR))
        acceptor.do(acceptor.connection.transport_open())
        acceptor.do(acceptor.connection.receive_data(encode(REQUEST)[:length]))
        self.assertEqual([], acceptor.told(AssociateIndication))
        self.assertEqual((True, length > 0), (acceptor.artim, acceptor.connection.in_pdu))
        return acceptor

    def test_when_the_transport_ends_there_it_is_over_without_a_word(self) -> None:
        for length in range(len(encode(REQUEST))):
            acceptor = self.cut(length)
            acceptor.do(acceptor.connection.transport_closed())
            self.assertIs(State.STA1, acceptor.connection.state)
            self.assertEqual((b"", False), (bytes(acceptor.sent), acceptor.artim))

    def test_when_nothing_more_comes_artim_closes_without_a_word(self) -> None:
        for length in range(len(encode(REQUEST))):
            acceptor = self.cut(length)
            acceptor.do(acceptor.connection.artim_expired())
            self.assertIs(State.STA1, acceptor.connection.state)
            self.assertEqual((b"", True), (bytes(acceptor.sent), acceptor.closed))
