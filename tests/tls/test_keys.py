"""Keys are described, and short ones are found."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import dsa
from twisted.trial.unittest import SynchronousTestCase

from tests.tls.certificates import private_key
from txdicomtls.tls import DEFAULT_PROFILE
from txdicomtls.tls.keys import KeyDescription, describe_key, weakness


class KeyTests(SynchronousTestCase):
    def test_keys_are_described(self) -> None:
        for kind, wanted in (
            ("rsa2048", KeyDescription("RSA", "RSA", 2048)),
            ("p256", KeyDescription("ECDSA", "EC secp256r1", 256)),
            ("p384", KeyDescription("ECDSA", "EC secp384r1", 384)),
            ("ed25519", KeyDescription("Ed25519", "Ed25519", 256)),
        ):
            self.assertEqual(describe_key(private_key(kind).public_key()), wanted)

    def test_good_keys_have_no_weakness(self) -> None:
        for kind in ("rsa2048", "p256", "p384", "ed25519"):
            self.assertEqual(
                weakness(describe_key(private_key(kind).public_key()), DEFAULT_PROFILE), ""
            )

    def test_short_keys_are_named_with_what_is_needed(self) -> None:
        rsa_text = weakness(describe_key(private_key("rsa1024").public_key()), DEFAULT_PROFILE)
        self.assertIn("1024", rsa_text)
        self.assertIn("2048", rsa_text)
        ec_text = weakness(describe_key(private_key("p224").public_key()), DEFAULT_PROFILE)
        self.assertIn("224", ec_text)
        self.assertIn("256", ec_text)

    def test_a_kind_that_no_profile_takes_is_named(self) -> None:
        key = dsa.generate_private_key(1024).public_key()  # noqa: S505  # weak on purpose
        self.assertIn("DSA", weakness(describe_key(key), DEFAULT_PROFILE))
