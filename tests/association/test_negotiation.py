"""Request and policy in, acceptance or rejection out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from tests.association.pair import CT, EXPLICIT, IMPLICIT, OUR_CLASS, POLICY, VERIFICATION, request
from txdicomtls.association import (
    Acceptance,
    AcceptancePolicy,
    ContextChoice,
    PresentationContext,
    Proposal,
    Rejection,
    Window,
    is_valid_ae_title,
    negotiate,
)
from txdicomtls.association.negotiation import (
    ASSUMED_MAXIMUM_LENGTH,
    provider_rejection,
    usable_maximum_length,
)
from txdicomtls.codes import RejectReason, RejectResult
from txdicomtls.pdu import (
    AssociateRQ,
    AsynchronousOperationsWindow,
    ContextResult,
    UserInformation,
    encode,
)


def policy(choose: Callable[[Proposal], ContextChoice]) -> AcceptancePolicy:
    """One that chooses so."""
    return replace(POLICY, choose=choose)


class NegotiationCase(SynchronousTestCase):
    def accepted(self, wanted: AssociateRQ, policy: AcceptancePolicy = POLICY) -> Acceptance:
        answer = negotiate(wanted, policy)
        assert isinstance(answer, Acceptance), answer
        return answer

    def assert_rejected(
        self, reason: RejectReason, wanted: AssociateRQ, policy: AcceptancePolicy = POLICY
    ) -> None:
        self.assertEqual(
            Rejection(reason=reason, result=RejectResult.PERMANENT), negotiate(wanted, policy)
        )


class AETitleTests(SynchronousTestCase):
    def test_one_to_sixteen_printable_characters_are_one(self) -> None:
        for title in ("A", "A" * 16, "ct room 1", "X~!@#$%^&*()_-+=", "0"):
            self.assertTrue(is_valid_ae_title(title), title)

    def test_anything_else_is_none(self) -> None:
        for title in (
            "",
            " ",
            " " * 16,
            "A" * 17,
            " A",
            "A ",
            "A\\B",
            "A\tB",
            "A\n",
            "BÜRO",
            "A\0",
            "\x7f",
        ):
            self.assertFalse(is_valid_ae_title(title), title)


class RejectionTests(NegotiationCase):
    def test_another_application_context_is_rejected(self) -> None:
        self.assert_rejected(
            RejectReason.APPLICATION_CONTEXT_NOT_SUPPORTED,
            replace(request(), application_context="1.2.3"),
        )

    def test_a_calling_title_that_is_none_is_rejected(self) -> None:
        for title in ("", "A" * 17, "A\\B", "\xe4"):
            self.assert_rejected(
                RejectReason.CALLING_AE_TITLE_NOT_RECOGNIZED, request(calling=title)
            )

    def test_a_called_title_that_is_none_or_not_ours_is_rejected(self) -> None:
        for title in ("", "A" * 17, "A\\B"):
            self.assert_rejected(RejectReason.CALLED_AE_TITLE_NOT_RECOGNIZED, request(called=title))
        strict = replace(POLICY, called_ae_titles=("ACCEPTOR",))
        self.accepted(request(called="ACCEPTOR"), strict)
        self.assert_rejected(
            RejectReason.CALLED_AE_TITLE_NOT_RECOGNIZED, request(called="OTHER"), strict
        )

    def test_a_maximum_length_without_room_for_data_is_rejected(self) -> None:
        for length in range(1, 8):
            self.assert_rejected(RejectReason.NO_REASON_GIVEN, request(maximum_length=length))
        for usable in (0, 8, 0xFFFFFFFF, None):
            self.accepted(request(maximum_length=usable))

    def test_another_version_of_the_protocol_is_the_provider_s_to_reject(self) -> None:
        for version, supported in ((1, True), (3, True), (0xFFFF, True), (0, False), (2, False)):
            rejection = provider_rejection(replace(request(), protocol_version=version))
            self.assertEqual(supported, rejection is None)
            if rejection is not None:
                self.assertIs(RejectReason.PROTOCOL_VERSION_NOT_SUPPORTED, rejection.reason)


class AcceptanceTests(NegotiationCase):
    def test_each_context_is_answered_in_order_with_its_reason(self) -> None:
        answer = self.accepted(
            request(
                (CT, (EXPLICIT, IMPLICIT)),
                ("1.2.3", (IMPLICIT,)),
                (VERIFICATION, ("1.2.3.4", "1.2.3.5")),
                (CT, ("1.2.3.4", IMPLICIT)),
            )
        )
        self.assertEqual(
            [
                (1, ContextResult.ACCEPTANCE, EXPLICIT),
                (3, ContextResult.ABSTRACT_SYNTAX_NOT_SUPPORTED, IMPLICIT),
                (5, ContextResult.TRANSFER_SYNTAXES_NOT_SUPPORTED, "1.2.3.4"),
                (7, ContextResult.ACCEPTANCE, IMPLICIT),
            ],
            [
                (each.context_id, each.result, each.transfer_syntax)
                for each in answer.pdu.presentation_contexts
            ],
        )
        self.assertEqual(
            {
                1: PresentationContext(context_id=1, abstract_syntax=CT, transfer_syntax=EXPLICIT),
                7: PresentationContext(context_id=7, abstract_syntax=CT, transfer_syntax=IMPLICIT),
            },
            answer.contexts,
        )

    def test_an_association_without_any_context_is_accepted_all_the_same(self) -> None:
        answer = self.accepted(request(("1.2.3", (IMPLICIT,))))
        self.assertEqual({}, answer.contexts)
        self.assertEqual(1, len(answer.pdu.presentation_contexts))

    def test_the_answer_says_who_we_are_and_repeats_the_titles(self) -> None:
        answer = self.accepted(
            request(called="PACS", calling="CT"), replace(POLICY, maximum_length=5000)
        )
        information = answer.pdu.user_information
        self.assertEqual(("PACS", "CT"), (answer.pdu.called_ae_title, answer.pdu.calling_ae_title))
        self.assertEqual(
            (5000, OUR_CLASS, "TEST"),
            (
                information.maximum_length,
                information.implementation_class_uid,
                information.implementation_version_name,
            ),
        )

    def test_the_maximum_length_of_the_peer_is_its_own_or_a_careful_guess(self) -> None:
        for announced, used in ((0, 0), (8, 8), (16384, 16384), (None, ASSUMED_MAXIMUM_LENGTH)):
            self.assertEqual(
                used, self.accepted(request(maximum_length=announced)).peer_maximum_length
            )

    def test_every_answer_to_a_request_that_was_received_can_be_sent(self) -> None:
        # What a peer sends as a UID may be any text: it is refused, and refused in a valid PDU.
        for transfer_syntax in ("1.2.x", "", "\\xff", "9" * 80):
            answer = self.accepted(
                request((CT, (transfer_syntax,)), ("1.2.y", (transfer_syntax, IMPLICIT)))
            )
            self.assertEqual({}, answer.contexts)
            encode(answer.pdu)


class WindowTests(NegotiationCase):
    def test_a_window_that_was_not_asked_for_is_one_and_not_mentioned(self) -> None:
        answer = self.accepted(request())
        self.assertEqual(Window(invoked=1, performed=1), answer.window)
        self.assertIsNone(answer.pdu.user_information.window)

    def test_a_window_is_what_was_asked_for_and_never_more_than_ours(self) -> None:
        for asked, agreed in ((1, 1), (3, 3), (4, 4), (5, 4), (65535, 4), (0, 4)):
            answer = self.accepted(
                request(window=AsynchronousOperationsWindow(invoked=asked, performed=0))
            )
            self.assertEqual(Window(invoked=agreed, performed=4), answer.window)
            self.assertEqual(
                AsynchronousOperationsWindow(invoked=agreed, performed=4),
                answer.pdu.user_information.window,
            )

    def test_the_other_direction_is_negotiated_as_well(self) -> None:
        for asked, agreed in ((1, 1), (3, 3), (5, 4), (0, 4)):
            answer = self.accepted(
                request(window=AsynchronousOperationsWindow(invoked=2, performed=asked))
            )
            self.assertEqual(Window(invoked=2, performed=agreed), answer.window)


class ContextTests(NegotiationCase):
    def test_128_contexts_are_all_answered(self) -> None:
        answer = self.accepted(request(*[(CT, (EXPLICIT,)), (VERIFICATION, (IMPLICIT,))] * 64))
        ids = list(range(1, 256, 2))
        self.assertEqual(ids, [each.context_id for each in answer.pdu.presentation_contexts])
        self.assertEqual(ids, list(answer.contexts))
        encode(answer.pdu)

    def test_a_policy_may_refuse_every_single_one(self) -> None:
        for reason in ContextResult:
            if reason is not ContextResult.ACCEPTANCE:
                answer = self.accepted(request(), policy(lambda _, why=reason: why))  # type: ignore[misc]  # bound by its default
                self.assertEqual(
                    [reason] * 2, [each.result for each in answer.pdu.presentation_contexts]
                )
                self.assertEqual({}, answer.contexts)


class MaximumLengthTests(SynchronousTestCase):
    def test_none_is_usable_that_leaves_no_room(self) -> None:
        for length, used in ((None, 16384), (0, 0), (7, None), (8, 8)):
            self.assertEqual(used, usable_maximum_length(UserInformation(maximum_length=length)))
