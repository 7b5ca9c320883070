"""Bytes of the upper layer for a person."""

from __future__ import annotations

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from tests.association.pair import CT, request
from txdicomtls.dimse import CEchoRQ, CStoreRQ
from txdicomtls.pdu import (
    Abort,
    AssociateRJ,
    AsynchronousOperationsWindow,
    ReleaseRP,
    ReleaseRQ,
    UserIdentityRQ,
    encode,
)
from txdicomtls.testing import difference, message_bytes, names_of
from txdicomtls.testing.reading import pdus_in

ECHO = CEchoRQ(message_id=1, affected_sop_class_uid="1.2.840.10008.1.1")
STORE = CStoreRQ(message_id=1, affected_sop_class_uid=CT, affected_sop_instance_uid="1.2.3")


class NameTests(SynchronousTestCase):
    def test_each_pdu_has_the_name_of_the_standard(self) -> None:
        octets = encode(request()) + encode(ReleaseRQ())
        self.assertEqual("A-ASSOCIATE-RQ, A-RELEASE-RQ", names_of(octets))

    def test_p_data_says_what_is_in_it(self) -> None:
        self.assertEqual("P-DATA-TF (C-ECHO-RQ)", names_of(message_bytes(1, ECHO)))
        self.assertEqual(
            "P-DATA-TF (C-STORE-RQ), P-DATA-TF (the last of a data set, 6 bytes)",
            names_of(message_bytes(3, STORE, b"secret")),
        )

    def test_a_command_set_that_cannot_be_read_is_one_all_the_same(self) -> None:
        octets = bytearray(message_bytes(1, ECHO))
        octets[12:] = bytes(len(octets) - 12)
        self.assertEqual(
            f"P-DATA-TF (the last of a command set, {len(octets) - 12} bytes)",
            names_of(bytes(octets)),
        )

    def test_a_pdu_that_is_cut_off_says_so(self) -> None:
        octets = encode(request())
        self.assertEqual("the first 10 bytes of A-ASSOCIATE-RQ", names_of(octets[:10]))
        self.assertEqual("the first 3 bytes of A-ASSOCIATE-RQ", names_of(octets[:3]))

    def test_what_is_no_pdu_is_shown(self) -> None:
        self.assertEqual("bytes that are no PDU (47 45 54 20)", names_of(b"GET "))
        self.assertEqual("nothing", names_of(b""))

    def test_a_pdu_that_is_not_valid_is_named_and_has_no_value(self) -> None:
        (pdu,) = pdus_in(b"\5\0\0\0\0\2ab")
        self.assertEqual(("A-RELEASE-RQ", None), (pdu.name, pdu.value))


class DifferenceTests(SynchronousTestCase):
    def test_what_is_the_same_has_none(self) -> None:
        octets = encode(request())
        self.assertEqual("", difference(octets, octets))
        self.assertEqual("", difference(b"", b""))

    def test_another_pdu_is_told_by_name(self) -> None:
        text = difference(encode(ReleaseRP()), encode(Abort(source=2, reason=1)))
        self.assertIn("expected A-RELEASE-RP, received A-ABORT", text)
        self.assertIn("first at byte 0", text)

    def test_another_value_is_told_with_its_field(self) -> None:
        text = difference(
            encode(AssociateRJ(result=1, source=1, reason=7)),
            encode(AssociateRJ(result=1, source=1, reason=3)),
        )
        self.assertIn("A-ASSOCIATE-RJ: reason is 3, not 7", text)
        self.assertIn("first at byte 9", text)

    def test_a_field_deep_within_is_told_with_its_path(self) -> None:
        ours = request(window=AsynchronousOperationsWindow(invoked=8, performed=1))
        theirs = request(window=AsynchronousOperationsWindow(invoked=4, performed=1))
        text = difference(encode(ours), encode(theirs))
        self.assertIn("user_information.window.invoked is 4, not 8", text)

    def test_a_field_that_is_missing_or_too_much_is_told(self) -> None:
        without = encode(request())
        window = encode(request(window=AsynchronousOperationsWindow(invoked=8, performed=1)))
        self.assertIn("user_information.window", difference(window, without))
        self.assertIn("user_information.window", difference(without, window))

    def test_a_command_element_is_told_by_name(self) -> None:
        text = difference(message_bytes(1, ECHO), message_bytes(1, replace(ECHO, message_id=9)))
        self.assertIn("values[0].message.message_id is 9, not 1", text)

    def test_bytes_of_a_data_set_are_told_in_hexadecimal(self) -> None:
        text = difference(message_bytes(1, STORE, b"ab"), message_bytes(1, STORE, b"ac"))
        self.assertIn("values[0].data is 2 bytes 61 63, not 2 bytes 61 62", text)

    def test_the_place_counts_the_pdus_before(self) -> None:
        text = difference(
            encode(ReleaseRQ()) + encode(Abort(source=0)),
            encode(ReleaseRQ()) + encode(Abort(source=2)),
        )
        self.assertIn("first at byte 18, byte 8 of this PDU", text)

    def test_a_reserved_field_is_a_difference_too(self) -> None:
        octets = bytearray(encode(ReleaseRQ()))
        octets[6] = 1
        text = difference(encode(ReleaseRQ()), bytes(octets))
        self.assertIn("the same fields, encoded otherwise", text)

    def test_a_pdu_too_many_or_too_few_is_told(self) -> None:
        one = encode(ReleaseRQ())
        two = one + encode(Abort(source=0))
        self.assertEqual("expected nothing more, received A-ABORT", difference(one, two))
        self.assertEqual("expected A-ABORT, received nothing more", difference(two, one))

    def test_a_secret_is_compared_and_not_shown(self) -> None:
        def with_passcode(passcode: bytes) -> bytes:
            identity = UserIdentityRQ(identity_type=2, primary=b"user", secondary=passcode)
            asked = request()
            information = replace(asked.user_information, user_identity=identity)
            return encode(replace(asked, user_information=information))

        text = difference(with_passcode(b"hunter2"), with_passcode(b"letmein"))
        self.assertIn("user_identity.secondary is another (not shown here)", text)
        for passcode in (b"hunter2", b"letmein"):
            self.assertNotIn(passcode[:2].hex(" "), text)
            self.assertNotIn(passcode.decode(), text)
