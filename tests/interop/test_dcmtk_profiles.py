"""DCMTK under each security profile that both have, in both directions.

DCMTK 3.6.7 has no option for the two profiles of RFC 9325 (``+pg`` and ``+pm`` came with 3.6.8).
Its default stands in for the first, and ``test_openssl`` is about the suites of the second.  Of
the basic profile it has nothing either, where its OpenSSL is built without 3DES, as ours is:
``contrib/legacy`` is for that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tests.interop.dcmtk_pairings import (
    AES,
    BCP195,
    DEFAULT,
    EXTENDED,
    NON_DOWNGRADING,
    UNENCRYPTED,
    PairedTestCase,
    Pairing,
)
from tests.interop.links import associate, refused, security
from tests.interop.objects import SAMPLES, assert_kept
from tests.interop.peers import Words, dcmtk_credentials, run, said_protocol, start_storescp
from tests.interop.test_dcmtk_scu import contexts_file
from tests.running import SCRIPTS, start_node
from txdicomtls.errors import HandshakeFailed
from txdicomtls.tls import PROFILES

#: A profile of ours, and an option of DCMTK with which it has no suite in common.
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


class ProfileTests(PairedTestCase):
    """Echo and store, from DCMTK to our daemon and from our command to DCMTK."""

    async def test_echo_and_store_under_the_default_profile(self) -> None:
        await self.both_directions(DEFAULT)

    async def test_echo_and_store_under_bcp195(self) -> None:
        await self.both_directions(BCP195)

    async def test_echo_and_store_under_bcp195_non_downgrading(self) -> None:
        await self.both_directions(NON_DOWNGRADING)

    async def test_echo_and_store_under_bcp195_extended(self) -> None:
        # Where it is the server, its own order decides, and begins with finite fields.
        dhe = "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"
        await self.from_dcmtk(EXTENDED)
        await self.to_dcmtk(replace(EXTENDED, suite=dhe, key_exchange="DHE"))

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
        command: Words = [
            self.storescu,
            "-v",
            pairing.option,
            *dcmtk_credentials(self.rsa, "client"),
        ]
        called: Words = [
            "-aec",
            "TXDICOM",
            "localhost",
            str(node.port),
            *(one.path for one in SENT),
        ]
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
        command: Words = [SCRIPTS / "txdicomtls", "store", f"localhost:{port}", *self.rsa.options]
        paths: Words = [sample.path for sample in SENT]
        status, said = await run(self, [*command, "--profile", pairing.profile, *paths])
        self.assertEqual(0, status, said)
        self.assertRegex(said, rf"protocol .* {pairing.protocol} ")
        self.assertRegex(said, rf"profile .* {pairing.profile} ")
        self.assertIn(f"{len(SENT)} stored", said)
        assert_kept(self, SENT, received)


class MismatchTests(PairedTestCase):
    """Profiles that have no suite in common are refused, in words."""

    async def test_its_other_profile_is_refused_by_our_node(self) -> None:
        for profile, option in MISMATCHES:
            acceptor = await self.acceptor(profile)
            said = await self.echo_from(acceptor.port, option)
            self.assertIn("Association Request Failed", said)
            error = await acceptor.ends.get()
            assert isinstance(error, HandshakeFailed)
            self.assertEqual((False, "handshake_failure"), (error.by_peer, error.alert))
            self.assertEqual(
                "the client offers no cipher suite that the profile allows, or none that goes "
                "with the type of our key and a group of both: update it, or choose another "
                "profile",
                str(error),
            )

    async def test_it_refuses_our_other_profile(self) -> None:
        for option, profiles in by_option(MISMATCHES).items():
            _, port = await start_storescp(self, self.rsa, option)
            for profile in profiles:
                secured = await security(self.rsa, "client", profile=PROFILES[profile])
                error = await refused(port, secured)
                self.assertEqual((True, "handshake_failure"), (error.by_peer, error.alert))
                self.assertIn("no cipher suite or group in common", str(error))


def by_option(mismatches: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    """The profiles of ours that go with none of each option of DCMTK."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for profile, option in mismatches:
        found[option].append(profile)
    return found
