"""DCMTK as SCU: its echoscu and storescu call our node."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from pydicom.filereader import read_file_meta_info
from twisted.trial.unittest import TestCase

from tests.interop.links import security, start_acceptor
from tests.interop.objects import KEPT, PATHS, SAMPLES, assert_kept, assert_same_elements
from tests.interop.peers import Words, dcmtk, dcmtk_credentials, run, said_protocol
from tests.running import Certificates, Node, make_certificates, start_node
from txdicomtls.errors import HandshakeFailed, PeerNotTLS

#: The security profiles of DCMTK that lead to each version of TLS.  The Extended BCP 195 profile
#: is one of TLS 1.2; the default, non-downgrading one takes the highest that both have.
TLS_1_3: Words = ["+py"]
TLS_1_2: Words = ["+pz"]


class _Caller(TestCase):
    timeout = 60

    def setUp(self) -> None:
        self.echoscu = dcmtk("echoscu")
        self.storescu = dcmtk("storescu")

    def directory(self) -> Path:
        return Path(self.mktemp()).absolute()


class AssociationTests(_Caller):
    async def test_an_echo_is_answered_over_either_version_of_tls(self) -> None:
        node = await start_node(self)
        for profile, version in ((TLS_1_3, "TLSv1.3"), (TLS_1_2, "TLSv1.2")):
            status, said = await run(self, [self.echoscu, "-d", *profile, *calling(node)])
            self.assertEqual(0, status, said)
            self.assertEqual(version, said_protocol(said))
            self.assertIn("Received Echo Response (Success)", said)
            await node.process.when_says(f"association from ECHOSCU at .*{version}")

    async def test_one_association_carries_many_echoes(self) -> None:
        node = await start_node(self)
        status, said = await run(self, [self.echoscu, "-v", "--repeat", "100", *calling(node)])
        self.assertEqual((0, 100), (status, said.count("Received Echo Response (Success)")), said)
        await node.process.when_says("ended after 100 requests")

    async def test_a_wrong_called_ae_title_is_reported_as_such(self) -> None:
        node = await start_node(self)
        status, said = await run(self, [self.echoscu, *calling(node, called="OTHER")])
        self.assertEqual(1, status)
        self.assertIn("Result: Rejected Permanent, Source: Service User", said)
        self.assertIn("Reason: Called AE Title Not Recognized", said)

    async def test_the_window_is_one_operation(self) -> None:
        certificates = make_certificates(self.directory())
        acceptor = await start_acceptor(self, await security(certificates, "node"))
        status, said = await run(self, [self.echoscu, *calling_with(certificates, acceptor.port)])
        self.assertEqual(0, status, said)
        await acceptor.ends.get()
        [protocol] = acceptor.protocols
        self.assertEqual(1, protocol.connection.window.invoked)
        self.assertEqual(1, protocol.messages.dispatcher.requests)


class StorageTests(_Caller):
    async def test_its_objects_are_kept_over_tls_1_3(self) -> None:
        await self.store_all(TLS_1_3, "TLSv1.3")

    async def test_its_objects_are_kept_over_tls_1_2(self) -> None:
        await self.store_all(TLS_1_2, "TLSv1.2")

    async def test_what_was_acknowledged_is_kept_when_it_aborts(self) -> None:
        node = await start_node(self)
        [sample] = [one for one in SAMPLES if one.path.name == "test-SR.dcm"]
        status, said = await run(
            self, [self.storescu, "--abort", "-R", *calling(node), sample.path]
        )
        self.assertEqual(0, status, said)
        await node.process.when_says("aborted the association")
        assert_kept(self, [sample], node.data / "objects")

    async def store_all(self, profile: Words, version: str) -> None:
        """Send samples with one storescu, and compare with what it must have sent."""
        node = await start_node(self)
        proposal: Words = ["-xf", contexts_file(), "Samples"]
        status, said = await run(
            self,
            [
                self.storescu,
                "-v",
                *profile,
                *proposal,
                *calling(node),
                *[sample.path for sample in KEPT],
            ],
        )
        self.assertEqual(0, status, said)
        self.assertEqual(len(KEPT), said.count("Received Store Response (Success)"), said)
        await node.process.when_says(f"association from STORESCU at .*{version}")
        objects = node.data / "objects"
        assert_same_elements(self, KEPT, objects)
        unchanged = [sample for sample in KEPT if not sample.rewritten]
        assert_kept(self, unchanged, objects, besides=len(KEPT) - len(unchanged))


class RefusalTests(_Caller):
    def setUp(self) -> None:
        super().setUp()
        self.ours = make_certificates(self.directory())
        self.others = make_certificates(self.directory())

    async def test_its_certificate_from_another_ca_is_refused(self) -> None:
        theirs: Words = ["+tls", self.others.key("client"), self.others.certificate("client")]
        trusting_us = [*theirs, "+cf", self.ours.certificate("ca")]
        for profile in (TLS_1_3, TLS_1_2):
            error = await self.refusal([*profile, *trusting_us])
            assert isinstance(error, HandshakeFailed)
            self.assertEqual((False, "unknown_ca"), (error.by_peer, error.alert))

    async def test_it_refuses_our_certificate_from_another_ca(self) -> None:
        theirs: Words = ["+tls", self.ours.key("client"), self.ours.certificate("client")]
        trusting_others = [*theirs, "+cf", self.others.certificate("ca")]
        for profile in (TLS_1_3, TLS_1_2):
            error = await self.refusal(
                [*profile, *trusting_others], saying="certificate verify failed"
            )
            assert isinstance(error, HandshakeFailed)
            self.assertEqual((True, "unknown_ca"), (error.by_peer, error.alert))

    async def test_it_is_refused_without_a_certificate(self) -> None:
        error = await self.refusal(["+tla", "+cf", self.ours.certificate("ca")])
        assert isinstance(error, HandshakeFailed)
        self.assertEqual("certificate_required", error.alert)

    async def test_it_is_refused_where_it_encrypts_nothing(self) -> None:
        error = await self.refusal(["+pn", *dcmtk_credentials(self.ours, "client")])
        assert isinstance(error, HandshakeFailed)
        self.assertEqual("handshake_failure", error.alert)

    async def test_it_is_refused_without_tls(self) -> None:
        error = await self.refusal([])
        assert isinstance(error, PeerNotTLS)
        self.assertEqual("plain DICOM", error.protocol)

    async def refusal(self, options: Words, saying: str = "Failed") -> Exception:
        """Let echoscu try, which must fail; the error that our side has for it."""
        acceptor = await start_acceptor(self, await security(self.ours, "node"))
        command = [self.echoscu, *options, "-aec", "TXDICOM", "localhost", str(acceptor.port)]
        status, said = await run(self, command)
        self.assertEqual(1, status, said)
        self.assertIn(saying, said)
        return await acceptor.ends.get()


def calling(node: Node, called: str = "TXDICOM") -> Words:
    """Give the options and arguments by which a program of DCMTK calls a node."""
    return calling_with(node.certificates, node.port, called)


def calling_with(certificates: Certificates, port: int, called: str = "TXDICOM") -> Words:
    """Give the options and arguments by which it calls whoever has these certificates."""
    credentials = dcmtk_credentials(certificates, "client")
    return [*credentials, "-aec", called, "localhost", str(port)]


def contexts_file(paths: Iterable[Path] = PATHS) -> Path:
    """Write a configuration for storescu that proposes each file in the syntax that it is in.

    Without one, storescu proposes a single compressed transfer syntax.
    """
    kinds: defaultdict[str, set[str]] = defaultdict(set)
    for path in paths:
        meta = read_file_meta_info(path)
        kinds[meta.TransferSyntaxUID].add(meta.MediaStorageSOPClassUID)
    lines = ["[[TransferSyntaxes]]"]
    contexts = ["[[PresentationContexts]]", "[Samples]"]
    for syntax, classes in kinds.items():
        name = f"S{syntax.replace('.', '')}"
        lines += [f"[{name}]", f"TransferSyntax1 = {syntax}"]
        for sop_class in sorted(classes):
            contexts.append(f"PresentationContext{len(contexts) - 1} = {sop_class}\\{name}")
    lines += [*contexts, "[[Profiles]]", "[Samples]", "PresentationContexts = Samples"]
    with tempfile.NamedTemporaryFile("w", dir=".", suffix=".cfg", delete=False) as file:
        file.write("\n".join(lines) + "\n")
    return Path(file.name).absolute()
