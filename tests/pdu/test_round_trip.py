"""Encoder and decoder together: what one writes the other reads, and nothing else comes out."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.pdu import strategies
from txdicomtls.errors import LocalProtocolError, RemoteProtocolError
from txdicomtls.pdu import PDU, PDUType, decode, encode

FIXED_FIELDS = b"\0\1\0\0" + b"PACS".ljust(16) * 2 + bytes(32)


class RoundTripTests(SynchronousTestCase):
    @settings(deadline=None)
    @given(strategies.pdus())
    def test_what_was_encoded_is_decoded_to_the_same_value(self, pdu: PDU) -> None:
        octets = encode(pdu)
        self.assertEqual(int.from_bytes(octets[2:6], "big"), len(octets) - 6)
        self.assertEqual(decode(octets[0], memoryview(octets)[6:]), pdu)

    @settings(deadline=None, max_examples=150)
    @given(st.data())
    def test_mutated_bytes_are_refused_or_mean_the_same_after_a_round_trip(
        self, data: st.DataObject
    ) -> None:
        octets = encode(data.draw(strategies.pdus()))
        body = data.draw(strategies.mutations(octets[6:]))
        self.assert_refused_or_stable(octets[0], body)

    @settings(deadline=None)
    @given(st.integers(0, 0xFF), st.binary(max_size=300))
    def test_arbitrary_bytes_are_refused_or_mean_the_same_after_a_round_trip(
        self, pdu_type: int, body: bytes
    ) -> None:
        self.assert_refused_or_stable(pdu_type, body)

    @settings(deadline=None)
    @given(st.binary(max_size=300))
    def test_arbitrary_items_are_refused_or_mean_the_same_after_a_round_trip(
        self, variable: bytes
    ) -> None:
        for pdu_type in (PDUType.A_ASSOCIATE_RQ, PDUType.A_ASSOCIATE_AC):
            self.assert_refused_or_stable(pdu_type, FIXED_FIELDS + variable)

    def assert_refused_or_stable(self, pdu_type: int, body: bytes) -> None:
        try:
            value = decode(pdu_type, body)
        except RemoteProtocolError:
            return
        try:
            octets = encode(value)
        except LocalProtocolError:
            return  # it was tolerated, but we would not say it ourselves
        self.assertEqual(decode(octets[0], octets[6:]), value)
