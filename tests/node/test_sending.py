"""Instances of kinds that are known only when they come."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from tests.node.doubles import PlayedAssociation, PlayedNode, instance, taken
from txdicomtls.errors import AssociationLost
from txdicomtls.instance import OutgoingInstance
from txdicomtls.interfaces import Originator, Outcome
from txdicomtls.node import sending
from txdicomtls.node.sending import Parts, send_instances
from txdicomtls.scu import Contexts, Sent

EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
JPEG = "1.2.840.10008.1.2.4.50"


async def each_of(instances: Iterable[OutgoingInstance]) -> AsyncIterator[OutgoingInstance]:
    for one in instances:
        yield one


class SendingTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.node = PlayedNode()

    def send(
        self, *instances: OutgoingInstance, originator: Originator | None = None
    ) -> list[Outcome]:
        async def all_of_them() -> list[Outcome]:
            return [
                outcome
                async for outcome in send_instances(
                    self.node.association, each_of(instances), originator
                )
            ]

        return self.successResultOf(Deferred.fromCoroutine(all_of_them()))

    def test_each_is_sent_and_its_outcome_told(self) -> None:
        both = instance("1.1"), instance("1.2")
        outcomes = self.send(*both)
        self.assertEqual([(both[0], 0), (both[1], 0)], [(o.instance, o.status) for o in outcomes])
        self.assertFalse(self.node.associations[0].is_open)

    def test_nothing_is_no_association(self) -> None:
        self.assertEqual([], self.send())
        self.assertEqual([], self.node.associations)

    def test_every_way_in_which_an_instance_can_be_sent_is_proposed_by_itself(self) -> None:
        self.send(instance("1.1", "1.2.9", JPEG), instance("1.2", "1.2.8", EXPLICIT, IMPLICIT))
        (association,) = self.node.associations
        self.assertEqual(
            {("1.2.9", (JPEG,)), ("1.2.8", (EXPLICIT,)), ("1.2.8", (IMPLICIT,))},
            {(each.abstract_syntax, each.transfer_syntaxes) for each in association.contexts},
        )

    def test_an_association_serves_as_long_as_it_has_a_context(self) -> None:
        self.patch(sending, "AT_ONCE", 2)
        same = [instance(f"1.{n}") for n in range(5)]
        self.send(*same, instance("2.1", "1.2.8"), instance("2.2"))
        self.assertEqual([[2, 2], [2, 1]], [each.parts for each in self.node.associations])

    def test_more_kinds_than_contexts_take_another_association(self) -> None:
        self.send(*(instance(f"1.{n}", f"1.2.3.{n}", EXPLICIT, IMPLICIT) for n in range(70)))
        self.assertEqual([128, 12], [len(each.contexts) for each in self.node.associations])

    def test_one_that_came_twice_has_two_outcomes(self) -> None:
        self.assertEqual(2, len(self.send(instance("1.1"), instance("1.1"))))

    def test_who_asked_for_the_move_is_told(self) -> None:
        by = Originator(ae_title="WORKSTATION", message_id=3)
        self.send(instance("1.1"), originator=by)
        self.assertEqual([by], self.node.associations[0].originators)

    def test_what_a_lost_association_did_not_send_is_an_error(self) -> None:
        self.patch(sending, "AT_ONCE", 2)
        lost = AssociationLost("the link went away")

        def answer(each: OutgoingInstance) -> Sent:
            self.node.associations[-1].error = lost
            return Sent(sop_instance_uid=each.sop_instance_uid, error=lost)

        self.node.answer = answer
        outcomes: list[Outcome] = []

        async def send() -> None:
            three = [instance(f"1.{n}") for n in range(3)]
            async for outcome in send_instances(self.node.association, each_of(three)):
                outcomes.append(outcome)  # noqa: PERF401  # what came before the error counts

        failure = self.failureResultOf(Deferred.fromCoroutine(send()))
        self.assertIs(lost, failure.value)
        self.assertEqual([lost, lost], [outcome.error for outcome in outcomes])

    def test_who_stops_early_ends_the_association(self) -> None:
        async def stop() -> None:
            sent = send_instances(self.node.association, each_of([instance("1.1")] * 3))
            await anext(sent)
            await sent.aclose()

        self.successResultOf(Deferred.fromCoroutine(stop()))
        (association,) = self.node.associations
        self.assertFalse(association.is_open)
        self.assertEqual(1, len(association.stored))


class PartTests(SynchronousTestCase):
    def test_no_more_are_taken_than_are_about_to_be_sent(self) -> None:
        asked: list[int] = []

        async def endless() -> AsyncIterator[OutgoingInstance]:
            number = 0
            while True:
                asked.append(number)
                yield instance(f"1.{number}")
                number += 1

        part: Any = self.successResultOf(Deferred.fromCoroutine(Parts(endless()).next()))
        self.assertEqual(sending.AT_ONCE, len(part))
        self.assertEqual(sending.AT_ONCE, len(asked))

    def test_the_one_that_did_not_fit_is_the_first_of_the_next(self) -> None:
        parts = Parts(each_of(instance(f"1.{n}", f"1.2.3.{n}") for n in range(200)))
        self.patch(sending, "AT_ONCE", 1000)
        counts = [len(self.successResultOf(Deferred.fromCoroutine(parts.next()))) for _ in range(3)]
        self.assertEqual([128, 72, 0], counts)


class DoubleTests(SynchronousTestCase):
    def test_the_double_answers_as_an_association_does(self) -> None:
        association = PlayedAssociation(Contexts(), taken)

        async def store() -> list[Sent]:
            return [sent async for sent in association.store([instance("1.1")])]

        (sent,) = self.successResultOf(Deferred.fromCoroutine(store()))
        self.assertTrue(sent.succeeded)
