"""DCMTK as SCP: our command line and our library call its storescp."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import TestCase

from tests.interop.links import (
    ONLY_TLS_1_2,
    ONLY_TLS_1_3,
    associate,
    refused,
    security,
    the_reactor,
)
from tests.interop.objects import PATHS, SAMPLES, assert_kept
from tests.interop.peers import Words, dcmtk, run, start_storescp
from tests.running import SCRIPTS, Certificates, Running, make_certificates
from txdicomtls.codes import RejectReason
from txdicomtls.errors import AssociationAborted, AssociationRejected
from txdicomtls.part10 import read_header
from txdicomtls.scu import Association, Sent, contexts_for
from txdicomtls.tls.authority import KeyType

#: Its Extended BCP 195 profile, which is one of TLS 1.2 only.
TLS_1_2 = "+pz"


class _Called(TestCase):
    timeout = 60

    def setUp(self) -> None:
        dcmtk("storescp")
        self.received = Path(self.mktemp()).absolute()
        self.received.mkdir()

    def certificates(self, key_type: KeyType = KeyType.ECDSA) -> Certificates:
        """Make certificates; as a server of TLS 1.2, DCMTK 3.6.7 takes none but RSA keys."""
        return make_certificates(Path(self.mktemp()).absolute(), key_type=key_type)

    async def storescp(
        self, certificates: Certificates, *options: str | Path
    ) -> tuple[Running, int]:
        """Let it listen, and keep what it receives in a directory."""
        return await start_storescp(self, certificates, "-od", self.received, *options)

    async def txdicomtls(
        self, command: str, port: int, certificates: Certificates, *words: str | Path
    ) -> str:
        """Run a command of ours, which must succeed; what it said."""
        program: Words = [SCRIPTS / "txdicomtls", command, f"localhost:{port}", "--timeout=20"]
        status, said = await run(self, [*program, *certificates.options, *words])
        self.assertEqual(0, status, said)
        return said


class CommandTests(_Called):
    async def test_echo_and_store_succeed_over_tls_1_3(self) -> None:
        await self.echo_and_store(self.certificates(), "TLSv1.3")

    async def test_echo_and_store_succeed_over_tls_1_2(self) -> None:
        await self.echo_and_store(self.certificates(KeyType.RSA), "TLSv1.2", TLS_1_2)

    async def echo_and_store(self, certificates: Certificates, version: str, *options: str) -> None:
        """An echo, then all samples; each kept byte for byte."""
        _, port = await self.storescp(certificates, *options)
        said = await self.txdicomtls("echo", port, certificates)
        self.assertRegex(said, rf"protocol .* {version} ")
        self.assertIn("answered 0000H success", said)
        said = await self.txdicomtls("store", port, certificates, *PATHS)
        self.assertRegex(said, rf"protocol .* {version} ")
        self.assertIn(f"{len(SAMPLES)} stored", said)
        assert_kept(self, SAMPLES, self.received)


class AssociationTests(_Called):
    async def test_the_version_of_tls_is_what_we_allow(self) -> None:
        certificates = self.certificates(KeyType.RSA)
        _, port = await self.storescp(certificates)
        for profile, version in ((ONLY_TLS_1_2, "TLSv1.2"), (ONLY_TLS_1_3, "TLSv1.3")):
            secured = await security(certificates, "client", profile=profile)
            async with await associate(port, secured) as association:
                self.assertEqual(version, association.link.protocol)
                self.assertEqual("AES-256-GCM", association.link.encryption)
                self.assertEqual("CN=node", association.link.peer_subject)
                self.assertEqual(0, await association.echo())

    async def test_the_window_is_one_operation_whatever_we_propose(self) -> None:
        certificates = self.certificates()
        _, port = await self.storescp(certificates)
        secured = await security(certificates, "client")
        async with await associate(port, secured, window=8) as association:
            self.assertEqual(1, association.window)
            self.assertEqual([0, 0, 0], [await association.echo() for _ in range(3)])

    async def test_objects_fit_into_the_smallest_pdus_that_it_takes(self) -> None:
        certificates = self.certificates()
        _, port = await self.storescp(certificates, "-pdu", "4096")
        secured = await security(certificates, "client")
        contexts = contexts_for(read_header(path) for path in PATHS)
        async with await associate(port, secured, contexts=contexts, window=8) as association:
            statuses = [sent.status async for sent in association.store(PATHS)]
        self.assertEqual([0] * len(SAMPLES), statuses)
        assert_kept(self, SAMPLES, self.received)

    async def test_its_refusal_is_an_error_that_says_so(self) -> None:
        certificates = self.certificates()
        _, port = await self.storescp(certificates, "--refuse")
        secured = await security(certificates, "client")
        with self.assertRaises(AssociationRejected) as caught:
            await associate(port, secured)
        self.assertEqual(RejectReason.NO_REASON_GIVEN, caught.exception.meaning)

    async def test_an_object_that_it_aborts_on_is_not_reported_as_stored(self) -> None:
        for option in ("--abort-during", "--abort-after"):
            association, sent = await self.aborted_store(option, closing=0.1)
            self.assertIsNone(sent.status)
            assert isinstance(sent.error, AssociationAborted)
            self.assertTrue(sent.error.by_peer)
            await association.when_closed()

    async def test_a_link_whose_association_it_aborted_is_closed_at_once(self) -> None:
        # After its A-ABORT it serves nobody until the TCP connection is closed, and does not
        # answer close_notify: who waits for that holds it up for as long.
        association, _ = await self.aborted_store("--abort-during", closing=5)
        aborted = the_reactor().seconds()
        await association.when_closed()
        self.assertLess(the_reactor().seconds() - aborted, 2)

    async def aborted_store(self, option: str, *, closing: float) -> tuple[Association, Sent]:
        """Send an object to one that aborts the association; what became of both."""
        certificates = self.certificates()
        _, port = await self.storescp(certificates, option)
        path = PATHS[0]
        association = await associate(
            port,
            await security(certificates, "client"),
            contexts=contexts_for([read_header(path)]),
            closing=closing,
        )
        [sent] = [sent async for sent in association.store([path])]
        return association, sent


class RefusalTests(_Called):
    async def test_its_certificate_from_another_ca_is_refused(self) -> None:
        ours, others = self.certificates(KeyType.RSA), self.certificates()
        for options in ([], [TLS_1_2]):
            storescp, port = await self.storescp(ours, *options)
            secured = await security(ours, "client", trusted=others)
            error = await refused(port, secured)
            self.assertEqual((False, "unknown_ca"), (error.by_peer, error.alert))
            await storescp.when_says("alert unknown ca")

    async def test_it_refuses_our_certificate_from_another_ca(self) -> None:
        ours, others = self.certificates(KeyType.RSA), self.certificates()
        for options in ([], [TLS_1_2]):
            storescp, port = await self.storescp(ours, *options)
            secured = await security(others, "client", trusted=ours)
            error = await refused(port, secured)
            self.assertEqual((True, "unknown_ca"), (error.by_peer, error.alert))
            await storescp.when_says("certificate verify failed")
