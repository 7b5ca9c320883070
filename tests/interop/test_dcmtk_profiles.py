"""DCMTK under each security profile that both have, in both directions.

DCMTK 3.6.7 has no option for the two profiles of RFC 9325 (``+pg`` and ``+pm`` came with 3.6.8).
Its default stands in for the first, and ``test_openssl`` is about the suites of the second.  Of
the basic profile it has nothing either, where its OpenSSL is built without 3DES, as ours is:
``contrib/legacy`` is for that.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

from twisted.trial.unittest import TestCase

from tests.interop.links import Acceptor, associate, refused, security, start_acceptor
from tests.interop.objects import SAMPLES, Sample, assert_kept
from tests.interop.peers import dcmtk, dcmtk_credentials, run, said_protocol, start_storescp
from tests.interop.shared_certificates import shared_certificates
from tests.interop.test_dcmtk_scu import contexts_file
from tests.running import SCRIPTS, start_node
from txdicomtls.errors import HandshakeFailed
from txdicomtls.tls import PROFILES, Profile, SecureLink, TLSVersion, describe_suite
from txdicomtls.tls.authority import KeyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """A profile of ours, DCMTK's option for it, and what they must agree on with RSA keys."""

    profile: str
    option: str
    protocol: str
    suite: str
    encryption: str
    integrity: str = "AEAD"
    key_exchange: str = "ECDHE"


_TLS_1_3_GCM = {
    "protocol": "TLSv1.3",
    "suite": "TLS_AES_256_GCM_SHA384",
    "encryption": "AES-256-GCM",
}

DEFAULT = Pairing(profile="bcp195-rfc9325", option="+py", **_TLS_1_3_GCM)
BCP195 = Pairing(profile="bcp195", option="+px", **_TLS_1_3_GCM)
NON_DOWNGRADING = Pairing(profile="bcp195-non-downgrading", option="+py", **_TLS_1_3_GCM)
EXTENDED = Pairing(
    profile="bcp195-extended",
    option="+pz",
    protocol="TLSv1.2",
    suite="TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    encryption="AES-256-GCM",
)
AES = Pairing(
    profile="aes",
    option="+pa",
    protocol="TLSv1.2",
    suite="TLS_RSA_WITH_AES_128_CBC_SHA",
    encryption="AES-128-CBC",
    integrity="HMAC-SHA1",
    key_exchange="RSA",
)
UNENCRYPTED = Pairing(
    profile="atna-unencrypted",
    option="+pn",
    protocol="TLSv1.2",
    suite="TLS_RSA_WITH_NULL_SHA",
    encryption="NULL",
    integrity="HMAC-SHA1",
    key_exchange="RSA",
)

#: DCMTK's option, and ours that must refuse it: no suite in common.
MISMATCHES = (
    ("bcp195-rfc9325", "+pa"),
    ("bcp195-rfc9325", "+pn"),
    ("bcp195-rfc9325-modified", "+pa"),
    ("bcp195-non-downgrading", "+pa"),
    ("bcp195-extended", "+pa"),
    ("bcp195", "+pn"),
    ("aes", "+py"),
    ("aes", "+pz"),
    ("aes", "+pn"),
    ("atna-unencrypted", "+py"),
    ("atna-unencrypted", "+pa"),
)

#: An image, a plan, a compressed image, a document, and a text in another character set.
SENT = tuple(
    sample
    for sample in SAMPLES
    if sample.path.name
    in ("rtdose.dcm", "rtplan.dcm", "SC_rgb_jpeg_gdcm.dcm", "test-SR.dcm", "chrGreek.dcm")
)


class _Paired(TestCase):
    timeout = 60

    def setUp(self) -> None:
        self.echoscu = dcmtk("echoscu")
        self.storescu = dcmtk("storescu")
        self.rsa = shared_certificates(KeyType.RSA)

    async def acceptor(
        self, profile: str | Profile, key_type: KeyType = KeyType.RSA
    ) -> Acceptor:
        """Let an acceptor of ours listen under a profile."""
        profile = PROFILES[profile] if isinstance(profile, str) else profile
        certificates = shared_certificates(key_type)
        return await start_acceptor(self, await security(certificates, "node", profile=profile))

    async def echo_from(self, port: int, *options: str, key_type: KeyType = KeyType.RSA) -> str:
        """Let DCMTK's echoscu call; what it said."""
        credentials = dcmtk_credentials(shared_certificates(key_type), "client")
        command = [self.echoscu, "-d", *options, *credentials, "-aec", "TXDICOM", "localhost"]
        _, said = await run(self, [*command, str(port)])
        return said

    def assert_agreed(self, pairing: Pairing, link: SecureLink) -> None:
        """A link is what a profile has it be."""
        self.assertEqual(
            pairing,
            Pairing(
                profile=link.profile,
                option=pairing.option,
                protocol=link.protocol,
                suite=link.cipher_suite,
                encryption=link.encryption,
                integrity=link.integrity,
                key_exchange=link.key_exchange,
            ),
        )


class ProfileTests(_Paired):
    """Echo and store, from DCMTK to our daemon and from our command to DCMTK."""

    async def test_echo_and_store_under_the_default_profile(self) -> None:
        await self.both_directions(DEFAULT)

    async def test_echo_and_store_under_bcp195(self) -> None:
        await self.both_directions(BCP195)

    async def test_echo_and_store_under_bcp195_non_downgrading(self) -> None:
        await self.both_directions(NON_DOWNGRADING)

    async def test_echo_and_store_under_bcp195_extended(self) -> None:
        await self.both_directions(EXTENDED)

    async def test_echo_and_store_under_aes(self) -> None:
        await self.both_directions(AES)

    async def test_echo_and_store_under_atna_unencrypted(self) -> None:
        await self.both_directions(UNENCRYPTED)

    async def both_directions(self, pairing: Pairing) -> None:
        await self.from_dcmtk(pairing)
        await self.to_dcmtk(pairing)

    async def from_dcmtk(self, pairing: Pairing) -> None:
        """It calls our daemon, whose log has the link."""
        tls = f'profile = "{pairing.profile}"'
        node = await start_node(self, certificates=self.rsa, tls=tls)
        said = await self.echo_from(node.port, pairing.option)
        self.assertIn("Received Echo Response (Success)", said)
        self.assertEqual(pairing.protocol, said_protocol(said))
        command = [self.storescu, "-v", pairing.option, *dcmtk_credentials(self.rsa, "client")]
        called = ["-aec", "TXDICOM", "localhost", str(node.port), *(one.path for one in SENT)]
        status, said = await run(self, [*command, "-xf", contexts_file(), "Samples", *called])
        self.assertEqual((0, len(SENT)), (status, said.count("Store Response (Success)")), said)
        logged = (
            rf"association from STORESCU .* {pairing.protocol} {pairing.suite}, "
            rf"{pairing.encryption} with {pairing.integrity}, {pairing.key_exchange}\b.*, "
            rf"profile {pairing.profile}\n"
        )
        await node.process.when_says(logged)
        assert_kept(self, SENT, node.data / "objects")

    async def to_dcmtk(self, pairing: Pairing) -> None:
        """We call it, from the command line and from a program."""
        received = Path(self.mktemp()).absolute()  # noqa: ASYNC240  # a test may wait for the disk
        received.mkdir()
        _, port = await start_storescp(self, self.rsa, pairing.option, "-od", received)
        secured = await security(self.rsa, "client", profile=PROFILES[pairing.profile])
        async with await associate(port, secured) as association:
            self.assert_agreed(pairing, association.link)
            self.assertEqual(0, await association.echo())
        command = [SCRIPTS / "txdicomtls", "store", f"localhost:{port}", *self.rsa.options]
        paths = [sample.path for sample in SENT]
        status, said = await run(self, [*command, "--profile", pairing.profile, *paths])
        self.assertEqual(0, status, said)
        self.assertRegex(said, rf"protocol .* {pairing.protocol} ")
        self.assertRegex(said, rf"profile .* {pairing.profile} ")
        self.assertIn(f"{len(SENT)} stored", said)
        assert_kept(self, SENT, received)


class SuiteTests(_Paired):
    """Each suite up to TLS 1.2 that both have under a profile, one at a time."""

    async def test_each_suite_of_the_default_profile_is_spoken(self) -> None:
        await self.each_suite("bcp195-rfc9325", "+pz")

    async def test_each_suite_of_bcp195_is_spoken(self) -> None:
        await self.each_suite("bcp195", "+px")

    async def test_each_suite_of_bcp195_non_downgrading_is_spoken(self) -> None:
        await self.each_suite("bcp195-non-downgrading", "+py")

    async def test_each_suite_of_bcp195_extended_is_spoken(self) -> None:
        await self.each_suite("bcp195-extended", "+pz")
