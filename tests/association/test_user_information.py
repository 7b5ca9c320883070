"""Roles, extended negotiation and user identity: what is answered, and what it comes to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.association.pair import CT, EXPLICIT, IMPLICIT, POLICY, VERIFICATION, request
from tests.association.test_negotiation import NegotiationCase, policy
from txdicomtls.association import (
    Accepted,
    Proposal,
    Roles,
)
from txdicomtls.pdu import (
    AssociateRQ,
    CommonExtendedNegotiation,
    ContextResult,
    ExtendedNegotiation,
    RoleSelection,
    UserIdentityAC,
    UserIdentityRQ,
)

BOTH = Roles(scu=True, scp=True)
SCP_ONLY = Roles(scu=False, scp=True)
NONE = Roles(scu=False, scp=False)


def informed(wanted: AssociateRQ, **more: Any) -> AssociateRQ:
    """The same request with more user information."""
    return replace(wanted, user_information=replace(wanted.user_information, **more))


class RoleTests(NegotiationCase):
    """SCP/SCU role selection (PS3.7 D.3.3.4)."""

    def asking(self, *roles: RoleSelection) -> AssociateRQ:
        return informed(request((CT, (EXPLICIT,)), (VERIFICATION, (IMPLICIT,))), roles=roles)

    def answered(
        self, asked: AssociateRQ, granted: Roles
    ) -> tuple[tuple[RoleSelection, ...], dict[str, Roles]]:
        """The items that are answered, and what the contexts come to."""
        answer = self.accepted(
            asked, policy(lambda _: Accepted(transfer_syntax=EXPLICIT, roles=granted))
        )
        return answer.pdu.user_information.roles, {
            context.abstract_syntax: context.roles for context in answer.contexts.values()
        }

    def test_what_was_not_asked_for_is_not_answered_and_is_the_default(self) -> None:
        for granted in (Roles(), BOTH):
            items, roles = self.answered(self.asking(), granted)
            self.assertEqual(((), {CT: Roles(), VERIFICATION: Roles()}), (items, roles))

    def test_a_requestor_never_gets_a_role_that_it_did_not_ask_for(self) -> None:
        for asked in (Roles(), SCP_ONLY, BOTH):
            for granted in (Roles(), SCP_ONLY, BOTH, NONE):
                items, roles = self.answered(
                    self.asking(RoleSelection(sop_class_uid=CT, scu=asked.scu, scp=asked.scp)),
                    granted,
                )
                scu, scp = asked.scu and granted.scu, asked.scp and granted.scp
                self.assertEqual((RoleSelection(sop_class_uid=CT, scu=scu, scp=scp),), items)
                self.assertEqual(Roles(scu=scu, scp=scp), roles[CT])

    def test_who_asks_for_no_role_at_all_has_asked_for_nothing(self) -> None:
        items, roles = self.answered(
            self.asking(RoleSelection(sop_class_uid=CT, scu=False, scp=False)), BOTH
        )
        self.assertEqual(((), Roles()), (items, roles[CT]))

    def test_of_two_items_for_one_class_the_first_one_counts(self) -> None:
        first = RoleSelection(sop_class_uid=CT, scu=False, scp=True)
        second = RoleSelection(sop_class_uid=CT, scu=True, scp=False)
        items, roles = self.answered(self.asking(first, second), BOTH)
        self.assertEqual(((first,), SCP_ONLY), (items, roles[CT]))

    def test_roles_of_what_was_not_proposed_or_not_accepted_are_not_answered(self) -> None:
        for sop_class in ("1.2.3", "1.2.x", CT):
            asked = self.asking(RoleSelection(sop_class_uid=sop_class, scu=True, scp=True))
            answer = self.accepted(asked, policy(lambda _: ContextResult.USER_REJECTION))
            self.assertEqual((), answer.pdu.user_information.roles)

    def test_a_policy_is_told_what_was_asked_for(self) -> None:
        told: list[Proposal] = []

        def choose(proposal: Proposal) -> ContextResult:
            told.append(proposal)
            return ContextResult.USER_REJECTION

        self.accepted(
            self.asking(RoleSelection(sop_class_uid=CT, scu=False, scp=True)), policy(choose)
        )
        self.assertEqual([SCP_ONLY, Roles()], [each.roles for each in told])


class ExtendedNegotiationTests(NegotiationCase):
    """SOP class extended and common extended negotiation (PS3.7 D.3.3.5, D.3.3.6)."""

    def item(self, sop_class: str, information: bytes = b"\x01") -> ExtendedNegotiation:
        return ExtendedNegotiation(sop_class_uid=sop_class, information=information)

    def answers(
        self, *asked: ExtendedNegotiation, answer: Callable[[str, bytes], bytes | None]
    ) -> tuple[ExtendedNegotiation, ...]:
        accepted = self.accepted(
            informed(request(), extended=asked), replace(POLICY, extended=answer)
        )
        items = accepted.pdu.user_information.extended
        self.assertEqual(
            {item.sop_class_uid: item.information for item in items}, accepted.extended
        )
        return items

    def test_it_is_answered_for_accepted_classes_that_were_asked_about_where_there_is_an_answer(
        self,
    ) -> None:
        told: list[tuple[str, bytes]] = []

        def answer(sop_class: str, information: bytes) -> bytes | None:
            told.append((sop_class, information))
            return b"\x02" if sop_class == CT else None

        items = self.answers(
            self.item(CT), self.item(VERIFICATION), self.item("1.2.3"), answer=answer
        )
        self.assertEqual((self.item(CT, b"\x02"),), items)
        self.assertEqual([(CT, b"\x01"), (VERIFICATION, b"\x01")], told)

    def test_of_two_items_for_one_class_the_first_one_counts(self) -> None:
        items = self.answers(
            self.item(CT, b"1"), self.item(CT, b"2"), answer=lambda _, information: information
        )
        self.assertEqual((self.item(CT, b"1"),), items)

    def test_an_answer_may_be_empty_and_none_is_the_default(self) -> None:
        self.assertEqual((self.item(CT, b""),), self.answers(self.item(CT), answer=lambda *_: b""))
        plain = self.accepted(informed(request(), extended=(self.item(CT),)))
        self.assertEqual(((), {}), (plain.pdu.user_information.extended, dict(plain.extended)))

    def test_a_policy_is_told_of_related_classes_and_nothing_of_them_is_answered(self) -> None:
        told: list[Proposal] = []

        def choose(proposal: Proposal) -> Accepted | ContextResult:
            told.append(proposal)
            if CT in proposal.related:
                return Accepted(transfer_syntax=IMPLICIT)
            return ContextResult.ABSTRACT_SYNTAX_NOT_SUPPORTED

        common = CommonExtendedNegotiation(
            sop_class_uid="1.2.3", service_class_uid="1.2.4", related_general_sop_classes=(CT,)
        )
        second = replace(common, related_general_sop_classes=())
        answer = self.accepted(
            informed(
                request(("1.2.3", (IMPLICIT,)), ("1.2.5", (IMPLICIT,))),
                common_extended=(common, second),
            ),
            policy(choose),
        )
        self.assertEqual(
            [("1.2.4", (CT,)), ("", ())], [(each.service_class, each.related) for each in told]
        )
        self.assertEqual({1}, set(answer.contexts))
        self.assertEqual("1.2.3", answer.contexts[1].abstract_syntax)
        self.assertEqual((), answer.pdu.user_information.common_extended)

    def test_a_thousand_items_are_answered_in_no_time(self) -> None:
        items = tuple(self.item(f"1.2.{number}") for number in range(1000))
        self.assertEqual((), self.answers(*items, answer=lambda *_: b"never"))


class IdentityTests(NegotiationCase):
    """The response to the user identity (PS3.7 D.3.3.7)."""

    def response(self, *, requested: bool | None, given: bytes | None) -> UserIdentityAC | None:
        identity = None
        if requested is not None:
            identity = UserIdentityRQ(
                identity_type=1, primary=b"user", positive_response_requested=requested
            )
        answer = self.accepted(
            informed(request(), user_identity=identity), replace(POLICY, identity_response=given)
        )
        return answer.pdu.user_information.user_identity_response

    def test_it_is_sent_to_who_asked_for_it_where_there_is_one(self) -> None:
        self.assertEqual(
            UserIdentityAC(response=b"ticket"), self.response(requested=True, given=b"ticket")
        )
        self.assertEqual(UserIdentityAC(response=b""), self.response(requested=True, given=b""))

    def test_it_is_sent_to_nobody_else(self) -> None:
        for requested, given in (
            (False, b"ticket"),
            (None, b"ticket"),
            (True, None),
            (False, None),
            (None, None),
        ):
            self.assertIsNone(self.response(requested=requested, given=given))
