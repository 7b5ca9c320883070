"""User identity negotiation with DCMTK, both ways (PS3.7 D.3.3.7)."""

from __future__ import annotations

from pathlib import Path

from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from twisted.cred.portal import Portal
from twisted.trial.unittest import TestCase

from tests.interop.links import associate, security, the_reactor
from tests.interop.our_node import TITLE, OurNode, sample, start_our_node
from tests.interop.peers import Words, dcmtk, dcmtk_credentials, run, start_storescp
from tests.interop.shared_certificates import shared_certificates
from txdicomtls.access import AnyPeer, PeerChecker, PortalAccess, Realm
from txdicomtls.errors import IdentityNotAcknowledged
from txdicomtls.interfaces import Grant
from txdicomtls.pdu import UserIdentityRQ, UserIdentityType
from txdicomtls.scu import PositiveResponse, UserIdentity
from txdicomtls.testing import MemoryAccess


class CallingTests(TestCase):
    timeout = 60

    def setUp(self) -> None:
        self.storescu = dcmtk("storescu")
        self.directory = Path(self.mktemp()).absolute()
        self.directory.mkdir()

    async def store(self, node: OurNode, *options: str | Path) -> tuple[int, str]:
        """Let it store one object as a user: its exit status, and what it said."""
        credentials = dcmtk_credentials(node.certificates, "client")
        called: Words = ["-aec", TITLE, "localhost", str(node.port), sample("chrH31.dcm")]
        return await run(self, [self.storescu, "-v", *credentials, *options, *called])

    async def test_a_user_is_let_in_by_a_passcode_and_told_so(self) -> None:
        users = InMemoryUsernamePasswordDatabaseDontUse(jane=b"sesame")
        access = PortalAccess(
            Portal(Realm(), [PeerChecker(AnyPeer({TITLE})), users]),
            clock=the_reactor(),
            require_identity=True,
        )
        node = await start_our_node(self, shared_certificates(), access=access)
        before = len(node.store)
        for passcode, status in (("sesame", 0), ("wrong", 1)):
            options: Words = ["-usr", "jane", "-pwd", passcode, "-rsp"]
            ended, said = await self.store(node, *options)
            self.assertEqual(status, ended, said)
        self.assertIn("Association Rejected", said)
        self.assertEqual(1, len(node.store) - before)
        ended, said = await self.store(node)
        self.assertEqual(1, ended, "nobody in particular is let in")

    async def test_each_type_of_identity_arrives_as_it_is(self) -> None:
        token = self.directory / "token"
        token.write_bytes(b"a.b.c")
        access = MemoryAccess(Grant(identity_response=b""))
        node = await start_our_node(self, shared_certificates(), access=access)
        passcode = UserIdentityType.USERNAME_AND_PASSCODE
        for options, kind, primary, secondary in (
            (["-usr", "jane"], UserIdentityType.USERNAME, b"jane", b""),
            (["-usr", "jane", "-pwd", "sesame"], passcode, b"jane", b"sesame"),
            (["-usr", "jane", "-epw"], passcode, b"jane", b""),
            (["-kt", token], UserIdentityType.KERBEROS, b"a.b.c", b""),
            (["--saml", token], UserIdentityType.SAML, b"a.b.c", b""),
            (["--jwt", token], UserIdentityType.JWT, b"a.b.c", b""),
        ):
            for wanted in (False, True):
                ended, said = await self.store(node, *options, *(["-rsp"] if wanted else []))
                self.assertEqual(0, ended, said)
                self.assertEqual(
                    UserIdentityRQ(
                        identity_type=kind,
                        primary=primary,
                        secondary=secondary,
                        positive_response_requested=wanted,
                    ),
                    access.associations[-1].user_identity,
                )


class CalledTests(TestCase):
    timeout = 60

    async def test_its_storescp_ignores_who_our_user_is_which_we_can_refuse(self) -> None:
        received = Path(self.mktemp()).absolute()  # noqa: ASYNC240  # a test may wait
        received.mkdir()
        certificates = shared_certificates()
        _, port = await start_storescp(self, certificates, "-od", received)
        secured = await security(certificates, "client")
        asked = UserIdentity.passcode(
            "jane", "sesame", positive_response=PositiveResponse.REQUESTED
        )
        async with await associate(port, secured, identity=asked) as association:
            self.assertIsNone(association.identity_response)
            self.assertEqual(0, await association.echo())
        demanded = UserIdentity.name("jane", positive_response=PositiveResponse.REQUIRED)
        with self.assertRaises(IdentityNotAcknowledged):
            await associate(port, secured, identity=demanded)
