"""What an acceptor's answer means to the requestor: never more than was asked for."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TypeVar

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.association.pair import (
    CT,
    EXPLICIT,
    IMPLICIT,
    POLICY,
    VERIFICATION,
    choose,
    request,
)
from txdicomtls.association import (
    Acceptance,
    Accepted,
    ContextChoice,
    PresentationContext,
    Proposal,
    Roles,
    Window,
    agree,
    negotiate,
)
from txdicomtls.association.agreement import MOST_OUTSTANDING
from txdicomtls.errors import RemoteProtocolError
from txdicomtls.pdu import (
    AssociateAC,
    AssociateRQ,
    AsynchronousOperationsWindow,
    ExtendedNegotiation,
    PresentationContextAC,
    RoleSelection,
    UserInformation,
)

AssociatePDU = TypeVar("AssociatePDU", AssociateRQ, AssociateAC)


def informed(pdu: AssociatePDU, **more: object) -> AssociatePDU:
    """The same with more user information."""
    information = replace(pdu.user_information, **more)  # type: ignore[arg-type]  # its fields
    return replace(pdu, user_information=information)


def selection(scu: bool, scp: bool) -> RoleSelection:  # the two bits of the item
    return RoleSelection(sop_class_uid=CT, scu=scu, scp=scp)


class AgreementTests(SynchronousTestCase):
    """The requestor's reading of the answer."""

    def answer(
        self,
        *contexts: PresentationContextAC,
        maximum_length: int | None = 16384,
        window: AsynchronousOperationsWindow | None = None,
    ) -> AssociateAC:
        return AssociateAC(
            called_ae_title="ACCEPTOR",
            calling_ae_title="REQUESTOR",
            presentation_contexts=contexts,
            user_information=UserInformation(maximum_length=maximum_length, window=window),
        )

    def taken(
        self, context_id: int, transfer_syntax: str, result: int = 0
    ) -> PresentationContextAC:
        return PresentationContextAC(
            context_id=context_id, result=result, transfer_syntax=transfer_syntax
        )

    def test_accepted_contexts_are_those_that_were_proposed(self) -> None:
        agreed = agree(request(), self.answer(self.taken(3, IMPLICIT), self.taken(1, "", 3)))
        self.assertEqual(
            {3: PresentationContext(context_id=3, abstract_syntax=CT, transfer_syntax=IMPLICIT)},
            agreed.contexts,
        )

    def test_a_context_that_the_answer_leaves_out_is_not_accepted(self) -> None:
        self.assertEqual({}, agree(request(), self.answer()).contexts)

    def test_a_context_that_was_not_proposed_is_the_fault_of_the_peer(self) -> None:
        for result in (0, 3):
            error = self.assertRaises(
                RemoteProtocolError,
                agree,
                request(),
                self.answer(self.taken(99, IMPLICIT, result)),
            )
            self.assertIn("99", str(error))

    def test_a_transfer_syntax_that_was_not_offered_is_the_fault_of_the_peer(self) -> None:
        self.assertRaises(
            RemoteProtocolError, agree, request(), self.answer(self.taken(1, EXPLICIT))
        )

    def test_a_maximum_length_without_room_for_data_is_the_fault_of_the_peer(self) -> None:
        for length in range(1, 8):
            self.assertRaises(
                RemoteProtocolError, agree, request(), self.answer(maximum_length=length)
            )
        self.assertEqual(0, agree(request(), self.answer(maximum_length=0)).peer_maximum_length)

    def test_the_window_is_one_unless_both_sides_named_one(self) -> None:
        asked = AsynchronousOperationsWindow(invoked=5, performed=1)
        self.assertEqual(Window(), agree(request(window=asked), self.answer()).window)
        self.assertEqual(Window(), agree(request(), self.answer(window=asked)).window)

    def test_the_smaller_window_holds_and_zero_is_unlimited(self) -> None:
        for asked, answered, agreed in (
            (5, 3, 3),
            (5, 9, 5),
            (0, 3, 3),
            (5, 0, 5),
            (0, 0, MOST_OUTSTANDING),
        ):
            window = agree(
                request(window=AsynchronousOperationsWindow(invoked=asked, performed=1)),
                self.answer(window=AsynchronousOperationsWindow(invoked=answered, performed=1)),
            ).window
            self.assertEqual(agreed, window.invoked, (asked, answered))

    def roles_of(self, asked: RoleSelection | None, answered: RoleSelection | None) -> Roles:
        wanted = informed(request((CT, (EXPLICIT,))), roles=(asked,) if asked else ())
        answer = informed(
            self.answer(self.taken(1, EXPLICIT)), roles=(answered,) if answered else ()
        )
        return agree(wanted, answer).contexts[1].roles

    def test_roles_are_never_more_than_both_sides_named(self) -> None:
        for asked in product((False, True), repeat=2):
            for answered in product((False, True), repeat=2):
                roles = self.roles_of(selection(*asked), selection(*answered))
                self.assertEqual(
                    Roles(scu=asked[0] and answered[0], scp=asked[1] and answered[1]), roles
                )

    def test_roles_are_the_default_unless_both_sides_named_some(self) -> None:
        both = selection(scu=True, scp=True)
        other = replace(both, sop_class_uid=VERIFICATION)
        for asked, answered in ((None, both), (both, None), (None, None), (both, other)):
            self.assertEqual(Roles(), self.roles_of(asked, answered))

    def test_of_two_answers_about_roles_the_first_one_counts(self) -> None:
        wanted = informed(request((CT, (EXPLICIT,))), roles=(selection(scu=True, scp=True),))
        answer = informed(
            self.answer(self.taken(1, EXPLICIT)),
            roles=(selection(scu=False, scp=True), selection(scu=True, scp=False)),
        )
        self.assertEqual(Roles(scu=False, scp=True), agree(wanted, answer).contexts[1].roles)

    def test_extended_negotiation_is_agreed_where_it_was_asked_for(self) -> None:
        def item(sop_class: str, information: bytes) -> ExtendedNegotiation:
            return ExtendedNegotiation(sop_class_uid=sop_class, information=information)

        wanted = informed(request(), extended=(item(CT, b"ask"),))
        answer = informed(
            self.answer(),
            extended=(item(VERIFICATION, b"no"), item(CT, b"first"), item(CT, b"second")),
        )
        self.assertEqual({CT: b"first"}, agree(wanted, answer).extended)
        self.assertEqual({}, agree(request(), answer).extended)

    def test_the_window_of_the_other_direction_is_agreed_as_well(self) -> None:
        for asked, answered, agreed in ((1, 3, 1), (5, 3, 3), (0, 3, 3), (5, 0, 5)):
            window = agree(
                request(window=AsynchronousOperationsWindow(invoked=1, performed=asked)),
                self.answer(window=AsynchronousOperationsWindow(invoked=1, performed=answered)),
            ).window
            self.assertEqual(Window(invoked=1, performed=agreed), window)

    def test_a_context_that_is_answered_twice_is_what_was_said_last(self) -> None:
        agreed = agree(request(), self.answer(self.taken(3, IMPLICIT), self.taken(3, EXPLICIT)))
        self.assertEqual(EXPLICIT, agreed.contexts[3].transfer_syntax)

    def test_a_result_that_the_standard_does_not_have_is_no_acceptance(self) -> None:
        agreed = agree(request(), self.answer(self.taken(3, IMPLICIT, 255)))
        self.assertEqual({}, agreed.contexts)

    @given(
        contexts=st.lists(
            st.tuples(
                st.sampled_from([CT, VERIFICATION, "1.2.3"]),
                st.lists(
                    st.sampled_from([IMPLICIT, EXPLICIT, "1.2.4"]), min_size=1, max_size=3
                ).map(tuple),
            ),
            min_size=1,
            max_size=10,
        ),
        window=st.none() | st.tuples(st.integers(0, 300), st.integers(0, 300)),
        maximum_length=st.sampled_from([None, 0, 8, 16384]),
        roles=st.lists(
            st.builds(
                RoleSelection,
                sop_class_uid=st.sampled_from([CT, VERIFICATION, "1.2.3"]),
                scu=st.booleans(),
                scp=st.booleans(),
            ),
            max_size=4,
        ).map(tuple),
        granted=st.builds(Roles, scu=st.booleans(), scp=st.booleans()),
    )
    def test_both_sides_come_to_the_same(
        self,
        *,
        contexts: list[tuple[str, tuple[str, ...]]],
        window: tuple[int, int] | None,
        maximum_length: int | None,
        roles: tuple[RoleSelection, ...],
        granted: Roles,
    ) -> None:
        asked = None
        if window is not None:
            asked = AsynchronousOperationsWindow(invoked=window[0], performed=window[1])
        extended = ExtendedNegotiation(sop_class_uid=CT, information=b"ask")
        wanted = informed(
            request(*contexts, maximum_length=maximum_length, window=asked),
            roles=roles,
            extended=(extended,),
        )

        def choose_so(proposal: Proposal) -> ContextChoice:
            choice = choose(proposal)
            return replace(choice, roles=granted) if isinstance(choice, Accepted) else choice

        accepted = negotiate(
            wanted, replace(POLICY, choose=choose_so, extended=lambda *_: b"answer")
        )
        assert isinstance(accepted, Acceptance)
        agreed = agree(wanted, accepted.pdu)
        self.assertEqual(accepted.contexts, agreed.contexts)
        self.assertEqual(accepted.window, agreed.window)
        self.assertEqual(accepted.extended, agreed.extended)
        self.assertEqual(POLICY.maximum_length, agreed.peer_maximum_length)
        self.assertLessEqual(agreed.window.invoked, POLICY.window)
        self.assertLessEqual(agreed.window.performed, POLICY.window)
