"""A node as a service: put together, started, used and stopped in this process."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from twisted.internet import reactor as global_reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock, deferLater
from twisted.trial.unittest import SynchronousTestCase, TestCase

from tests.association.pair import CT, EXPLICIT, VERIFICATION
from tests.datasets import element, instance
from tests.running import CONFIGURATION, Certificates, make_certificates
from tests.scu.files import make_file
from txdicomtls.access import AnyPeer
from txdicomtls.association import ConnectionLimits
from txdicomtls.errors import (
    AssociationAborted,
    CannotListen,
    CredentialError,
    StorageError,
)
from txdicomtls.net import AssociationFactory, ClientEndpoint, Quotas, Timeouts
from txdicomtls.node import Configuration, load_configuration
from txdicomtls.node.assembly import make_factory
from txdicomtls.node.service import NodeService
from txdicomtls.pdu import PresentationContextRQ
from txdicomtls.scp import Verification
from txdicomtls.scu import Association, connect, verification_context
from txdicomtls.threads import in_thread_of
from txdicomtls.tls import load_security

CONTEXTS = (
    *verification_context(),
    PresentationContextRQ(context_id=3, abstract_syntax=CT, transfer_syntaxes=(EXPLICIT,)),
)

reactor: Any = global_reactor  # a module to mypy


def configure(
    directory: Path, certificates: Certificates, *, node: str = "", more: str = ""
) -> Configuration:
    """The configuration of a node that keeps its data in a directory."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "node.toml"
    path.write_text(
        CONFIGURATION.format(certificates=certificates.directory, node=node, tls="", more=more)
    )
    return load_configuration(path)


class AssemblyTests(SynchronousTestCase):
    """What a configuration says becomes of the factory and the policy."""

    def setUp(self) -> None:
        self.directory = Path(self.mktemp()).absolute()
        self.certificates = make_certificates(self.directory / "pki")

    def configuration(self, **parts: str) -> Configuration:
        return configure(self.directory, self.certificates, **parts)

    def made(self, **parts: str) -> AssociationFactory:
        return make_factory(Clock(), self.configuration(**parts), [Verification()], AnyPeer())

    def test_what_is_offered_is_what_was_made(self) -> None:
        services = self.made().services
        self.assertEqual("echo", getattr(services.performing(VERIFICATION), "name", None))
        self.assertIsNone(services.performing(CT))

    def test_limits_are_those_of_the_configuration(self) -> None:
        factory = self.made(
            more="""
            [limits]
            associations = 7
            associations_per_address = 6
            associations_per_certificate = 5
            associations_per_ae_title = 4
            unauthenticated = 8
            window = 3
            maximum_length = 5000
            command_set = "2 KiB"
            identifier = 3000
            association_bytes = "1 GiB"
            handshake = 1.5
            artim = 2.5
            association = 10
            pdu = 11
            response = 12
            idle = 3.5
            release = 13
            stall = 14
            closing = 4.5
            """
        )
        self.assertEqual(Quotas(total=7, address=6, certificate=5, ae_title=4), factory.quotas)
        self.assertEqual((8, 3), (factory.most_unproved, factory.window))
        self.assertEqual(
            ConnectionLimits(
                maximum_length=5000, command=2048, identifier=3000, association=1 << 30
            ),
            factory.limits,
        )
        self.assertEqual(
            Timeouts(
                artim=2.5, association=10, pdu=11, response=12, idle=3.5, release=13, stall=14
            ),
            factory.timeouts,
        )
        self.assertEqual((1.5, 4.5), (factory.deadlines.handshake, factory.deadlines.closing))

    def test_a_long_artim_is_not_cut_short_by_the_deadline_of_the_link(self) -> None:
        factory = self.made(more="[limits]\nartim = 120.0\n")
        association = factory.deadlines.association
        self.assertTrue(association is None or association >= 120, association)


class RunningTests(TestCase):
    """With real sockets, files and threads."""

    timeout = 20

    def setUp(self) -> None:
        self.directory = Path(self.mktemp()).absolute()
        self.certificates = make_certificates(self.directory / "pki")

    def node(self, *, name: str = "node", **parts: str) -> NodeService:
        configuration = configure(self.directory / name, self.certificates, **parts)
        node = NodeService(reactor, configuration)
        self.addCleanup(lambda: node.stopService() if node.running else None)
        return node

    async def started(self, **parts: str) -> NodeService:
        node = self.node(**parts)
        node.startService()
        await node.started
        return node

    def port_of(self, node: NodeService) -> int:
        (port,) = node.ports
        address: Any = port.getHost()
        number: int = address.port
        return number

    async def associate(self, node: NodeService) -> Association:
        load = partial(
            load_security,
            certificate=self.certificates.certificate("client"),
            private_key=self.certificates.key("client"),
            trust=[self.certificates.certificate("ca")],
            in_thread=in_thread_of(reactor),
        )
        return await connect(
            reactor,
            ClientEndpoint(reactor, "127.0.0.1", self.port_of(node), load),
            called="TXDICOM",
            calling="TEST",
            contexts=CONTEXTS,
            window=4,
        )

    async def test_it_listens_answers_and_keeps_what_it_acknowledged(self) -> None:
        node = await self.started()
        association = await self.associate(node)
        self.assertEqual(0, await association.echo())
        data_sets = {
            f"1.2.3.{n}": instance(CT, f"1.2.3.{n}", EXPLICIT)
            + element(0x7FE0, 0x0010, b"OB", bytes(n * 1_300_000), EXPLICIT)
            for n in range(3)
        }
        files = [
            make_file(self.directory / f"{uid}.dcm", data, uid=uid)
            for uid, data in data_sets.items()
        ]
        sent = [each async for each in association.store(files)]
        self.assertEqual([0] * 3, [each.status for each in sent], [each.outcome for each in sent])
        await association.release()
        await association.when_closed()
        for uid, data in data_sets.items():
            self.assertTrue(node.assembly.keeping.archive.path_of(uid).read_bytes().endswith(data))
        await node.stopService()
        self.assertEqual(([], 0), (node.ports, node.assembly.factory.connections))

    async def test_an_object_beyond_the_limit_is_refused_and_not_kept(self) -> None:
        node = await self.started(more="[limits]\nobject_size = 1000\n")
        association = await self.associate(node)
        path = make_file(self.directory / "large.dcm", bytes(1002))
        sent = [each async for each in association.store([path])]
        self.assertEqual([0xA700], [each.status for each in sent])
        await association.release()
        self.assertFalse(node.assembly.keeping.archive.path_of("1.2.3").exists())

    async def test_a_stopped_node_can_be_started_again_on_the_same_data(self) -> None:
        for _ in range(2):
            node = await self.started()
            await node.stopService()

    async def test_a_taken_port_is_told_and_the_rest_can_be_stopped(self) -> None:
        taken = reactor.listenTCP(0, Factory(), interface="127.0.0.1")
        self.addCleanup(taken.stopListening)
        number = taken.getHost().port
        node = self.node(more=f'[[listen]]\nport = {number}\ninterface = "127.0.0.1"\n')
        node.startService()
        with self.assertRaises(CannotListen) as raised:
            await node.started
        self.assertEqual(("127.0.0.1", number), (raised.exception.interface, raised.exception.port))
        await node.stopService()
        self.assertEqual([], node.ports)

    async def test_a_certificate_that_cannot_be_used_is_told_before_anything_listens(self) -> None:
        node = self.node()
        self.certificates.key("node").write_text("no key")
        node.startService()
        with self.assertRaises(CredentialError):
            await node.started
        self.assertEqual([], node.ports)
        await node.stopService()

    async def test_data_that_another_node_uses_is_left_alone(self) -> None:
        await self.started()
        other = self.node()
        other.startService()
        with self.assertRaises(StorageError):
            await other.started
        self.assertEqual([], other.ports)
        await other.stopService()

    async def test_a_node_that_is_stopped_while_it_starts_never_listens(self) -> None:
        node = self.node()
        node.startService()
        outcome: list[object] = []
        node.started.addBoth(outcome.append)
        await node.stopService()
        for _ in range(50):
            if outcome:
                break
            await deferLater(reactor, 0.01)
        for port in node.ports:
            self.addCleanup(port.stopListening)
        self.assertEqual([], node.ports)
        again = await self.started()
        self.assertEqual(1, len(again.ports))

    async def test_stopping_lets_associations_end_and_takes_no_new_ones(self) -> None:
        node = await self.started()
        number = self.port_of(node)
        association = await self.associate(node)
        stopped = node.stopService()
        self.assertEqual(0, await association.echo())
        self.assertFalse(stopped.called)
        taken = reactor.listenTCP(number, Factory(), interface="127.0.0.1")
        await taken.stopListening()
        await association.release()
        await stopped
        self.assertEqual(0, node.assembly.factory.connections)

    async def test_what_is_left_after_the_drain_is_aborted(self) -> None:
        node = await self.started(more="[limits]\ndrain = 0.05\n")
        association = await self.associate(node)
        closed: Deferred[None] = association.when_closed()
        await node.stopService()
        await closed
        with self.assertRaises(AssociationAborted) as raised:
            await association.echo()
        self.assertTrue(raised.exception.by_peer)
