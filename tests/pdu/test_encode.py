"""Values to bytes: as the standard prints them, and nothing that it does not allow."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.pdu import golden, strategies
from txdicomtls.errors import LocalProtocolError
from txdicomtls.pdu import (
    PDU,
    Abort,
    AssociateRJ,
    CommonExtendedNegotiation,
    PDataTF,
    PresentationContextAC,
    PresentationContextRQ,
    PresentationDataValue,
    UserIdentityAC,
    UserIdentityRQ,
    UserInformation,
    data_header,
    encode,
)


class GoldenTests(SynchronousTestCase):
    def test_an_associate_rq_is_as_the_standard_prints_it(self) -> None:
        self.assertEqual(encode(golden.ASSOCIATE_RQ), golden.ASSOCIATE_RQ_OCTETS)

    def test_an_associate_ac_is_as_the_standard_prints_it(self) -> None:
        self.assertEqual(encode(golden.ASSOCIATE_AC), golden.ASSOCIATE_AC_OCTETS)

    def test_an_associate_rj_is_as_the_standard_prints_it(self) -> None:
        self.assertEqual(encode(golden.ASSOCIATE_RJ), golden.ASSOCIATE_RJ_OCTETS)

    def test_a_p_data_tf_is_as_the_standard_prints_it(self) -> None:
        self.assertEqual(encode(golden.P_DATA_TF), golden.P_DATA_TF_OCTETS)

    def test_a_release_rq_is_as_the_standard_prints_it(self) -> None:
        self.assertEqual(encode(golden.RELEASE_RQ), golden.RELEASE_RQ_OCTETS)

    def test_a_release_rp_is_as_the_standard_prints_it(self) -> None:
        self.assertEqual(encode(golden.RELEASE_RP), golden.RELEASE_RP_OCTETS)

    def test_an_abort_is_as_the_standard_prints_it(self) -> None:
        self.assertEqual(encode(golden.ABORT), golden.ABORT_OCTETS)


class DataHeaderTests(SynchronousTestCase):
    def test_the_header_of_a_fragment_is_as_the_standard_prints_it(self) -> None:
        header = data_header(5, is_command=False, is_last=True, length=0x1000)
        self.assertEqual(header, b"\x04\x00\x00\x00\x10\x06\x00\x00\x10\x02\x05\x02")

    @settings(deadline=None)
    @given(strategies.presentation_data_values())
    def test_header_and_fragment_are_a_pdu_of_one_value(self, value: PresentationDataValue) -> None:
        header = data_header(value.context_id, value.is_command, value.is_last, len(value.data))
        self.assertEqual(header + value.data, encode(PDataTF((value,))))

    def test_an_even_context_id_is_refused(self) -> None:
        for context_id in (0, 2, 256, 257, -1):
            with self.assertRaises(LocalProtocolError):
                data_header(context_id, is_command=True, is_last=True, length=2)

    def test_a_length_that_no_pdu_can_have_is_refused(self) -> None:
        self.assertEqual(data_header(1, True, True, 0xFFFF_FFFF - 6)[2:6], b"\xff\xff\xff\xff")
        for length in (-1, 0xFFFF_FFFF - 5):
            with self.assertRaises(LocalProtocolError):
                data_header(1, is_command=True, is_last=True, length=length)


class RefusalTests(SynchronousTestCase):
    def assert_refused(self, pdu: PDU, field: str) -> None:
        with self.assertRaises(LocalProtocolError) as caught:
            encode(pdu)
        self.assertIn(field, str(caught.exception))

    def test_an_ae_title_that_breaks_the_rules_is_refused_by_name(self) -> None:
        titles = ("", " ", "A" * 17, " A", "A ", "A\\B", "A\0", "A\n", "\x7f", "Ärzte", "日本")
        for title in titles:
            self.assert_refused(
                replace(golden.ASSOCIATE_RQ, called_ae_title=title), "Called-AE-title"
            )
            self.assert_refused(
                replace(golden.ASSOCIATE_RQ, calling_ae_title=title), "Calling-AE-title"
            )

    def test_an_ae_title_may_have_16_characters_and_spaces_inside(self) -> None:
        request = replace(golden.ASSOCIATE_RQ, called_ae_title="A 3456789012345~")
        self.assertEqual(encode(request)[10:26], b"A 3456789012345~")

    def test_an_ae_title_goes_back_as_it_came(self) -> None:
        acceptance = replace(golden.ASSOCIATE_AC, called_ae_title="\xc4\\\n", calling_ae_title="")
        self.assertEqual(encode(acceptance)[10:42], b"\xc4\\\n" + b" " * 29)

    def test_an_ae_title_that_cannot_have_come_is_not_sent_back(self) -> None:
        for title in ("A" * 17, "日本"):
            self.assert_refused(
                replace(golden.ASSOCIATE_AC, called_ae_title=title), "Called-AE-title"
            )

    def test_what_is_no_uid_is_refused_by_name(self) -> None:
        for uid in ("", "1" * 65, "1.2.a", "1.2 ", "1.2\0", "1.2\n", "1.²"):
            self.assert_refused(
                replace(golden.ASSOCIATE_RQ, application_context=uid), "application context"
            )
            context = PresentationContextRQ(
                context_id=1, abstract_syntax=uid, transfer_syntaxes=("1.2",)
            )
            self.assert_refused(
                replace(golden.ASSOCIATE_RQ, presentation_contexts=(context,)), "abstract syntax"
            )
            context = PresentationContextRQ(
                context_id=1, abstract_syntax="1.2", transfer_syntaxes=("1.2", uid)
            )
            self.assert_refused(
                replace(golden.ASSOCIATE_RQ, presentation_contexts=(context,)), "transfer syntax"
            )

    def test_an_accepted_context_without_transfer_syntax_is_refused(self) -> None:
        context = PresentationContextAC(context_id=1, result=0)
        self.assert_refused(
            replace(golden.ASSOCIATE_AC, presentation_contexts=(context,)), "transfer syntax"
        )

    def test_a_context_id_that_is_not_odd_is_refused(self) -> None:
        for context_id in (0, 2, 254, 256, 257, -1):
            proposed = replace(golden.ASSOCIATE_RQ.presentation_contexts[0], context_id=context_id)
            answered = replace(golden.ASSOCIATE_AC.presentation_contexts[0], context_id=context_id)
            value = PresentationDataValue(
                context_id=context_id, is_command=True, is_last=True, data=b""
            )
            for pdu in (
                replace(golden.ASSOCIATE_RQ, presentation_contexts=(proposed,)),
                replace(golden.ASSOCIATE_AC, presentation_contexts=(answered,)),
                PDataTF((value,)),
            ):
                self.assert_refused(pdu, "context ID")

    def test_a_context_id_used_twice_is_refused(self) -> None:
        contexts = golden.ASSOCIATE_RQ.presentation_contexts * 2
        self.assert_refused(replace(golden.ASSOCIATE_RQ, presentation_contexts=contexts), "twice")

    def test_no_presentation_context_is_refused(self) -> None:
        for pdu in (
            replace(golden.ASSOCIATE_RQ, presentation_contexts=()),
            replace(golden.ASSOCIATE_AC, presentation_contexts=()),
        ):
            self.assert_refused(pdu, "presentation context")

    def test_a_context_without_transfer_syntaxes_is_refused(self) -> None:
        context = PresentationContextRQ(context_id=1, abstract_syntax="1.2", transfer_syntaxes=())
        self.assert_refused(
            replace(golden.ASSOCIATE_RQ, presentation_contexts=(context,)), "transfer syntax"
        )

    def test_an_item_that_is_too_long_is_refused(self) -> None:
        context = PresentationContextRQ(
            context_id=1, abstract_syntax="1.2", transfer_syntaxes=("1.2",) * 10_000
        )
        self.assert_refused(
            replace(golden.ASSOCIATE_RQ, presentation_contexts=(context,)), "item 20H"
        )

    def test_sub_items_of_an_acceptance_are_refused_in_a_request(self) -> None:
        user = UserInformation(user_identity_response=UserIdentityAC())
        self.assert_refused(replace(golden.ASSOCIATE_RQ, user_information=user), "59H")

    def test_sub_items_of_a_request_are_refused_in_an_acceptance(self) -> None:
        identity = UserInformation(user_identity=UserIdentityRQ(identity_type=1, primary=b"x"))
        self.assert_refused(replace(golden.ASSOCIATE_AC, user_information=identity), "58H")
        common = UserInformation(
            common_extended=(CommonExtendedNegotiation(sop_class_uid="1", service_class_uid="2"),)
        )
        self.assert_refused(replace(golden.ASSOCIATE_AC, user_information=common), "57H")

    def test_a_p_data_tf_without_values_is_refused(self) -> None:
        self.assert_refused(PDataTF(()), "at least one")

    @settings(deadline=None)
    @given(st.integers().filter(lambda code: not 0 <= code <= 0xFF))
    def test_a_code_of_more_than_one_byte_is_refused_by_name(self, code: int) -> None:
        context = PresentationContextAC(context_id=1, result=code)
        self.assert_refused(AssociateRJ(result=code, source=1, reason=1), "Result")
        self.assert_refused(AssociateRJ(result=1, source=code, reason=1), "Source")
        self.assert_refused(AssociateRJ(result=1, source=1, reason=code), "Reason")
        self.assert_refused(Abort(source=code), "Source")
        self.assert_refused(Abort(source=0, reason=code), "Reason")
        self.assert_refused(
            replace(golden.ASSOCIATE_AC, presentation_contexts=(context,)), "Result/Reason"
        )

    def test_a_protocol_version_of_more_than_two_bytes_is_refused(self) -> None:
        self.assert_refused(
            replace(golden.ASSOCIATE_RQ, protocol_version=0x1_0000), "Protocol-version"
        )
