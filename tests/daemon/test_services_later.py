"""What a node does later, by itself: forwarding, reports of commitment; whatever comes between."""

from __future__ import annotations

from twisted.internet.task import deferLater

from tests.daemon.cases import SOON
from tests.daemon.requesting import (
    CT,
    EVERYTHING,
    MR,
    RequestingTestCase,
    destination,
    end_of_step,
    header_of,
    step_that_begins,
    the_reactor,
)
from tests.interop.peers import free_port
from tests.running import Certificates, Node, make_certificates
from txdicomtls.scu import CommitmentListener, commitment_contexts, procedure_step_contexts
from txdicomtls.threads import in_thread_of

#: Pauses that a test can wait for.
QUICKLY = "[delivery]\nfirst_pause = 0.5\nlongest_pause = 1\n"


class ForwardingTests(RequestingTestCase):
    async def test_what_arrived_is_sent_on_though_both_nodes_were_away_in_between(self) -> None:
        certificates, port = make_certificates(self.directory() / "pki"), free_port()
        rule = '[[forward]]\nto = "OTHER"\nfrom = "TEST"\nmodalities = "CT"\n'
        node = await self.start(
            certificates=certificates,
            more=EVERYTHING + destination("OTHER", port) + rule + QUICKLY,
        )
        await self.store(node, CT, MR)
        await self.soon(node.process.when_says("forward to 'OTHER' has to wait"))
        node = await self.restarted(node, "KILL")
        other = await self.start_at(certificates, port)
        await self.until_kept(other, header_of(CT).sop_instance_uid)
        self.assertEqual({header_of(CT).sop_instance_uid}, await self.kept_by(other))

    async def test_what_comes_back_is_not_sent_on_again(self) -> None:
        certificates, port = make_certificates(self.directory() / "pki"), free_port()
        there = destination("OTHER", port) + '[[forward]]\nto = "OTHER"\n'
        node = await self.start(
            certificates=certificates, more=everything_for("TXDICOM") + there + QUICKLY
        )
        back = destination("FIRST", node.port) + '[[forward]]\nto = "FIRST"\n'
        other = await self.start_at(certificates, port, back + QUICKLY)
        await self.store(node, CT)
        await self.soon(node.process.when_says("(?s)association from TXDICOM.*ended after 1 req"))
        # It has one line where it begins, and one where it ends.
        self.assertEqual(2, node.process.output.count("association from TXDICOM"))
        self.assertEqual(1, other.process.output.count("ended after 1 requests"))

    async def test_a_procedure_step_is_told_in_its_order(self) -> None:
        certificates, port = make_certificates(self.directory() / "pki"), free_port()
        node = await self.start(
            certificates=certificates,
            more=EVERYTHING
            + destination("OTHER", port)
            + '[procedure_steps]\nforward_to = "OTHER"\n'
            + QUICKLY,
        )
        async with await self.associate(node, procedure_step_contexts()) as association:
            uid = await association.create_procedure_step(step_that_begins())
            await association.set_procedure_step(uid, end_of_step())
        other = await self.start_at(certificates, port, "[procedure_steps]\n")
        await self.soon(other.process.when_says("ended after 1 req", times=2))

    async def start_at(self, certificates: Certificates, port: int, more: str = "") -> Node:
        """Start another node, at a port that its peer knows already."""
        return await self.start(
            certificates=certificates, more=everything_for("TXDICOM") + more, port=port
        )

    async def until_kept(self, node: Node, uid: str) -> None:
        reactor = the_reactor()
        deadline = reactor.seconds() + SOON
        while uid not in await self.kept_by(node):
            self.assertLess(reactor.seconds(), deadline, node.process.output)
            await deferLater(reactor, 0.1)


class ReportTests(RequestingTestCase):
    async def test_a_requestor_that_was_away_is_told_after_a_restart(self) -> None:
        certificates, port = make_certificates(self.directory() / "pki"), free_port()
        node = await self.start(
            certificates=certificates,
            more=EVERYTHING + f'host = "localhost"\nport = {port}\n'
            "[services]\nreport_on_same_association = false\n" + QUICKLY,
        )
        await self.store(node, CT)
        reactor = the_reactor()
        listener = CommitmentListener(reactor, in_thread_of(reactor))
        async with await self.associate(node, commitment_contexts()) as association:
            waiting = await association.request_commitment([header_of(CT)], listener)
        await self.soon(node.process.when_says("report to 'TEST' has to wait"))
        await self.restarted(node, "KILL")
        await self.listen(certificates, [listener], port)
        committed = await self.soon(waiting.report)
        self.assertTrue(committed.is_complete)


def everything_for(calling: str) -> str:
    """Peers that may do everything: the test, and another node."""
    return EVERYTHING + EVERYTHING.replace("TEST", calling)
