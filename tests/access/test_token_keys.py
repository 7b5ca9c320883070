"""A key verifies by the algorithms that fit it, and what is no such key is told."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.hazmat.primitives.serialization import PublicFormat as Public
from hypothesis import given, settings
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from twisted.trial.unittest import SynchronousTestCase

from tests.tls.certificates import CA, private_key
from txdicomtls.access import TokenKey, parse_token_keys
from txdicomtls.access.token_keys import PUBLIC_KEY_ALGORITHMS, SECRET_ALGORITHMS, with_secret
from txdicomtls.errors import ConfigurationError

FILE = Path("keys")
ALL_PUBLIC, ALL_SECRET = frozenset(PUBLIC_KEY_ALGORITHMS), frozenset(SECRET_ALGORITHMS)
RSA_ALGORITHMS = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}


def pem(key: Any) -> bytes:
    """The public half of a private key."""
    public: bytes = key.public_key().public_bytes(Encoding.PEM, Public.SubjectPublicKeyInfo)
    return public


def jwk(key: Any, **more: object) -> dict[str, object]:
    """A private key as a JWK; its public half alone where it is given that."""
    kinds: list[tuple[Any, Any]] = [
        ((rsa.RSAPrivateKey, rsa.RSAPublicKey), RSAAlgorithm),
        ((ec.EllipticCurvePrivateKey, ec.EllipticCurvePublicKey), ECAlgorithm),
        (object, OKPAlgorithm),
    ]
    algorithm = next(each for kind, each in kinds if isinstance(key, kind))
    return {**json.loads(algorithm.to_jwk(key)), **more}


def secret(content: bytes, **more: object) -> dict[str, object]:
    """A JWK with a shared secret."""
    return {"kty": "oct", "k": urlsafe_b64encode(content).rstrip(b"=").decode(), **more}


def key_set(*keys: object) -> bytes:
    return json.dumps({"keys": keys}).encode()


RSA, P256, P384, ED = (private_key(each) for each in ("rsa2048", "p256", "p384", "ed25519"))


class KeysCase(SynchronousTestCase):
    def read(self, content: bytes, algorithms: frozenset[str] = ALL_PUBLIC) -> tuple[TokenKey, ...]:
        return parse_token_keys(FILE, content, algorithms)

    def problems(
        self, content: bytes, algorithms: frozenset[str] = ALL_PUBLIC
    ) -> list[tuple[str, str]]:
        error = self.assertRaises(ConfigurationError, parse_token_keys, FILE, content, algorithms)
        return [(problem.key, problem.message) for problem in error.problems]

    def assertUnusable(
        self,
        content: bytes,
        message: str,
        key: str = "",
        algorithms: frozenset[str] = ALL_PUBLIC,
    ) -> None:
        ((found, text),) = self.problems(content, algorithms)
        self.assertEqual(key, found)
        self.assertIn(message, text)


class AlgorithmTests(KeysCase):
    def test_they_are_all_with_a_secret_or_all_with_a_public_key(self) -> None:
        self.assertTrue(with_secret(frozenset({"HS256", "HS512"})))
        self.assertFalse(with_secret(frozenset({"RS256", "EdDSA"})))

    def test_there_are_some_and_none_of_them_is_unknown_or_none(self) -> None:
        for names in ((), ("none",), ("HS256", "RS256"), ("RS256", "none"), ("HS1",), ("es256",)):
            self.assertRaises(ValueError, with_secret, frozenset(names))

    def test_each_of_them_is_known_to_pyjwt(self) -> None:
        known = jwt.PyJWS().get_algorithms()
        self.assertEqual(set(), (ALL_PUBLIC | ALL_SECRET) - set(known))


class PEMTests(KeysCase):
    def test_each_key_is_for_the_algorithms_that_fit_it(self) -> None:
        keys = self.read(b"# ours\n" + b"".join(map(pem, (RSA, P256, P384, ED))))
        self.assertEqual(
            [RSA_ALGORITHMS, {"ES256"}, {"ES384"}, {"EdDSA"}],
            [set(key.algorithms) for key in keys],
        )

    def test_only_those_that_are_allowed_count(self) -> None:
        (key,) = self.read(pem(RSA) + pem(P256), frozenset({"PS256", "ES384"}))
        self.assertEqual(frozenset({"PS256"}), key.algorithms)
        self.assertUnusable(pem(P256), "no key for ES384", algorithms=frozenset({"ES384"}))

    def test_a_certificate_will_do(self) -> None:
        (key,) = self.read(CA.certificate_pem)
        self.assertEqual(CA.certificate.public_key(), key.key)

    def test_a_private_key_is_not_for_us_to_have(self) -> None:
        private = P256.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self.assertUnusable(pem(RSA) + private, "is a private key", "key 2")

    def test_a_short_key_and_a_damaged_one_are_told(self) -> None:
        self.assertUnusable(pem(private_key("rsa1024")), "1024 bits", "key 1")
        damaged = pem(P256).replace(b"M", b"N", 1)
        self.assertUnusable(damaged, "damaged", "key 1")

    def test_what_holds_no_key_is_told(self) -> None:
        for content in (b"", b"nonsense", b"\0" * 100, pem(private_key("p224"))):
            self.assertUnusable(content, "there is no key for")


class JWKSetTests(KeysCase):
    def test_keys_have_their_names_and_what_they_are_for(self) -> None:
        keys = self.read(
            key_set(
                jwk(RSA.public_key(), kid="a", use="sig"),
                jwk(P256.public_key(), kid="b", key_ops=["verify"]),
                jwk(ED.public_key()),
                jwk(RSA.public_key(), kid="c", alg="PS512"),
            )
        )
        self.assertEqual(["a", "b", "", "c"], [key.key_id for key in keys])
        expected = [RSA_ALGORITHMS, {"ES256"}, {"EdDSA"}, {"PS512"}]
        self.assertEqual(expected, [set(key.algorithms) for key in keys])

    def test_one_key_needs_no_set(self) -> None:
        (key,) = self.read(json.dumps(jwk(P384.public_key())).encode())
        self.assertEqual(frozenset({"ES384"}), key.algorithms)

    def test_what_is_for_something_else_is_passed_over(self) -> None:
        (key,) = self.read(
            key_set(
                jwk(RSA.public_key(), use="enc"),
                jwk(RSA.public_key(), key_ops=["encrypt"]),
                {"kty": "AKP"},
                secret(bytes(64)),
                jwk(P256.public_key(), alg="ES384"),
                jwk(P256.public_key()),
            )
        )
        self.assertEqual(frozenset({"ES256"}), key.algorithms)

    def test_every_key_that_is_wrong_is_told(self) -> None:
        found = self.problems(
            key_set(
                jwk(P256),
                {"kty": "RSA", "n": "AQ"},
                7,
                jwk(P256.public_key(), kid=5),
                jwk(private_key("rsa1024").public_key()),
                {"kty": "EC", "crv": 5},
            )
        )
        self.assertEqual([f"key {number}" for number in range(1, 7)], [key for key, _ in found])
        for (_, text), expected in zip(
            found,
            ("is a private key", "is damaged", "no JWK", "no text", "1024 bits", "is damaged"),
            strict=True,
        ):
            self.assertIn(expected, text)

    def test_what_is_no_set_is_told(self) -> None:
        for content, message in (
            (b"{", "no JSON"),
            (b'{"keys": 5}', "no JWK set"),
            (b"{}", "no JWK set"),
            (b'{"keys": []}', "there is no key for"),
            (b'{"a":' * 100_000, "no JSON"),
        ):
            self.assertUnusable(content, message)

    json_values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
        max_leaves=5,
    )

    @settings(deadline=None)
    @given(
        st.sampled_from(("RSA", "EC", "OKP", "oct")),
        st.dictionaries(
            st.sampled_from(("n", "e", "x", "y", "crv", "k", "kid", "alg", "use", "key_ops")),
            json_values | st.sampled_from(("AQAB", "P-256", "Ed25519", "sig")),
        ),
    )
    def test_any_values_are_keys_or_problems(self, kty: str, data: dict[str, object]) -> None:
        content = key_set({"kty": kty, **data})
        for algorithms in (ALL_PUBLIC, ALL_SECRET):
            try:
                self.assertTrue(self.read(content, algorithms))
            except ConfigurationError as error:
                self.assertTrue(error.problems)


class SecretTests(KeysCase):
    def test_a_secret_is_for_the_algorithms_that_it_is_long_enough_for(self) -> None:
        for length, expected in (
            (32, {"HS256"}),
            (48, {"HS256", "HS384"}),
            (64, {"HS256", "HS384", "HS512"}),
        ):
            for content in (b"s" * length + b"\r\n", key_set(secret(b"s" * length))):
                (key,) = self.read(content, ALL_SECRET)
                self.assertEqual((b"s" * length, expected), (key.key, set(key.algorithms)))

    def test_a_short_one_is_refused(self) -> None:
        self.assertUnusable(b"s" * 31, "at least 32 bytes", algorithms=ALL_SECRET)
        content = key_set(secret(b"s" * 31))
        self.assertUnusable(content, "at least 32 bytes", "key 1", ALL_SECRET)
        only = frozenset({"HS512"})
        self.assertUnusable(b"s" * 63, "no key for HS512", algorithms=only)

    def test_a_public_key_is_no_secret(self) -> None:
        public = RSA.public_key()
        for content in (
            pem(RSA),
            CA.certificate_pem,
            public.public_bytes(Encoding.DER, Public.SubjectPublicKeyInfo),
            CA.certificate.public_bytes(Encoding.DER),
            public.public_bytes(Encoding.OpenSSH, Public.OpenSSH),
        ):
            self.assertUnusable(content, "this is a public key", algorithms=ALL_SECRET)
        self.assertUnusable(key_set(jwk(public)), "there is no key for", algorithms=ALL_SECRET)

    def test_it_does_not_show(self) -> None:
        (key,) = self.read(b"s" * 64, ALL_SECRET)
        self.assertNotIn("ssss", repr(key))
