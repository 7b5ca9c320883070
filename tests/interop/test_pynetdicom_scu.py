"""pynetdicom as SCU, with an ``ssl.SSLContext``: it calls our node."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from twisted.trial.unittest import TestCase

from tests.interop.links import security, start_acceptor
from tests.interop.objects import KEPT, SAMPLES, assert_kept, assert_same_elements
from tests.interop.peers import Words, pynetdicom, pynetdicom_credentials, run
from tests.running import Certificates, make_certificates, start_node
from txdicomtls.codes import RejectReason, RejectResult
from txdicomtls.errors import HandshakeFailed


class _Caller(TestCase):
    timeout = 60

    def setUp(self) -> None:
        pynetdicom()

    def certificates(self) -> Certificates:
        return make_certificates(Path(self.mktemp()).absolute())

    async def call(self, port: int, credentials: Words, *words: str | Path) -> dict[str, Any]:
        """Let it call; what it tells afterwards."""
        status, said = await run(self, pynetdicom("scu", f"--port={port}", *credentials, *words))
        self.assertEqual(0, status, said)
        told = re.search(r"^{.*}$", said, re.MULTILINE)
        assert told is not None, said
        facts: dict[str, Any] = json.loads(told[0])
        return facts


class AssociationTests(_Caller):
    async def test_its_files_are_kept_as_they_are_over_tls_1_3(self) -> None:
        # It sends the bytes of a file as they are, and so cannot pad an odd data set.
        samples = [
            sample for sample in KEPT if not sample.needs_padding and not sample.names_another
        ]
        paths = [sample.path for sample in samples]
        node = await start_node(self)
        credentials = pynetdicom_credentials(node.certificates, "client")
        told = await self.call(node.port, credentials, "--tls=1.3", *paths)
        self.assertEqual(stored(len(paths), "TLSv1.3"), told)
        assert_kept(self, samples, node.data / "objects")

    async def test_files_that_name_another_instance_or_no_study_are_refused(self) -> None:
        paths = [each.path for each in SAMPLES if each.names_another or not each.says_its_study]
        self.assertGreater(len(paths), 1)
        node = await start_node(self)
        credentials = pynetdicom_credentials(node.certificates, "client")
        told = await self.call(node.port, credentials, "--tls=1.3", *paths)
        self.assertEqual([0xA900] * len(paths), told["store"])
        assert_kept(self, (), node.data / "objects")

    async def test_its_data_sets_are_kept_over_tls_1_2(self) -> None:
        paths = [sample.path for sample in KEPT]
        node = await start_node(self)
        credentials = pynetdicom_credentials(node.certificates, "client")
        told = await self.call(node.port, credentials, "--tls=1.2", "--decode", *paths)
        self.assertEqual(stored(len(paths), "TLSv1.2"), told)
        # It encodes anew what it decoded before, and group lengths and padding may change.
        assert_same_elements(self, KEPT, node.data / "objects")

    async def test_a_wrong_called_ae_title_is_rejected_as_such(self) -> None:
        certificates = self.certificates()
        acceptor = await start_acceptor(self, await security(certificates, "node"))
        credentials = pynetdicom_credentials(certificates, "client")
        told = await self.call(acceptor.port, credentials, "--called=OTHER")
        reason = RejectReason.CALLED_AE_TITLE_NOT_RECOGNIZED
        rejection = [RejectResult.PERMANENT, reason.source, reason.code]
        self.assertEqual({"established": False, "rejected": rejection}, told)


class RefusalTests(_Caller):
    async def test_its_certificate_from_another_ca_is_refused(self) -> None:
        ours, theirs = self.certificates(), self.certificates()
        for version in ("1.2", "1.3"):
            acceptor = await start_acceptor(self, await security(ours, "node"))
            credentials = pynetdicom_credentials(theirs, "client", trusted=ours)
            told = await self.call(acceptor.port, credentials, f"--tls={version}")
            self.assertEqual({"established": False}, told)
            error = await acceptor.ends.get()
            assert isinstance(error, HandshakeFailed)
            self.assertEqual((False, "unknown_ca"), (error.by_peer, error.alert))

    async def test_it_refuses_our_certificate_from_another_ca(self) -> None:
        ours, theirs = self.certificates(), self.certificates()
        for version in ("1.2", "1.3"):
            acceptor = await start_acceptor(self, await security(ours, "node"))
            credentials = pynetdicom_credentials(ours, "client", trusted=theirs)
            told = await self.call(acceptor.port, credentials, f"--tls={version}")
            self.assertEqual({"established": False}, told)
            error = await acceptor.ends.get()
            assert isinstance(error, HandshakeFailed)
            self.assertEqual((True, "unknown_ca"), (error.by_peer, error.alert))


def stored(objects: int, version: str) -> dict[str, object]:
    """What it tells when all went well; without a proposal the window is one operation."""
    return {
        "established": True,
        "tls": version,
        "window": [1, 1],
        "echo": 0,
        "store": [0] * objects,
        "released": True,
    }
