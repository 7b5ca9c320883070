"""What a configuration may say of peers and users, and what is wrong with one that does not."""

from __future__ import annotations

from ipaddress import ip_network

from tests.node.cases import SMALLEST, ConfigurationCase
from txdicomtls.node.access_sections import IdentitySection, JWTSection, PeerSection

PEER = SMALLEST + "[[peer]]\nae_title = 'CT1'\n"
JWT = (
    SMALLEST + "[identity.jwt]\nkeys = 'ca.crt'\nalgorithms = ['ES256']\n"
    "issuer = 'https://login.example'\naudience = 'pacs'\n"
)


class SectionCase(ConfigurationCase):
    def assertWrong(self, text: str, key: str, *messages: str) -> None:
        """This text has one problem, at this key, whose message says all this."""
        problems = self.problems(text)
        self.assertEqual([key], list(problems))
        for message in messages:
            self.assertIn(message, problems[key])


class PeerTests(SectionCase):
    def peer(self, more: str) -> PeerSection:
        (peer,) = self.load(PEER + more).peer
        return peer

    def test_only_the_title_must_be_said(self) -> None:
        peer = self.peer("")
        self.assertIsNone(peer.certificate)
        self.assertEqual(
            ((), ("echo", "store"), ()), (peer.addresses, peer.allow, peer.sop_classes)
        )

    def test_everything_can_be_said(self) -> None:
        digits = "AB:" * 31 + "AB"
        peer = self.peer(
            "certificate = { san = 'ct1.example', subject = ['CN=ct1,O=Hospital', 'ct1'], "
            f"fingerprint = '{digits}' }}\n"
            "addresses = ['192.0.2.7', '10.1.0.0/16', '2001:db8::/32']\n"
            "allow = ['find', 'procedure-step']\nsop_classes = ['1.2.840.10008.1.1']\n"
        )
        assert peer.certificate is not None
        self.assertEqual(("ct1.example",), peer.certificate.san)
        self.assertEqual(("CN=ct1,O=Hospital", "ct1"), peer.certificate.subject)
        self.assertEqual(("ab" * 32,), peer.certificate.fingerprint)
        networks = ("192.0.2.7/32", "10.1.0.0/16", "2001:db8::/32")
        self.assertEqual(tuple(map(ip_network, networks)), peer.addresses)
        self.assertEqual(("find", "procedure-step"), peer.allow)
        self.assertEqual(("1.2.840.10008.1.1",), peer.sop_classes)

    def test_one_address_needs_no_list(self) -> None:
        self.assertEqual(
            (ip_network("192.0.2.7"),), self.peer("addresses = '192.0.2.7'\n").addresses
        )

    def test_a_certificate_is_known_by_something(self) -> None:
        for table in ("{}", "{ san = [] }"):
            text = PEER + f"certificate = {table}\n"
            self.assertWrong(text, "peer[0].certificate", "at least one of san, subject and")

    def test_what_no_certificate_can_have_is_told_with_its_key(self) -> None:
        for table, key, message in (
            ("san = '*.example'", "san[0]", "would name many nodes"),
            ("san = 'two words'", "san[0]", "no name in a certificate"),
            ("san = ['a.example', 'b..example']", "san[1]", "no DNS name"),
            ("san = ''", "san[0]", "must not be empty"),
            ("subject = 'CN=a,nonsense=b'", "subject[0]", "RFC 4514"),
            ("fingerprint = 'ab:cd'", "fingerprint[0]", "64 hexadecimal digits"),
            ("san = 5", "san", "must be a list"),
            ("sna = 'a.example'", "sna", "did you mean san?"),
        ):
            text = PEER + f"certificate = {{ {table}, subject = 'a' }}\n"
            if table.startswith("subject"):
                text = PEER + f"certificate = {{ {table} }}\n"
            self.assertWrong(text, f"peer[0].certificate.{key}", message)

    def test_what_is_no_address_is_told(self) -> None:
        for addresses, key, message in (
            ("['ct1.example']", "addresses[0]", "must be an address, or a network"),
            ("['10.1.2.3/16']", "addresses[0]", "without bits beyond its length"),
            ("[7]", "addresses[0]", "must be an address or a network"),
            ("[]", "addresses", "must not be empty"),
        ):
            self.assertWrong(PEER + f"addresses = {addresses}\n", f"peer[0].{key}", message)

    def test_no_sop_class_at_all_is_a_mistake(self) -> None:
        self.assertWrong(PEER + "sop_classes = []\n", "peer[0].sop_classes", "must not be empty")
        self.assertWrong(PEER + "sop_classes = ['x']\n", "peer[0].sop_classes[0]", "a UID is of")


class IdentityTests(SectionCase):
    def test_by_default_nothing_is_asked_or_verified(self) -> None:
        identity = self.load(SMALLEST).identity
        self.assertEqual(IdentitySection(), identity)
        self.assertFalse(identity.verifies or identity.required)

    def test_users_are_in_a_file_that_is_there(self) -> None:
        identity = self.load(SMALLEST + "[identity]\nusers = 'password'\n").identity
        self.assertEqual(self.directory / "password", identity.users)
        self.assertTrue(identity.verifies)
        text = SMALLEST + "[identity]\nusers = 'absent'\n"
        self.assertWrong(text, "identity.users", "there is no file")

    def test_what_nobody_could_fulfil_is_not_required(self) -> None:
        text = SMALLEST + "[identity]\nrequired = true\n"
        self.assertWrong(text, "identity.required", "nobody could be let in")
        self.load(text + "names = true\n")
        self.load(text + "users = 'password'\n")
        self.assertWrong(text + "users = 'absent'\n", "identity.users", "there is no file")

    def test_unknown_types_are_ignored_or_refused(self) -> None:
        self.load(SMALLEST + "[identity]\nunknown = 'refuse'\n")
        text = SMALLEST + "[identity]\nunknown = 'accept'\n"
        self.assertWrong(text, "identity.unknown", "'ignore' or 'refuse'")


class JWTTests(SectionCase):
    def test_it_has_defaults_for_all_but_keys_issuer_and_audience(self) -> None:
        jwt = self.load(JWT).identity.jwt
        expected = JWTSection(
            keys=self.directory / "ca.crt",
            algorithms=("ES256",),
            issuer="https://login.example",
            audience=("pacs",),
        )
        self.assertEqual(expected, jwt)
        assert jwt is not None
        self.assertEqual((30.0, "sub", None), (jwt.leeway, jwt.user_claim, jwt.services_claim))

    def test_what_must_be_said_is_missed(self) -> None:
        problems = self.problems(SMALLEST + "[identity.jwt]\n")
        keys = {f"identity.jwt.{key}" for key in ("keys", "algorithms", "issuer", "audience")}
        self.assertEqual(dict.fromkeys(keys, "is missing"), problems)

    def test_algorithms_are_known_and_of_one_kind(self) -> None:
        for algorithms in ("'none'", "'ES256', 'HS256'", "'RS1'", "'ES256', 'none'"):
            text = JWT.replace("'ES256'", algorithms)
            self.assertWrong(text, "identity.jwt.algorithms", "with a public key or with a secret")
        text = JWT.replace("'ES256'", "")
        self.assertWrong(text, "identity.jwt.algorithms", "must not be empty")

    def test_no_clock_differs_by_more_than_some_minutes(self) -> None:
        self.assertWrong(JWT + "leeway = 601\n", "identity.jwt.leeway", "at most 600")
        self.assertWrong(JWT + "leeway = -1\n", "identity.jwt.leeway", "at least 0")
