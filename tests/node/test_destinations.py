"""The nodes that are called: only those of the configuration, and no more often than they take."""

from __future__ import annotations

from typing import Any, Self

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.association import ConnectionLimits
from txdicomtls.errors import DestinationUnknown, PeerUnreachable
from txdicomtls.interfaces import IDestinations, ISender
from txdicomtls.net import Timeouts
from txdicomtls.node import destinations
from txdicomtls.node.access_sections import PeerSection
from txdicomtls.node.destinations import Calling, Destination, make_destinations
from txdicomtls.scu import verification_context

CALLING = Calling(
    ae_title="US", limits=ConnectionLimits(maximum_length=5000), timeouts=Timeouts(response=7)
)


class PlayedAssociation:
    """Says how it ended."""

    def __init__(self) -> None:
        self.ending = ""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.ending = "released" if kind is None else "aborted"


class DestinationCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.asked: list[dict[str, object]] = []
        self.answers: list[Deferred[Any]] = []
        self.patch(destinations, "connect", self.connect)
        self.reactor: Any = Clock()
        self.securities: Any = {"default": "the default", "out": "another"}

    def connect(
        self, _reactor: object, endpoint: object, **facts: Any
    ) -> Deferred[Any]:  # whatever it is asked
        self.asked.append({"endpoint": endpoint, **facts})
        self.answers.append(Deferred())
        return self.answers[-1]

    def made(self, **facts: object) -> destinations.Destinations:
        section = PeerSection.model_validate(
            {"ae_title": "THERE", "host": "there.example", "port": 104, **facts}
        )
        nobody = PeerSection.model_validate({"ae_title": "CALLER"})
        return make_destinations(self.reactor, [section, nobody], CALLING, self.securities)

    def use(self, destination: Destination, calling: str = "") -> tuple[Deferred[None], Any]:
        """Ask for an association, to be used until the second result is fired."""
        until: Deferred[None] = Deferred()

        async def use() -> None:
            async with destination.association(verification_context(), calling=calling):
                await until

        return Deferred.fromCoroutine(use()), until


class KnownTests(DestinationCase):
    def test_only_peers_with_a_host_are_destinations(self) -> None:
        made = self.made()
        self.assertTrue(IDestinations.providedBy(made))
        retrieval: Any = None
        self.assertTrue(ISender.providedBy(made.resolve("THERE", retrieval)))
        self.assertIs(made.known("THERE"), made.resolve(" THERE ", retrieval))
        for title in ("CALLER", "there", "", "there.example"):
            self.assertIsNone(made.resolve(title, retrieval))
            with self.assertRaises(DestinationUnknown):
                made.known(title)


class AssociationTests(DestinationCase):
    def test_it_is_called_as_its_section_says(self) -> None:
        for facts, calling, called in (
            ({}, "US", "THERE"),
            ({"called": "STORE"}, "US", "STORE"),
            ({"calling": "ROUTER"}, "ROUTER", "THERE"),
        ):
            self.use(self.made(**facts).known("THERE"))
            asked = self.asked[-1]
            self.assertEqual((calling, called), (asked["calling"], asked["called"]))
        self.use(self.made().known("THERE"), "ALIAS")
        self.assertEqual("ALIAS", self.asked[-1]["calling"])
        self.use(self.made(calling="ROUTER").known("THERE"), "ALIAS")
        self.assertEqual("ROUTER", self.asked[-1]["calling"])

    def test_window_limits_and_times_are_those_of_the_configuration(self) -> None:
        self.use(self.made(window=3, tls="out").known("THERE"))
        (asked,) = self.asked
        self.assertEqual(3, asked["window"])
        self.assertEqual((CALLING.limits, CALLING.timeouts), (asked["limits"], asked["timeouts"]))
        self.assertEqual(CALLING.deadlines, asked["deadlines"])
        self.assertEqual(verification_context(), asked["contexts"])

    def test_it_is_released_or_aborted_if_the_use_of_it_fails(self) -> None:
        for result, ending in ((None, "released"), (PeerUnreachable("x", 1, "y"), "aborted")):
            association = PlayedAssociation()
            ended, until = self.use(self.made().known("THERE"))
            self.answers[-1].callback(association)
            self.assertNoResult(ended)
            if result is None:
                until.callback(None)
                self.successResultOf(ended)
            else:
                until.errback(result)
                self.failureResultOf(ended, PeerUnreachable)
            self.assertEqual(ending, association.ending)

    def test_no_more_than_it_takes_are_open_and_the_next_one_waits(self) -> None:
        destination = self.made(associations=2).known("THERE")
        uses = [self.use(destination) for _ in range(4)]
        self.assertEqual(2, len(self.asked))
        self.answers[0].callback(PlayedAssociation())
        uses[0][1].callback(None)
        self.successResultOf(uses[0][0])
        self.assertEqual(3, len(self.asked))
        self.answers[1].errback(PeerUnreachable("there.example", 104, "nobody answers"))
        self.failureResultOf(uses[1][0], PeerUnreachable)
        self.assertEqual(4, len(self.asked))

    def test_who_gives_up_waiting_takes_no_place(self) -> None:
        destination = self.made(associations=1).known("THERE")
        first, second, third = (self.use(destination) for _ in range(3))
        second[0].cancel()
        self.failureResultOf(second[0])
        first[0].cancel()
        self.failureResultOf(first[0])
        self.assertEqual(2, len(self.asked))
        self.assertNoResult(third[0])
