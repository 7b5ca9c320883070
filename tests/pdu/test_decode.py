"""Bytes to values: strict about lengths, tolerant about all that policy can judge."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.pdu import golden
from tests.pdu.octets import (
    APPLICATION_CONTEXT,
    IMPLICIT,
    NO_USER_INFORMATION,
    VERIFICATION,
    answered,
    associate,
    item,
    proposed,
    variable_field,
)
from txdicomtls.codes import AbortReason
from txdicomtls.errors import RemoteProtocolError
from txdicomtls.pdu import (
    PDU,
    Abort,
    AssociateAC,
    AssociateRQ,
    PDataTF,
    PDUType,
    PresentationContextAC,
    UserInformation,
    decode,
)


def request(variable: bytes, version: int = 1) -> AssociateRQ:
    value = decode(PDUType.A_ASSOCIATE_RQ, associate(variable, version))
    assert isinstance(value, AssociateRQ)
    return value


def acceptance(variable: bytes) -> AssociateAC:
    value = decode(PDUType.A_ASSOCIATE_AC, associate(variable))
    assert isinstance(value, AssociateAC)
    return value


class DecodeTestCase(SynchronousTestCase):
    def assert_refused(
        self,
        pdu_type: int,
        body: bytes,
        text: str,
        reason: AbortReason = AbortReason.INVALID_PDU_PARAMETER_VALUE,
    ) -> None:
        with self.assertRaises(RemoteProtocolError) as caught:
            decode(pdu_type, body)
        self.assertIn(text, str(caught.exception))
        self.assertIs(caught.exception.reason, reason)

    def assert_request_refused(self, variable: bytes, text: str) -> None:
        self.assert_refused(PDUType.A_ASSOCIATE_RQ, associate(variable), text)

    def assert_acceptance_refused(self, variable: bytes, text: str) -> None:
        self.assert_refused(PDUType.A_ASSOCIATE_AC, associate(variable), text)


class GoldenTests(SynchronousTestCase):
    def assert_decodes(self, octets: bytes, value: PDU) -> None:
        self.assertEqual(decode(octets[0], octets[6:]), value)

    def test_an_associate_rq_as_the_standard_prints_it_is_read(self) -> None:
        self.assert_decodes(golden.ASSOCIATE_RQ_OCTETS, golden.ASSOCIATE_RQ)

    def test_an_associate_ac_as_the_standard_prints_it_is_read(self) -> None:
        self.assert_decodes(golden.ASSOCIATE_AC_OCTETS, golden.ASSOCIATE_AC)

    def test_an_associate_rj_as_the_standard_prints_it_is_read(self) -> None:
        self.assert_decodes(golden.ASSOCIATE_RJ_OCTETS, golden.ASSOCIATE_RJ)

    def test_a_p_data_tf_as_the_standard_prints_it_is_read(self) -> None:
        self.assert_decodes(golden.P_DATA_TF_OCTETS, golden.P_DATA_TF)

    def test_a_release_rq_as_the_standard_prints_it_is_read(self) -> None:
        self.assert_decodes(golden.RELEASE_RQ_OCTETS, golden.RELEASE_RQ)

    def test_a_release_rp_as_the_standard_prints_it_is_read(self) -> None:
        self.assert_decodes(golden.RELEASE_RP_OCTETS, golden.RELEASE_RP)

    def test_an_abort_as_the_standard_prints_it_is_read(self) -> None:
        self.assert_decodes(golden.ABORT_OCTETS, golden.ABORT)


class HeaderTests(DecodeTestCase):
    def test_every_type_but_the_seven_is_unrecognized(self) -> None:
        for pdu_type in {*range(256)} - {*PDUType}:
            self.assert_refused(
                pdu_type, bytes(4), f"{pdu_type:02X}H", AbortReason.UNRECOGNIZED_PDU
            )

    def test_reject_release_and_abort_have_a_length_of_4(self) -> None:
        for pdu_type, name in (
            (PDUType.A_ASSOCIATE_RJ, "A-ASSOCIATE-RJ"),
            (PDUType.A_RELEASE_RQ, "A-RELEASE-RQ"),
            (PDUType.A_RELEASE_RP, "A-RELEASE-RP"),
            (PDUType.A_ABORT, "A-ABORT"),
        ):
            for length in (0, 3, 5):
                self.assert_refused(pdu_type, bytes(length), f"PDU-length of {name}")

    def test_an_association_pdu_without_all_fixed_fields_is_refused(self) -> None:
        for length in (0, 67):
            self.assert_refused(PDUType.A_ASSOCIATE_RQ, bytes(length), "less than 68")
            self.assert_refused(PDUType.A_ASSOCIATE_AC, bytes(length), "less than 68")

    def test_a_request_cut_off_anywhere_is_refused(self) -> None:
        body = golden.ASSOCIATE_RQ_OCTETS[6:]
        for length in range(len(body)):
            with self.assertRaises(RemoteProtocolError):
                decode(PDUType.A_ASSOCIATE_RQ, body[:length])

    def test_a_request_of_fixed_fields_only_is_refused(self) -> None:
        self.assert_request_refused(b"", "application context")

    def test_abort_codes_that_the_standard_does_not_define_are_kept(self) -> None:
        self.assertEqual(decode(PDUType.A_ABORT, b"\0\0\xff\xfe"), Abort(source=0xFF, reason=0xFE))

    def test_a_body_that_changes_later_does_not_change_the_value(self) -> None:
        body = bytearray(golden.P_DATA_TF_OCTETS[6:])
        value = decode(PDUType.P_DATA_TF, body)
        body[:] = bytes(len(body))
        self.assertEqual(value, golden.P_DATA_TF)


class ToleranceTests(DecodeTestCase):
    """What policy or negotiation answers is handed on."""

    def test_any_protocol_version_is_handed_on(self) -> None:
        for version in (0x0000, 0x0001, 0x0002, 0xFFFF):
            self.assertEqual(
                request(variable_field(proposed(1)), version).protocol_version, version
            )

    def test_another_application_context_is_handed_on(self) -> None:
        for name in ("1.2.3", "1." * 100, "no uid"):
            received = request(
                variable_field(proposed(1), application_context=item(0x10, name.encode()))
            )
            self.assertEqual(received.application_context, name)

    def test_padding_of_uids_is_taken_off(self) -> None:
        for padding in (b"\0", b" ", b"\0\0"):
            received = request(
                variable_field(
                    proposed(1, item(0x30, b"1.2.3" + padding) + item(0x40, b"1.2.4" + padding)),
                    application_context=item(0x10, b"1.2.5" + padding),
                    user_information=item(0x50, item(0x52, b"1.2.6" + padding)),
                )
            )
            self.assertEqual(received.presentation_contexts[0].abstract_syntax, "1.2.3")
            self.assertEqual(received.presentation_contexts[0].transfer_syntaxes, ("1.2.4",))
            self.assertEqual(received.application_context, "1.2.5")
            self.assertEqual(received.user_information.implementation_class_uid, "1.2.6")

    def test_a_uid_that_is_none_is_handed_on_with_escapes(self) -> None:
        sub_items = item(0x30, b"../\xff\n") + item(0x40, b"9" * 100)
        context = request(variable_field(proposed(1, sub_items))).presentation_contexts[0]
        self.assertEqual(context.abstract_syntax, "../\\xff\n")
        self.assertEqual(context.transfer_syntaxes, ("9" * 100,))

    def test_ae_titles_are_handed_on_without_spaces_at_their_ends(self) -> None:
        fields = associate(variable_field(proposed(1)))
        for octets, title in (
            (b"  lower case    ", "lower case"),
            (b"PACS\0\0\0\0\0\0\0\0\0\0\0\0", "PACS"),
            (b"PACS\0           ", "PACS"),
            (b" " * 16, ""),
            (bytes(16), ""),
            (b"A\0B             ", "A\0B"),
            (b"../x\r\n\\         ", "../x\r\n\\"),
            (b"\xc4rzte           ", "\xc4rzte"),
            (b"0123456789ABCDEF", "0123456789ABCDEF"),
        ):
            called = decode(PDUType.A_ASSOCIATE_RQ, fields[:4] + octets + fields[20:])
            calling = decode(PDUType.A_ASSOCIATE_RQ, fields[:20] + octets + fields[36:])
            assert isinstance(called, AssociateRQ)
            assert isinstance(calling, AssociateRQ)
            self.assertEqual((called.called_ae_title, called.calling_ae_title), (title, "PACS"))
            self.assertEqual((calling.called_ae_title, calling.calling_ae_title), ("PACS", title))

    def test_unknown_items_are_skipped_wherever_they_are(self) -> None:
        unknown = item(0x99, b"\x10\x00\xff\xff")
        plain = variable_field(proposed(1))
        for variable in (unknown + plain, plain + unknown, item(0x00, b"") + plain):
            self.assertEqual(request(variable), request(plain))
        context = proposed(1, unknown + VERIFICATION + unknown + IMPLICIT + unknown)
        self.assertEqual(request(variable_field(context)), request(plain))

    def test_a_context_item_of_the_other_pdu_is_skipped(self) -> None:
        other = answered(3, 0, IMPLICIT)
        plain = request(variable_field(proposed(1)))
        self.assertEqual(request(variable_field(proposed(1), other)), plain)

    def test_items_may_come_in_any_order(self) -> None:
        variable = NO_USER_INFORMATION + proposed(1, IMPLICIT + VERIFICATION) + APPLICATION_CONTEXT
        self.assertEqual(request(variable), request(variable_field(proposed(1))))

    def test_user_information_may_be_empty(self) -> None:
        received = request(variable_field(proposed(1)))
        self.assertEqual(received.user_information, UserInformation())

    def test_128_contexts_are_read_in_their_order(self) -> None:
        context_ids = [*range(255, 0, -2)]
        contexts = request(variable_field(*map(proposed, context_ids))).presentation_contexts
        self.assertEqual([context.context_id for context in contexts], context_ids)

    def test_a_thousand_transfer_syntaxes_are_read(self) -> None:
        context = proposed(1, VERIFICATION + IMPLICIT * 1000)
        (received,) = request(variable_field(context)).presentation_contexts
        self.assertEqual(received.transfer_syntaxes, ("1.2.840.10008.1.2",) * 1000)

    def test_the_transfer_syntax_of_a_refused_context_means_nothing(self) -> None:
        for sub_items, text in (
            (b"", ""),
            (item(0x40, b""), ""),
            (IMPLICIT, "1.2.840.10008.1.2"),
            (IMPLICIT + IMPLICIT, "1.2.840.10008.1.2"),
            (item(0x40, b"none"), "none"),
        ):
            for result in (1, 2, 3, 4, 255):
                received = acceptance(variable_field(answered(1, result, sub_items)))
                self.assertEqual(
                    received.presentation_contexts,
                    (PresentationContextAC(context_id=1, result=result, transfer_syntax=text),),
                )

    def test_an_acceptance_may_leave_out_the_contexts_that_it_refuses(self) -> None:
        self.assertEqual(acceptance(variable_field()).presentation_contexts, ())


class StructureTests(DecodeTestCase):
    """What lies about its structure is refused."""

    def test_an_item_that_reaches_beyond_its_pdu_is_refused(self) -> None:
        self.assert_request_refused(
            variable_field(proposed(1), user_information=b"\x50\x00\x00\x01"), "item 50H"
        )
        self.assert_request_refused(b"\x99\x00\xff\xff" + bytes(100), "item 99H")

    def test_a_sub_item_that_reaches_beyond_its_item_is_refused(self) -> None:
        self.assert_request_refused(
            variable_field(proposed(1, VERIFICATION + b"\x40\x00\x00\x05" + b"1.2")), "item 40H"
        )
        self.assert_acceptance_refused(
            variable_field(answered(1, 0, b"\x40\x00\x00\x05" + b"1.2")), "item 40H"
        )

    def test_stray_bytes_at_the_end_are_refused(self) -> None:
        for count in (1, 2, 3):
            self.assert_request_refused(
                variable_field(proposed(1)) + bytes(count), "stray bytes at the end"
            )
            self.assert_request_refused(
                variable_field(proposed(1, VERIFICATION + IMPLICIT + bytes(count))), "stray bytes"
            )

    def test_items_without_content_are_refused(self) -> None:
        self.assert_request_refused(
            variable_field(proposed(1), application_context=item(0x10, b"")),
            "Application-context-name",
        )
        self.assert_request_refused(variable_field(item(0x20, b"")), "Presentation-context-ID")
        self.assert_request_refused(
            variable_field(proposed(1, item(0x30, b"") + IMPLICIT)), "Abstract-syntax-name"
        )
        self.assert_request_refused(
            variable_field(proposed(1, VERIFICATION + item(0x40, b"\0"))), "Transfer-syntax-name"
        )
        self.assert_acceptance_refused(variable_field(item(0x21, b"")), "Presentation-context-ID")

    def test_a_context_item_that_ends_in_its_fixed_fields_is_refused(self) -> None:
        for fixed in (b"\1", b"\1\0", b"\1\0\0"):
            self.assert_request_refused(variable_field(item(0x20, fixed)), "presentation context")
            self.assert_acceptance_refused(
                variable_field(item(0x21, fixed)), "presentation context"
            )

    def test_one_application_context_is_demanded(self) -> None:
        self.assert_request_refused(
            variable_field(proposed(1), application_context=b""), "no application context"
        )
        self.assert_request_refused(
            variable_field(proposed(1), application_context=APPLICATION_CONTEXT * 2),
            "two application context",
        )
        self.assert_acceptance_refused(
            variable_field(answered(1, 0, IMPLICIT), application_context=b""),
            "no application context",
        )

    def test_one_user_information_item_is_demanded(self) -> None:
        self.assert_request_refused(
            variable_field(proposed(1), user_information=b""), "no user information"
        )
        self.assert_request_refused(
            variable_field(proposed(1), user_information=NO_USER_INFORMATION * 2),
            "two user information",
        )
        self.assert_acceptance_refused(
            variable_field(answered(1, 0, IMPLICIT), user_information=b""), "no user information"
        )

    def test_a_request_without_contexts_is_refused(self) -> None:
        self.assert_request_refused(variable_field(), "no presentation context")

    def test_a_context_id_that_is_not_odd_is_refused(self) -> None:
        for context_id in (0, 2, 128, 254):
            self.assert_request_refused(variable_field(proposed(context_id)), "not odd")
            self.assert_acceptance_refused(
                variable_field(answered(context_id, 0, IMPLICIT)), "not odd"
            )

    def test_a_context_id_used_twice_is_refused_whatever_it_proposes(self) -> None:
        other = proposed(1, item(0x30, b"1.2.3") + IMPLICIT)
        for second in (proposed(1), other):
            self.assert_request_refused(variable_field(proposed(1), second), "twice")
        self.assert_acceptance_refused(
            variable_field(answered(1, 0, IMPLICIT), answered(1, 3, b"")), "twice"
        )

    def test_one_abstract_syntax_is_demanded(self) -> None:
        self.assert_request_refused(variable_field(proposed(1, IMPLICIT)), "0 abstract syntaxes")
        self.assert_request_refused(
            variable_field(proposed(1, VERIFICATION * 2 + IMPLICIT)), "2 abstract syntaxes"
        )

    def test_a_transfer_syntax_is_demanded(self) -> None:
        self.assert_request_refused(variable_field(proposed(1, VERIFICATION)), "no transfer syntax")

    def test_an_accepted_context_has_exactly_one_transfer_syntax(self) -> None:
        for sub_items in (b"", IMPLICIT * 2, item(0x40, b""), item(0x40, b" ")):
            self.assert_acceptance_refused(
                variable_field(answered(1, 0, sub_items)), "exactly one transfer syntax"
            )


class PDataTFTests(DecodeTestCase):
    def test_a_p_data_tf_without_values_is_refused(self) -> None:
        self.assert_refused(PDUType.P_DATA_TF, b"", "no presentation data value")

    def test_a_value_whose_length_lies_is_refused(self) -> None:
        for length in (0, 1, 7, 8, 0x7FFF_FFFF, 0x8000_0000, 0x8000_0001, 0xFFFF_FFFF):
            body = length.to_bytes(4, "big") + b"\1\0" + bytes(4)
            self.assert_refused(PDUType.P_DATA_TF, body, f"is {length}, and 6 bytes are left")

    def test_stray_bytes_after_the_last_value_are_refused(self) -> None:
        for count in (1, 2, 3, 4, 5):
            self.assert_refused(
                PDUType.P_DATA_TF,
                b"\0\0\0\2\1\0" + bytes(count),
                f"stray bytes at the end of P-DATA-TF: {count}",
            )

    def test_context_ids_are_not_judged_here(self) -> None:
        value = decode(PDUType.P_DATA_TF, b"\0\0\0\2\2\0")
        assert isinstance(value, PDataTF)
        self.assertEqual(value.values[0].context_id, 2)
