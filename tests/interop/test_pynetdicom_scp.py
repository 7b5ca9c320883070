"""pynetdicom as SCP, with an ``ssl.SSLContext``: our command line and our library call it."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import TestCase

from tests.interop.links import associate, refused, security
from tests.interop.objects import PATHS, SAMPLES, assert_kept
from tests.interop.peers import pynetdicom, pynetdicom_credentials, run
from tests.interop.pynetdicom_peer import TITLE
from tests.running import SCRIPTS, Certificates, make_certificates, start
from txdicomtls.codes import RejectReason
from txdicomtls.errors import AssociationRejected
from txdicomtls.part10 import read_header
from txdicomtls.scu import contexts_for


class _Called(TestCase):
    timeout = 60

    def setUp(self) -> None:
        pynetdicom()
        self.received = Path(self.mktemp()).absolute()
        self.received.mkdir()

    def certificates(self) -> Certificates:
        return make_certificates(Path(self.mktemp()).absolute())

    async def scp(self, certificates: Certificates, version: str) -> int:
        """Let it serve in one version of TLS; its port."""
        credentials = pynetdicom_credentials(certificates, "node")
        command = pynetdicom("scp", *credentials, f"--tls={version}", self.received)
        found = await start(self, command).when_says(r"listens on port (\d+)")
        return int(found[1])


class CommandTests(_Called):
    async def test_our_objects_are_kept_over_tls_1_2(self) -> None:
        certificates = self.certificates()
        port = await self.scp(certificates, "1.2")
        common = [f"localhost:{port}", f"--called={TITLE}", *certificates.options]
        for words, expected in (
            (["echo", *common], "answered 0000H success"),
            (["store", *common, *PATHS], f"{len(SAMPLES)} stored"),
        ):
            status, said = await run(self, [SCRIPTS / "txdicomtls", *words])
            self.assertEqual(0, status, said)
            self.assertRegex(said, r"protocol .* TLSv1\.2 ")
            self.assertIn(expected, said)
        assert_kept(self, SAMPLES, self.received)


class AssociationTests(_Called):
    async def test_our_objects_are_kept_over_tls_1_3(self) -> None:
        certificates = self.certificates()
        port = await self.scp(certificates, "1.3")
        secured = await security(certificates, "client")
        contexts = contexts_for(read_header(path) for path in PATHS)
        async with await associate(
            port, secured, called=TITLE, contexts=contexts, window=8
        ) as association:
            self.assertEqual("TLSv1.3", association.link.protocol)
            self.assertEqual(1, association.window)
            statuses = [sent.status async for sent in association.store(PATHS)]
        self.assertEqual([0] * len(SAMPLES), statuses)
        assert_kept(self, SAMPLES, self.received)

    async def test_its_rejection_of_a_wrong_called_ae_title_is_an_error_that_says_so(self) -> None:
        certificates = self.certificates()
        port = await self.scp(certificates, "1.3")
        with self.assertRaises(AssociationRejected) as caught:
            await associate(port, await security(certificates, "client"), called="OTHER")
        self.assertEqual(RejectReason.CALLED_AE_TITLE_NOT_RECOGNIZED, caught.exception.meaning)


class RefusalTests(_Called):
    async def test_a_certificate_from_another_ca_is_refused_on_either_side(self) -> None:
        ours, theirs = self.certificates(), self.certificates()
        mistrusting = await security(ours, "client", trusted=theirs)
        mistrusted = await security(theirs, "client", trusted=ours)
        for version in ("1.2", "1.3"):
            port = await self.scp(ours, version)
            for secured, by_peer in ((mistrusting, False), (mistrusted, True)):
                error = await refused(port, secured)
                self.assertEqual((by_peer, "unknown_ca"), (error.by_peer, error.alert))
