"""PDUs out of a stream: the same however it is cut, and nothing buffered for a length that lies."""

from __future__ import annotations

import gc

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.pdu import golden, strategies
from txdicomtls.codes import AbortReason
from txdicomtls.errors import RemoteProtocolError
from txdicomtls.pdu import (
    NEED_DATA,
    PDU,
    DataPiece,
    Frame,
    Framer,
    FramerLimits,
    PDataTF,
    PDUType,
    PresentationDataValue,
    data_header,
    decode,
    encode,
)


def framer_of(*chunks: bytes | bytearray, limits: FramerLimits | None = None) -> Framer:
    framer = Framer(limits or FramerLimits())
    for chunk in chunks:
        framer.receive_data(chunk)
    return framer


def frames_of(framer: Framer) -> list[Frame]:
    """All frames that the framer has ready."""
    frames: list[Frame] = []
    while (frame := framer.next_frame()) is not NEED_DATA:
        frames.append(frame)
    return frames


def joined(frames: list[Frame]) -> list[tuple[object, bytes, bool]]:
    """Frames with the pieces of each value joined: control PDU or header, data, complete."""
    result: list[tuple[object, bytes, bool]] = []
    for frame in frames:
        if isinstance(frame, DataPiece):
            header, data = frame[:3], bytes(frame.data)
            if result and not result[-1][2]:
                begun, before, _ = result.pop()
                assert begun == header
                data = before + data
            result.append((header, data, frame.ends_value))
        else:
            result.append((frame, b"", True))
    return result


def outcome_of(chunks: list[bytes]) -> tuple[list[tuple[object, bytes, bool]], str]:
    """What a stream comes to: its frames, then the error that ends it, if any."""
    framer = Framer(FramerLimits())
    frames: list[Frame] = []
    try:
        for chunk in chunks:
            framer.receive_data(chunk)
            while (frame := framer.next_frame()) is not NEED_DATA:
                frames.append(frame)
    except RemoteProtocolError as error:
        return joined(frames), f"{error} {error.reason!r}"
    return joined(frames), ""


def values_of(pdu: PDU) -> list[tuple[object, bytes, bool]]:
    """What :func:`joined` makes of one PDU."""
    if isinstance(pdu, PDataTF):
        return [
            ((value.context_id, value.is_command, value.is_last), value.data, True)
            for value in pdu.values
        ]
    return [(pdu, b"", True)]


class ChunkingTests(SynchronousTestCase):
    @settings(deadline=None)
    @given(st.data())
    def test_any_chunking_gives_the_same_frames(self, data: st.DataObject) -> None:
        pdus = data.draw(st.lists(strategies.pdus(), max_size=4))
        stream = b"".join(map(encode, pdus))
        expected = [value for pdu in pdus for value in values_of(pdu)]
        chunks = data.draw(strategies.chunkings(stream))
        self.assertEqual(outcome_of(chunks), (expected, ""))

    @settings(deadline=None, max_examples=150)
    @given(st.data())
    def test_any_chunking_of_a_broken_stream_gives_the_same_frames_and_error(
        self, data: st.DataObject
    ) -> None:
        pdus = data.draw(st.lists(strategies.pdus(), min_size=1, max_size=3))
        stream = data.draw(strategies.mutations(b"".join(map(encode, pdus))))
        chunks = data.draw(strategies.chunkings(stream))
        self.assertEqual(outcome_of(chunks), outcome_of([stream]))

    def test_single_bytes_give_the_same_frames(self) -> None:
        stream = golden.STREAM
        chunks = [stream[at : at + 1] for at in range(len(stream))]
        frames, error = outcome_of(chunks)
        self.assertEqual((frames, error), outcome_of([stream]))
        self.assertEqual(
            [frame for frame, _, _ in frames if not isinstance(frame, tuple)],
            [
                golden.ASSOCIATE_RQ,
                golden.ASSOCIATE_AC,
                golden.RELEASE_RQ,
                golden.RELEASE_RP,
                golden.ASSOCIATE_RJ,
                golden.ABORT,
            ],
        )

    def test_chunks_may_wait_while_nothing_is_asked_for(self) -> None:
        stream = golden.STREAM
        framer = framer_of(*(stream[at : at + 7] for at in range(0, len(stream), 7)))
        self.assertEqual(joined(frames_of(framer)), outcome_of([stream])[0])

    def test_an_empty_chunk_changes_nothing(self) -> None:
        framer = framer_of(b"", golden.RELEASE_RQ_OCTETS[:3], b"", golden.RELEASE_RQ_OCTETS[3:])
        self.assertEqual(frames_of(framer), [golden.RELEASE_RQ])

    @settings(deadline=None)
    @given(st.binary(max_size=60))
    def test_framer_and_decoder_agree_about_every_p_data_tf(self, body: bytes) -> None:
        header = b"\x04\0" + len(body).to_bytes(4, "big")
        frames, error = outcome_of([header + body])
        try:
            expected = values_of(decode(PDUType.P_DATA_TF, body))
        except RemoteProtocolError:
            self.assertNotEqual(error, "")
        else:
            self.assertEqual((frames, error), (expected, ""))


class PieceTests(SynchronousTestCase):
    def test_pieces_come_as_soon_as_their_bytes(self) -> None:
        framer = framer_of(data_header(3, is_command=False, is_last=True, length=10))
        self.assertIs(framer.next_frame(), NEED_DATA)
        framer.receive_data(b"0123")
        self.assertEqual(frames_of(framer), [DataPiece(3, False, True, False, memoryview(b"0123"))])
        framer.receive_data(b"456789")
        self.assertEqual(
            frames_of(framer), [DataPiece(3, False, True, True, memoryview(b"456789"))]
        )

    def test_an_empty_value_is_one_empty_piece(self) -> None:
        framer = framer_of(data_header(3, is_command=True, is_last=True, length=0))
        self.assertEqual(frames_of(framer), [DataPiece(3, True, True, True, memoryview(b""))])

    def test_an_empty_value_at_the_end_of_a_chunk_does_not_wait(self) -> None:
        framer = framer_of(golden.P_DATA_TF_OCTETS)
        pieces = frames_of(framer)
        self.assertEqual(len(pieces), 3)
        self.assertFalse(framer.in_pdu)

    def test_data_is_never_copied(self) -> None:
        chunk = data_header(1, is_command=False, is_last=False, length=100) + bytes(40)
        rest = bytes(60)
        framer = framer_of(chunk)
        (first,) = frames_of(framer)
        framer.receive_data(rest)
        (second,) = frames_of(framer)
        assert isinstance(first, DataPiece)
        assert isinstance(second, DataPiece)
        self.assertIs(first.data.obj, chunk)
        self.assertIs(second.data.obj, rest)

    def test_views_stay_what_they_were(self) -> None:
        octets = data_header(1, is_command=False, is_last=True, length=3) + b"abc"
        framer = framer_of(octets)
        (piece,) = frames_of(framer)
        framer.receive_data(golden.STREAM)
        frames_of(framer)
        assert isinstance(piece, DataPiece)
        self.assertEqual(bytes(piece.data), b"abc")

    def test_reserved_bits_of_the_control_header_are_not_tested(self) -> None:
        octets = bytearray(data_header(1, is_command=False, is_last=True, length=0))
        octets[11] |= 0xFC
        self.assertEqual(
            frames_of(framer_of(octets)), [DataPiece(1, False, True, True, memoryview(b""))]
        )

    def test_context_ids_are_not_judged_here(self) -> None:
        octets = b"\x04\0\0\0\0\x06\0\0\0\2\0\0"
        self.assertEqual(
            frames_of(framer_of(octets)), [DataPiece(0, False, False, True, memoryview(b""))]
        )

    def test_a_view_may_be_received(self) -> None:
        framer = Framer(FramerLimits())
        framer.receive_data(memoryview(golden.RELEASE_RP_OCTETS))
        self.assertEqual(frames_of(framer), [golden.RELEASE_RP])


class MemoryTests(SynchronousTestCase):
    """A bytearray that any view holds cannot be resized: so it tells whether one does."""

    def test_no_consumed_chunk_is_held(self) -> None:
        data = data_header(1, is_command=False, is_last=True, length=20) + bytes(20)
        for stream, cut in (
            (data, len(data)),
            (data, 20),
            (data, 8),
            (data + data, len(data) + 3),
            (golden.STREAM, len(golden.STREAM)),
            (golden.ASSOCIATE_RQ_OCTETS, 100),
            (golden.ASSOCIATE_RQ_OCTETS, 3),
        ):
            chunk = bytearray(stream[:cut])
            framer = Framer(FramerLimits())
            framer.receive_data(chunk)
            frames_of(framer)
            chunk.clear()  # raises BufferError where a view is left
            framer.receive_data(stream[cut:])
            frames_of(framer)
            self.assertFalse(framer.in_pdu)

    def test_a_framer_that_is_dropped_lets_go_at_once(self) -> None:
        gc.disable()
        self.addCleanup(gc.enable)
        chunk = bytearray(golden.STREAM)
        framer = Framer(FramerLimits())
        framer.receive_data(chunk)
        framer.next_frame()
        del framer
        chunk.clear()

    def test_a_framer_that_raised_holds_nothing(self) -> None:
        chunk = bytearray(b"\xff" * 100)
        framer = Framer(FramerLimits())
        framer.receive_data(chunk)
        with self.assertRaises(RemoteProtocolError):
            framer.next_frame()
        chunk.clear()


class HeaderTests(SynchronousTestCase):
    def assert_refused(
        self,
        octets: bytes,
        text: str,
        reason: AbortReason = AbortReason.INVALID_PDU_PARAMETER_VALUE,
        limits: FramerLimits | None = None,
    ) -> None:
        with self.assertRaises(RemoteProtocolError) as caught:
            frames_of(framer_of(octets, limits=limits))
        self.assertIn(text, str(caught.exception))
        self.assertIs(caught.exception.reason, reason)

    def test_the_first_byte_suffices_to_refuse_an_unknown_type(self) -> None:
        for pdu_type in {*range(256)} - {*PDUType}:
            self.assert_refused(
                bytes((pdu_type,)), f"{pdu_type:02X}H", AbortReason.UNRECOGNIZED_PDU
            )

    def test_who_speaks_tls_to_a_port_without_is_told_so(self) -> None:
        self.assert_refused(
            b"\x16\x03\x01", "speaks TLS to a port without", AbortReason.UNRECOGNIZED_PDU
        )

    def test_a_pdu_of_no_length_is_refused_on_its_header(self) -> None:
        for pdu_type in PDUType:
            self.assert_refused(bytes((pdu_type, 0, 0, 0, 0, 0)), "is 0")

    def test_a_length_beyond_the_limit_is_refused_on_the_header(self) -> None:
        limits = FramerLimits(associate=1000, data=500)
        for pdu_type, limit in (
            (PDUType.A_ASSOCIATE_RQ, 1000),
            (PDUType.A_ASSOCIATE_AC, 1000),
            (PDUType.P_DATA_TF, 500),
        ):
            for length in (limit + 1, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF):
                header = bytes((pdu_type, 0)) + length.to_bytes(4, "big")
                self.assert_refused(header, f"is {length}, not", limits=limits)
            header = bytes((pdu_type, 0)) + limit.to_bytes(4, "big")
            self.assertEqual(frames_of(framer_of(header, limits=limits)), [])

    def test_reject_release_and_abort_have_a_length_of_4(self) -> None:
        for pdu_type in (
            PDUType.A_ASSOCIATE_RJ,
            PDUType.A_RELEASE_RQ,
            PDUType.A_RELEASE_RP,
            PDUType.A_ABORT,
        ):
            for length in (0, 3, 5, 0xFFFF_FFFF):
                header = bytes((pdu_type, 0)) + length.to_bytes(4, "big")
                self.assert_refused(header, f"is {length}, not 4")

    def test_the_reserved_byte_of_every_header_is_not_tested(self) -> None:
        for octets in (
            golden.ASSOCIATE_RQ_OCTETS,
            golden.ASSOCIATE_AC_OCTETS,
            golden.ASSOCIATE_RJ_OCTETS,
            golden.P_DATA_TF_OCTETS,
            golden.RELEASE_RQ_OCTETS,
            golden.RELEASE_RP_OCTETS,
            golden.ABORT_OCTETS,
        ):
            other = octets[:1] + b"\xff" + octets[2:]
            self.assertEqual(frames_of(framer_of(other)), frames_of(framer_of(octets)))

    def test_a_value_whose_length_lies_is_refused_on_its_header(self) -> None:
        for length in (0, 1, 11, 0x7FFF_FFFF, 0x8000_0000, 0x8000_0001, 0xFFFF_FFFF):
            octets = b"\x04\0\0\0\0\x0e" + length.to_bytes(4, "big") + b"\1\0"
            self.assert_refused(octets, f"is {length}, and 10 bytes are left")

    def test_stray_bytes_after_a_value_are_refused_on_its_header(self) -> None:
        for count in (1, 2, 3, 4, 5):
            octets = bytes((4, 0, 0, 0, 0, 8 + count)) + b"\0\0\0\4\1\0"
            self.assert_refused(octets, f"stray bytes at the end of P-DATA-TF: {count}")

    def test_a_p_data_tf_too_short_for_a_value_is_refused(self) -> None:
        for length in range(6):
            self.assert_refused(bytes((4, 0, 0, 0, 0, length)), f"is {length}, not 6 to")

    def test_a_body_that_does_not_decode_is_refused(self) -> None:
        octets = golden.ASSOCIATE_RQ_OCTETS.replace(b"\x10\0\0\x15", b"\x10\0\xff\xff")
        self.assert_refused(octets, "item 10H")

    def test_nothing_is_gathered_for_a_long_pdu_before_it_comes(self) -> None:
        limits = FramerLimits(associate=0xFFFF_FFFF)
        framer = framer_of(b"\1\0\xff\xff\xff\xff", limits=limits)
        self.assertIs(framer.next_frame(), NEED_DATA)
        self.assertTrue(framer.in_pdu)


class LifeTests(SynchronousTestCase):
    def test_a_framer_that_raised_raises_the_same_again(self) -> None:
        framer = framer_of(golden.RELEASE_RQ_OCTETS + b"\xff" + golden.RELEASE_RQ_OCTETS)
        self.assertEqual(framer.next_frame(), golden.RELEASE_RQ)
        with self.assertRaises(RemoteProtocolError) as first:
            framer.next_frame()
        with self.assertRaises(RemoteProtocolError) as second:
            framer.next_frame()
        with self.assertRaises(RemoteProtocolError) as third:
            framer.receive_data(golden.RELEASE_RQ_OCTETS)
        self.assertIs(first.exception, second.exception)
        self.assertIs(first.exception, third.exception)

    def test_in_pdu_from_the_first_byte_of_a_pdu_to_its_last(self) -> None:
        for octets in (
            golden.RELEASE_RQ_OCTETS,
            golden.ASSOCIATE_RQ_OCTETS,
            golden.P_DATA_TF_OCTETS,
        ):
            framer = Framer(FramerLimits())
            self.assertFalse(framer.in_pdu)
            for at in range(len(octets)):
                framer.receive_data(octets[at : at + 1])
                frames_of(framer)
                self.assertEqual(framer.in_pdu, at + 1 < len(octets))

    def test_pdus_are_counted_from_their_first_byte(self) -> None:
        framer = framer_of(golden.RELEASE_RQ_OCTETS + golden.RELEASE_RP_OCTETS[:1])
        self.assertEqual(framer.pdus_begun, 0)
        self.assertEqual(frames_of(framer), [golden.RELEASE_RQ])
        self.assertEqual(framer.pdus_begun, 2)
        framer.receive_data(golden.RELEASE_RP_OCTETS[1:] + golden.P_DATA_TF_OCTETS)
        frames_of(framer)
        self.assertEqual(framer.pdus_begun, 3)

    def test_the_limit_of_p_data_tf_can_be_changed_between_pdus(self) -> None:
        octets = data_header(1, is_command=True, is_last=True, length=94) + bytes(94)
        framer = framer_of(limits=FramerLimits(data=100))
        framer.receive_data(octets)
        self.assertEqual(len(frames_of(framer)), 1)
        framer.set_data_limit(99)
        framer.receive_data(octets)
        with self.assertRaises(RemoteProtocolError):
            framer.next_frame()

    def test_a_data_limit_of_0_is_unlimited(self) -> None:
        header = data_header(1, is_command=False, is_last=True, length=0xFFFF_FFFF - 6)
        frames_of(framer_of(header, limits=FramerLimits(data=0)))
        framer = framer_of()
        framer.set_data_limit(0)
        framer.receive_data(header)
        self.assertEqual(frames_of(framer), [])

    def test_one_value_may_be_as_long_as_the_limit_allows(self) -> None:
        value = PresentationDataValue(context_id=1, is_command=False, is_last=True, data=bytes(94))
        framer = framer_of(encode(PDataTF((value,))), limits=FramerLimits(data=100))
        self.assertEqual(joined(frames_of(framer)), values_of(PDataTF((value,))))
