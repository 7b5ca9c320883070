"""From pieces to messages."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.dimse.samples import ECHO_RQ, STORE_RQ, store_request, unsigned_short
from tests.dimse.strategies import messages, odd_context_ids, pieces
from txdicomtls.codes import AbortReason
from txdicomtls.dimse import (
    CEchoRQ,
    CommandReceived,
    CStoreRQ,
    DataReceived,
    Message,
    MessageAssembler,
    MessagePart,
    MessageReceived,
    command_fragments,
    data_fragments,
    encode_command,
)
from txdicomtls.errors import MalformedCommand, RemoteProtocolError, UnreadableCommand
from txdicomtls.pdu.framer import DataPiece, Framer, FramerLimits, NeedData

ECHO = CEchoRQ(affected_sop_class_uid="1.2.840.10008.1.1", message_id=1)
STORE = CStoreRQ(affected_sop_class_uid="1.2", affected_sop_instance_uid="1.3", message_id=2)

#: Requests that are refused, and the status that each is answered with.
REFUSED = (
    (store_request(x0100=unsigned_short(0x0100, 0x7FFF)), 0x0211),
    (store_request(x1000=b""), 0x0212),
    (store_request(x0100=unsigned_short(0x0100, 0x0030)), 0x0212),
)


def command(
    data: bytes, context_id: int = 1, *, last: bool = True, ends_value: bool = True
) -> DataPiece:
    return DataPiece(context_id, True, last, ends_value, memoryview(data))


def data_set(
    data: bytes, context_id: int = 1, *, last: bool = True, ends_value: bool = True
) -> DataPiece:
    return DataPiece(context_id, False, last, ends_value, memoryview(data))


def typed(parts: list[MessagePart]) -> list[tuple[type[MessagePart], MessagePart]]:
    """Parts are tuples, and those of different types may be equal; not so with their types."""
    return [(type(part), part) for part in parts]


class AssemblerTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.assembler = MessageAssembler()

    def receive(self, *arriving: DataPiece) -> list[MessagePart]:
        return [part for piece in arriving for part in self.assembler.receive(piece)]

    def assert_parts(self, parts: list[MessagePart], expected: list[MessagePart]) -> None:
        self.assertEqual(typed(parts), typed(expected))

    def assert_broken(self, piece: DataPiece, reason: AbortReason) -> None:
        error = self.assertRaises(RemoteProtocolError, self.assembler.receive, piece)
        self.assertEqual(error.reason, reason)


class MessageTests(AssemblerTestCase):
    def test_a_message_without_data_set_is_complete_with_its_command(self) -> None:
        self.assert_parts(
            self.receive(command(ECHO_RQ, 3)), [CommandReceived(3, ECHO), MessageReceived(3, 0)]
        )

    def test_a_data_set_passes_piece_by_piece_and_is_counted(self) -> None:
        parts = self.receive(
            command(encode_command(STORE)),
            data_set(b"ab", last=False, ends_value=False),
            data_set(b"cd", last=False),
            data_set(b"ef", ends_value=False),
            data_set(b"gh"),
        )
        self.assert_parts(
            parts,
            [
                CommandReceived(1, STORE),
                DataReceived(1, memoryview(b"ab")),
                DataReceived(1, memoryview(b"cd")),
                DataReceived(1, memoryview(b"ef")),
                DataReceived(1, memoryview(b"gh")),
                MessageReceived(1, 8),
            ],
        )

    def test_a_piece_of_a_data_set_is_passed_on_as_it_is(self) -> None:
        self.receive(command(STORE_RQ))
        piece = data_set(b"abcd", last=False)
        (part,) = self.receive(piece)
        assert isinstance(part, DataReceived)
        self.assertIs(part.data, piece.data)

    def test_the_last_fragment_may_come_in_pieces(self) -> None:
        self.assertEqual(self.receive(command(ECHO_RQ[:20], ends_value=False)), [])
        self.assertEqual(len(self.receive(command(ECHO_RQ[20:]))), 2)

    def test_an_empty_data_set_is_a_data_set(self) -> None:
        self.receive(command(STORE_RQ))
        self.assert_parts(self.receive(data_set(b"")), [MessageReceived(1, 0)])

    def test_odd_fragments_are_taken_and_an_odd_total_is_reported(self) -> None:
        self.receive(command(STORE_RQ))
        parts = self.receive(data_set(b"abc", last=False), data_set(b"de", last=False))
        self.assertEqual(len(parts), 2)
        self.assert_parts(
            self.receive(data_set(b"fghi")),
            [DataReceived(1, memoryview(b"fghi")), MessageReceived(1, 9)],
        )

    def test_messages_follow_each_other_on_any_context(self) -> None:
        for context_id in (1, 255, 3):
            self.assertEqual(len(self.receive(command(ECHO_RQ, context_id))), 2)

    def test_it_tells_whether_it_is_in_the_midst_of_a_message(self) -> None:
        self.assertFalse(self.assembler.in_message)
        for piece, in_message in (
            (command(STORE_RQ[:8], last=False), True),
            (command(STORE_RQ[8:]), True),
            (data_set(b"ab", last=False), True),
            (data_set(b"ab"), False),
            (command(ECHO_RQ), False),
        ):
            self.receive(piece)
            self.assertIs(self.assembler.in_message, in_message)

    @settings(deadline=None)
    @given(draw=st.data(), message=messages(), context_id=odd_context_ids)
    def test_the_same_messages_come_of_any_fragments(
        self, draw: st.DataObject, message: Message, context_id: int
    ) -> None:
        assembler = MessageAssembler()
        for _ in range(2):
            arriving = draw.draw(pieces(context_id, encode_command(message), is_command=True))
            data = draw.draw(st.binary(max_size=50)) if message.has_data_set else b""
            if message.has_data_set:
                arriving += draw.draw(pieces(context_id, data, is_command=False))
            parts = [part for piece in arriving for part in assembler.receive(piece)]
            self.assert_parts(parts[:1], [CommandReceived(context_id, message)])
            self.assert_parts(parts[-1:], [MessageReceived(context_id, len(data))])
            passed = [part.data for part in parts if isinstance(part, DataReceived)]
            self.assertEqual(len(passed), len(parts) - 2)
            self.assertEqual(b"".join(passed), data)
            self.assertNotIn(b"", passed)

    @settings(deadline=None)
    @given(
        message=messages(),
        data=st.binary(max_size=60).map(lambda data: data * 2),
        max_length=st.integers(8, 100),
        chunk=st.integers(1, 200),
    )
    def test_what_is_sent_arrives_however_the_stream_is_cut(
        self, message: Message, data: bytes, max_length: int, chunk: int
    ) -> None:
        stream = b"".join(command_fragments(1, message, max_length))
        if message.has_data_set:
            stream += b"".join(data_fragments(1, data, last=True, max_length=max_length))
        framer, assembler = Framer(FramerLimits(data=max_length)), MessageAssembler()
        parts: list[MessagePart] = []
        for start in range(0, len(stream), chunk):
            framer.receive_data(stream[start : start + chunk])
            while not isinstance(frame := framer.next_frame(), NeedData):
                assert isinstance(frame, DataPiece)
                parts += assembler.receive(frame)
        self.assert_parts(parts[:1], [CommandReceived(1, message)])
        arrived = b"".join(part.data for part in parts if isinstance(part, DataReceived))
        self.assertEqual(arrived, data if message.has_data_set else b"")
        self.assert_parts(parts[-1:], [MessageReceived(1, len(arrived))])


class OrderTests(AssemblerTestCase):
    def test_a_data_set_before_any_command_is_refused(self) -> None:
        self.assert_broken(data_set(b"ab"), AbortReason.UNEXPECTED_PDU)

    def test_a_data_set_that_was_not_announced_is_refused(self) -> None:
        self.receive(command(ECHO_RQ))
        self.assert_broken(data_set(b"ab"), AbortReason.UNEXPECTED_PDU)

    def test_a_data_set_in_the_midst_of_a_command_is_refused(self) -> None:
        self.receive(command(STORE_RQ[:8], last=False))
        self.assert_broken(data_set(b"ab"), AbortReason.UNEXPECTED_PDU)

    def test_a_command_in_place_of_the_data_set_is_refused(self) -> None:
        self.receive(command(STORE_RQ))
        self.assert_broken(command(ECHO_RQ), AbortReason.UNEXPECTED_PDU)

    def test_a_command_in_the_midst_of_a_data_set_is_refused(self) -> None:
        self.receive(command(STORE_RQ), data_set(b"ab", last=False))
        self.assert_broken(command(ECHO_RQ), AbortReason.UNEXPECTED_PDU)

    def test_data_after_the_last_fragment_is_refused(self) -> None:
        self.receive(command(STORE_RQ), data_set(b"ab"))
        self.assert_broken(data_set(b"cd"), AbortReason.UNEXPECTED_PDU)


class ContextTests(AssemblerTestCase):
    def test_a_message_does_not_change_its_context(self) -> None:
        for before, piece in (
            ([command(STORE_RQ[:8], last=False)], command(STORE_RQ[8:], 3)),
            ([command(STORE_RQ)], data_set(b"ab", 3)),
            ([command(STORE_RQ), data_set(b"ab", last=False)], data_set(b"cd", 3)),
        ):
            self.assembler = MessageAssembler()
            self.receive(*before)
            self.assert_broken(piece, AbortReason.INVALID_PDU_PARAMETER_VALUE)

    def test_an_even_context_is_refused(self) -> None:
        for context_id in (0, 2, 254):
            self.assert_broken(
                command(ECHO_RQ, context_id), AbortReason.INVALID_PDU_PARAMETER_VALUE
            )

    def test_a_context_that_was_not_accepted_is_refused_at_its_first_fragment(self) -> None:
        self.assembler = MessageAssembler(contexts={1, 5})
        self.assert_broken(
            command(ECHO_RQ[:2], 3, last=False), AbortReason.INVALID_PDU_PARAMETER_VALUE
        )
        self.assertEqual(len(self.receive(command(ECHO_RQ, 5))), 2)


class LimitTests(AssemblerTestCase):
    def test_a_command_set_may_be_as_long_as_the_limit_and_no_longer(self) -> None:
        self.assembler = MessageAssembler(max_command_length=len(ECHO_RQ))
        self.assertEqual(len(self.receive(command(ECHO_RQ))), 2)
        self.assembler = MessageAssembler(max_command_length=len(ECHO_RQ) - 1)
        self.receive(command(ECHO_RQ[:-1], last=False))
        self.assertRaises(UnreadableCommand, self.assembler.receive, command(ECHO_RQ[-1:]))

    def test_a_command_set_without_end_is_refused_at_64_kib(self) -> None:
        self.receive(command(bytes(65536), last=False))
        self.assertRaises(UnreadableCommand, self.assembler.receive, command(b"\0", last=False))

    def test_a_data_set_has_no_limit_here(self) -> None:
        self.receive(command(STORE_RQ))
        view = memoryview(bytes(1 << 20))
        for _ in range(300):
            self.receive(DataPiece(1, False, False, True, view))
        self.assert_parts(self.receive(data_set(b"")), [MessageReceived(1, 300 << 20)])

    def test_empty_fragments_without_progress_are_refused(self) -> None:
        for before, piece in (
            ([], command(b"", last=False)),
            ([command(STORE_RQ)], data_set(b"", last=False)),
            ([command(REFUSED[0][0])], data_set(b"", last=False)),
        ):
            self.assembler = MessageAssembler()
            self.receive(*before)
            self.assertEqual(self.receive(*[piece] * 1000), [])
            self.assert_broken(piece, AbortReason.NOT_SPECIFIED)

    def test_empty_fragments_with_progress_are_taken(self) -> None:
        self.receive(command(STORE_RQ))
        for _ in range(3):
            self.receive(*[data_set(b"", last=False)] * 1000)
            self.receive(data_set(b"ab", last=False))
        self.assert_parts(self.receive(data_set(b"")), [MessageReceived(1, 6)])


class RefusedTests(AssemblerTestCase):
    def test_a_refused_message_is_read_to_its_end_and_the_next_one_is_taken(self) -> None:
        for command_set, status in REFUSED:
            parts = self.receive(
                command(command_set), data_set(b"ab", last=False), data_set(b"", last=False)
            )
            self.assertEqual(parts, [])
            self.assertTrue(self.assembler.in_message)
            error = self.assertRaises(MalformedCommand, self.assembler.receive, data_set(b"cd"))
            self.assertEqual(error.status, status)
            self.assertFalse(self.assembler.in_message)
            self.assert_parts(
                self.receive(command(ECHO_RQ, 3)), [CommandReceived(3, ECHO), MessageReceived(3, 0)]
            )

    def test_a_refused_message_without_data_set_is_refused_at_once(self) -> None:
        no_data_set = store_request(x0800=unsigned_short(0x0800, 0x0101))
        error = self.assertRaises(MalformedCommand, self.assembler.receive, command(no_data_set))
        self.assertEqual(error.status, 0x0212)
        self.assertEqual(len(self.receive(command(ECHO_RQ))), 2)

    def test_the_order_of_fragments_holds_in_a_refused_message_too(self) -> None:
        self.receive(command(REFUSED[0][0]))
        self.assert_broken(command(ECHO_RQ), AbortReason.UNEXPECTED_PDU)

    def test_a_command_set_that_cannot_be_read_is_an_error_at_once(self) -> None:
        self.assertRaises(UnreadableCommand, self.assembler.receive, command(b"no command"))
