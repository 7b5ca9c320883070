"""Which service serves what, and what a peer is offered of them."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.association.pair import CT, EXPLICIT, IMPLICIT, STUDY_ROOT_GET, VERIFICATION, request
from tests.net.doubles import Classes, Receiver
from tests.net.pair import get_request, store_request
from txdicomtls import uids
from txdicomtls.association import (
    Acceptance,
    Accepted,
    ContextChoice,
    PresentationContext,
    Proposal,
    Role,
    Roles,
    negotiate,
)
from txdicomtls.dimse import NEventReportRQ
from txdicomtls.interfaces import Grant, INegotiatingService, IService, IUsingService
from txdicomtls.net import Services
from txdicomtls.net.services import Offer
from txdicomtls.pdu import ContextResult
from txdicomtls.scp import Storage, Verification

PRIVATE_CT = "1.3.12.2.1107.5.9.1"

BOTH = Roles(scu=True, scp=True)
SCP_ONLY = Roles(scu=False, scp=True)


def proposal(
    abstract_syntax: str,
    *transfer_syntaxes: str,
    roles: Roles = Roles(),  # noqa: B008  # frozen
    related: tuple[str, ...] = (),
) -> Proposal:
    return Proposal(
        abstract_syntax=abstract_syntax,
        transfer_syntaxes=transfer_syntaxes or (EXPLICIT, IMPLICIT),
        roles=roles,
        related=related,
    )


def event() -> NEventReportRQ:
    return NEventReportRQ(
        has_data_set=False,
        affected_sop_class_uid=CT,
        affected_sop_instance_uid="1.2.3",
        message_id=1,
        event_type_id=1,
    )


class ServicesTests(SynchronousTestCase):
    def test_the_doubles_are_services(self) -> None:
        for interface in (IService, IUsingService, INegotiatingService):
            verifyObject(interface, Classes("double"))

    def test_the_first_one_that_accepts_a_sop_class_performs_it(self) -> None:
        first, second = Classes("a", performs=(CT,)), Classes("b", performs=(CT, VERIFICATION))
        services = Services([first, second])
        self.assertIs(first, services.performing(CT))
        self.assertIs(second, services.performing(VERIFICATION))
        self.assertIsNone(services.performing("1.2.3"))

    def test_only_a_using_service_uses(self) -> None:
        using = Classes("a", uses=(CT,))
        services = Services([Storage(Receiver()), using])
        self.assertIs(using, services.using(CT))
        self.assertIsNone(services.using(VERIFICATION))

    def test_one_that_is_added_comes_first_until_it_is_removed(self) -> None:
        first, added = Classes("a", performs=(CT,)), Classes("b", performs=(CT,))
        services = Services([first])
        remove = services.add(added)
        self.assertIs(added, services.performing(CT))
        remove()
        remove()
        self.assertIs(first, services.performing(CT))

    def test_a_stand_in_counts_for_one_association_only(self) -> None:
        performing = Classes("a", performs=(CT,))
        services = Services([performing])
        copy = services.copy()
        copy.stands_in(PRIVATE_CT, CT)
        self.assertIs(performing, copy.performing(PRIVATE_CT))
        self.assertIsNone(services.performing(PRIVATE_CT))

    def test_requests_go_to_who_performs_and_events_to_who_uses(self) -> None:
        performing, using = Classes("a", performs=(CT,)), Classes("b", uses=(CT,))
        services = Services([performing, using])
        # Who may invoke: an SCU its requests, an SCP its events; and we are on either side.
        for roles, role, requests, events in (
            (Roles(), Role.ACCEPTOR, performing, None),
            (Roles(), Role.REQUESTOR, None, using),
            (SCP_ONLY, Role.ACCEPTOR, None, using),
            (SCP_ONLY, Role.REQUESTOR, performing, None),
            (BOTH, Role.ACCEPTOR, performing, using),
            (BOTH, Role.REQUESTOR, performing, using),
            (Roles(scu=False, scp=False), Role.ACCEPTOR, None, None),
            (Roles(scu=False, scp=False), Role.REQUESTOR, None, None),
        ):
            context = PresentationContext(
                context_id=1, abstract_syntax=CT, transfer_syntax=EXPLICIT, roles=roles
            )
            self.assertIs(requests, services.serving(store_request(), context, role))
            self.assertIs(events, services.serving(event(), context, role))

    def test_what_nobody_has_is_served_by_nobody(self) -> None:
        context = PresentationContext(
            context_id=1, abstract_syntax=STUDY_ROOT_GET, transfer_syntax=EXPLICIT
        )
        self.assertIsNone(Services().serving(get_request(), context, Role.ACCEPTOR))


class OfferTests(SynchronousTestCase):
    def choose(
        self, wanted: Proposal, *services: IService, grant: Grant | None = None
    ) -> ContextChoice:
        offered = services or (Verification(), Storage(Receiver()))
        return Offer(Services(offered), grant or Grant()).choose(wanted)

    def test_each_context_gets_its_transfer_syntax_or_its_reason(self) -> None:
        for wanted, answer in (
            (proposal(CT, EXPLICIT, IMPLICIT), Accepted(transfer_syntax=EXPLICIT)),
            (proposal(VERIFICATION, IMPLICIT), Accepted(transfer_syntax=IMPLICIT)),
            (proposal("1.2.3"), ContextResult.ABSTRACT_SYNTAX_NOT_SUPPORTED),
            (proposal(CT, "1.2.3.4"), ContextResult.TRANSFER_SYNTAXES_NOT_SUPPORTED),
        ):
            self.assertEqual(answer, self.choose(wanted))

    def test_what_is_not_granted_is_a_user_rejection(self) -> None:
        for grant in (Grant(frozenset({"echo"})), Grant(sop_classes=frozenset({VERIFICATION}))):
            self.assertEqual(
                Accepted(transfer_syntax=IMPLICIT),
                self.choose(proposal(VERIFICATION, IMPLICIT), grant=grant),
            )
            self.assertEqual(ContextResult.USER_REJECTION, self.choose(proposal(CT), grant=grant))

    def test_a_requestor_gets_of_its_roles_those_that_somebody_serves(self) -> None:
        performing, using = Classes("a", performs=(CT,)), Classes("b", uses=(CT,))
        none = ContextResult.ABSTRACT_SYNTAX_NOT_SUPPORTED
        for services, asked, got in (
            ((performing, using), BOTH, BOTH),
            ((performing,), BOTH, Roles()),
            ((using,), BOTH, SCP_ONLY),
            ((performing, using), SCP_ONLY, SCP_ONLY),
            ((performing, using), Roles(), Roles()),
            ((performing,), SCP_ONLY, None),
            ((using,), Roles(), None),
        ):
            answer = self.choose(proposal(CT, roles=asked), *services)
            expected = none if got is None else Accepted(transfer_syntax=EXPLICIT, roles=got)
            self.assertEqual(expected, answer, (services, asked))

    def test_a_role_that_is_not_granted_is_not_given(self) -> None:
        services = Classes("a", performs=(CT,)), Classes("b", uses=(CT,))
        for name, got in (("a", Roles()), ("b", SCP_ONLY)):
            answer = self.choose(
                proposal(CT, roles=BOTH), *services, grant=Grant(frozenset({name}))
            )
            self.assertEqual(Accepted(transfer_syntax=EXPLICIT, roles=got), answer)

    def test_one_service_may_have_both_roles(self) -> None:
        answer = self.choose(proposal(CT, roles=BOTH), Classes("a", performs=(CT,), uses=(CT,)))
        self.assertEqual(Accepted(transfer_syntax=EXPLICIT, roles=BOTH), answer)

    def test_a_class_that_nobody_knows_is_served_as_a_related_one(self) -> None:
        services = Services([Classes("a", performs=(CT,))])
        offer = Offer(services, Grant())
        self.assertEqual(
            Accepted(transfer_syntax=EXPLICIT),
            offer.choose(proposal(PRIVATE_CT, related=("1.2.3", CT))),
        )
        self.assertIsNotNone(services.performing(PRIVATE_CT))
        self.assertEqual(
            ContextResult.ABSTRACT_SYNTAX_NOT_SUPPORTED,
            offer.choose(proposal("1.3.12.2.1107.5.9.2", related=("1.2.3",))),
        )

    def test_nothing_stands_in_for_a_class_that_is_not_of_storage(self) -> None:
        offer = Offer(Services([Classes("a", performs=(VERIFICATION, STUDY_ROOT_GET))]), Grant())
        for related in (VERIFICATION, STUDY_ROOT_GET):
            self.assertEqual(
                ContextResult.ABSTRACT_SYNTAX_NOT_SUPPORTED,
                offer.choose(proposal(PRIVATE_CT, related=(related,))),
            )

    def test_who_names_any_number_of_relatives_costs_no_more(self) -> None:
        service = Classes("a", performs=(CT,))
        asked: list[str] = []
        self.patch(service, "accepts", asked.append)
        offer = Offer(Services([service]), Grant())
        many = proposal(PRIVATE_CT, related=(*(f"1.2.{n}" for n in range(20_000)), CT))
        for _ in range(128):
            offer.choose(many)
        self.assertLess(len(asked), 1000)

    def test_a_class_that_is_known_is_served_as_itself(self) -> None:
        services = Services([Classes("a", performs=(CT,)), Classes("b", performs=(PRIVATE_CT,))])
        Offer(services, Grant()).choose(proposal(PRIVATE_CT, related=(CT,)))
        performing = services.performing(PRIVATE_CT)
        assert performing is not None
        self.assertEqual("b", performing.name)

    def test_extended_negotiation_is_answered_by_the_service_if_it_has_an_answer(self) -> None:
        services = Services(
            [Classes("a", performs=(CT,), answers={b"ask": b"yes"}), Verification()]
        )
        offer = Offer(services, Grant())
        self.assertEqual(b"yes", offer.extended(CT, b"ask"))
        for sop_class, information in ((CT, b"else"), (VERIFICATION, b"ask"), ("1.2.3", b"ask")):
            self.assertIsNone(offer.extended(sop_class, information))

    def test_the_policy_says_who_we_are_and_what_we_can_take(self) -> None:
        grant = Grant(identity_response=b"ticket")
        policy = Offer(Services([Verification()]), grant).policy(maximum_length=5000, window=3)
        self.assertEqual((3, 5000), (policy.window, policy.maximum_length))
        self.assertEqual(uids.IMPLEMENTATION_CLASS_UID, policy.implementation_class_uid)
        self.assertEqual(uids.IMPLEMENTATION_VERSION_NAME, policy.implementation_version_name)
        self.assertEqual(b"ticket", policy.identity_response)
        answer = negotiate(request((VERIFICATION, (IMPLICIT,))), policy)
        assert isinstance(answer, Acceptance)
        self.assertEqual({1}, set(answer.contexts))
