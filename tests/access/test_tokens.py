"""A JSON Web Token is believed if everything about it is as it must be."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.error import UnauthorizedLogin
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from tests.access.facts import facts, identity
from tests.access.test_token_keys import jwk, key_set, pem
from tests.archive.doubles import Jobs, at_once
from tests.tls.certificates import private_key
from txdicomtls.access import (
    JSONWebTokenChecker,
    TokenKey,
    TokenRules,
    VerifiedUser,
    WatchedFile,
    parse_token_keys,
)
from txdicomtls.access.credentials import user_credentials
from txdicomtls.access.tokens import verify_token
from txdicomtls.errors import IdentityUnavailable

NOW = 1_800_000_000.0
KEY, OTHER, RSA = private_key("p256", 7), private_key("p256", 8), private_key("rsa2048", 7)
ALGORITHMS = frozenset({"ES256", "RS256"})
RULES = TokenRules(
    algorithms=ALGORITHMS, issuer="https://login.example", audience=("pacs", "archive")
)
KEYS = parse_token_keys(Path("keys"), pem(KEY) + pem(RSA), ALGORITHMS)
CLAIMS: dict[str, object] = {
    "iss": "https://login.example", "aud": "pacs", "sub": "alice", "exp": NOW + 60,
}  # fmt: skip


def signed(
    key: Any = KEY,
    algorithm: str = "ES256",
    headers: dict[str, object] | None = None,
    **claims: object,
) -> bytes:
    """A token; a claim that is None is left out."""
    payload = {name: value for name, value in (CLAIMS | claims).items() if value is not None}
    return jwt.encode(payload, key, algorithm, headers).encode()


def part(content: object) -> bytes:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return urlsafe_b64encode(raw).rstrip(b"=")


class TokenCase(SynchronousTestCase):
    def verified(
        self,
        token: bytes,
        rules: TokenRules = RULES,
        keys: tuple[TokenKey, ...] = KEYS,
        now: float = NOW,
    ) -> VerifiedUser:
        return verify_token(token, keys, rules, now)

    def assertRefused(
        self,
        token: bytes,
        message: str,
        rules: TokenRules = RULES,
        keys: tuple[TokenKey, ...] = KEYS,
        now: float = NOW,
    ) -> None:
        error = self.assertRaises(UnauthorizedLogin, verify_token, token, keys, rules, now)
        self.assertIn(message, str(error))


class SignatureTests(TokenCase):
    def test_who_signed_it_by_an_allowed_algorithm_is_believed(self) -> None:
        for token in (signed(), signed(RSA, "RS256")):
            self.assertEqual("alice", self.verified(token).name)

    def test_a_token_without_a_signature_is_not(self) -> None:
        bare = part({"alg": "none"}) + b"." + part(CLAIMS) + b"."
        self.assertRefused(bare, "an algorithm that is not allowed")
        self.assertRefused(signed().rpartition(b".")[0] + b".", "signature is wrong")

    def test_the_key_of_another_is_not(self) -> None:
        self.assertRefused(signed(OTHER), "signature is wrong")

    def test_what_was_changed_after_it_was_signed_is_not(self) -> None:
        head, _, signature = signed().split(b".")
        forged = b".".join((head, part(CLAIMS | {"sub": "root"}), signature))
        self.assertRefused(forged, "signature is wrong")

    def test_an_algorithm_that_is_not_allowed_is_not(self) -> None:
        self.assertRefused(signed(RSA, "RS512"), "an algorithm that is not allowed")
        only = TokenRules(algorithms=frozenset({"RS256"}), issuer=RULES.issuer, audience=("pacs",))
        self.assertRefused(signed(), "an algorithm that is not allowed", only)

    def test_a_public_key_is_never_the_secret_of_an_hmac(self) -> None:
        body = part({"alg": "HS256", "typ": "JWT"}) + b"." + part(CLAIMS)
        for encoding in (Encoding.PEM, Encoding.DER):
            public = RSA.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
            forged = body + b"." + part(hmac.digest(public, body, "sha256"))
            self.assertRefused(forged, "an algorithm that is not allowed")
            everything = TokenRules(
                algorithms=ALGORITHMS | {"HS256"}, issuer=RULES.issuer, audience=("pacs",)
            )
            self.assertRefused(forged, "an algorithm that is not allowed", everything)

    def test_a_shared_secret_signs_where_that_is_wanted(self) -> None:
        rules = TokenRules(algorithms=frozenset({"HS256"}), issuer=RULES.issuer, audience=("pacs",))
        keys = parse_token_keys(Path("secret"), b"s" * 32, rules.algorithms)
        self.assertEqual("alice", self.verified(signed("s" * 32, "HS256"), rules, keys).name)
        self.assertRefused(signed("t" * 32, "HS256"), "signature is wrong", rules, keys)

    def test_the_key_that_the_token_names_is_the_one_or_any_without_a_name(self) -> None:
        named = parse_token_keys(
            Path("keys"),
            key_set(jwk(OTHER.public_key(), kid="a"), jwk(KEY.public_key(), kid="b")),
            ALGORITHMS,
        )
        self.assertEqual("alice", self.verified(signed(headers={"kid": "b"}), keys=named).name)
        self.assertEqual("alice", self.verified(signed(), keys=named).name)
        for kid in ("a", "c"):
            self.assertRefused(signed(headers={"kid": kid}), "signature is wrong", keys=named)
        self.assertEqual("alice", self.verified(signed(headers={"kid": "b"})).name)

    def test_an_extension_that_must_be_understood_is_not(self) -> None:
        token = signed(headers={"crit": ["x"], "x": 1})
        self.assertRefused(token, "no signed JSON Web Token")

    def test_what_is_no_token_is_told_so_and_not_quoted(self) -> None:
        deep = part(b'{"alg":"ES256","a":' + b"[" * 30_000)
        for token in (
            b"",
            b"hunter2",
            b"a.b.c",
            b"....",
            b"\xff\xfe",
            b"Bearer " + signed(),
            deep + b".e30.AA",
            part({"alg": ["ES256"]}) + b".e30.AA",
            part({"alg": 5, "kid": 7}) + b".e30.AA",
            part([]) + b".e30.AA",
            part({}) + b".e30.AA",
            b"x" * 65535,
        ):
            error = self.assertRaises(UnauthorizedLogin, verify_token, token, KEYS, RULES, NOW)
            self.assertTrue(str(error).startswith("its token is not believed: "))
            self.assertNotIn("hunter2", str(error))

    @settings(deadline=None)
    @given(st.binary(max_size=100), st.binary(max_size=100))
    def test_any_bytes_are_refused(self, head: bytes, rest: bytes) -> None:
        for token in (head, part(head) + b"." + part(rest) + b".AA"):
            self.assertRaises(UnauthorizedLogin, verify_token, token, KEYS, RULES, NOW)


class ClaimTests(TokenCase):
    def test_the_issuer_is_ours(self) -> None:
        self.assertRefused(signed(iss="https://login.example/"), "another issuer")
        self.assertRefused(signed(iss=None), "lacks a claim")

    def test_the_audience_is_one_of_ours(self) -> None:
        for audience in ("archive", ["x", "pacs"]):
            self.assertEqual("alice", self.verified(signed(aud=audience)).name)
        for audience in ("PACS", ["x"], "pacs archive"):
            self.assertRefused(signed(aud=audience), "another audience")
        self.assertRefused(signed(aud=None), "lacks a claim")

    def test_it_expires_and_so_does_what_is_granted(self) -> None:
        self.assertEqual(90, self.verified(signed()).valid_for)
        self.assertEqual(0.5, self.verified(signed(), now=NOW + 89.5).valid_for)
        self.assertRefused(signed(), "has expired", now=NOW + 90)
        self.assertRefused(signed(exp=None), "lacks a claim")

    def test_it_may_not_be_valid_yet(self) -> None:
        self.assertEqual("alice", self.verified(signed(nbf=NOW + 30)).name)
        self.assertRefused(signed(nbf=NOW + 31), "not valid yet")

    def test_our_own_clock_counts_and_not_that_of_the_machine(self) -> None:
        for year in (0.0, 1e10):
            user = self.verified(signed(exp=year + 60, nbf=year, iat=year + 1e9), now=year)
            self.assertEqual(90, user.valid_for)

    def test_a_time_is_a_number(self) -> None:
        wrong: tuple[object, ...] = ("1800000060", True, [], 1e999, 10**400)
        for time in wrong:
            self.assertRefused(signed(exp=time), "no time for exp")
            self.assertRefused(signed(nbf=time), "no time for nbf")
        self.assertRefused(self.with_null("nbf"), "no time for nbf")

    def with_null(self, claim: str) -> bytes:
        return jwt.encode({**CLAIMS, claim: None}, KEY, "ES256").encode()

    def test_the_user_is_in_the_claim_that_was_configured(self) -> None:
        rules = TokenRules(
            algorithms=ALGORITHMS, issuer=RULES.issuer, audience=("pacs",), user_claim="email"
        )
        self.assertEqual("a@b.c", self.verified(signed(email="a@b.c"), rules).name)
        self.assertRefused(signed(), "lacks a claim", rules)

    def test_a_user_has_a_name_that_can_be_shown(self) -> None:
        rules = TokenRules(
            algorithms=ALGORITHMS, issuer=RULES.issuer, audience=("pacs",), user_claim="name"
        )
        for name in ("", " ", 5, ["alice"], "a\nb"):
            self.assertRefused(signed(name=name), "no name for name", rules)
        self.assertRefused(signed(name="x" * 256), "too long a name for name", rules)

    def test_without_a_claim_for_services_all_are_allowed(self) -> None:
        self.assertIsNone(self.verified(signed(scope="echo")).services)

    def test_services_are_a_list_or_have_spaces_between(self) -> None:
        rules = TokenRules(
            algorithms=ALGORITHMS, issuer=RULES.issuer, audience=("pacs",), services_claim="scope"
        )
        for scope in ("echo store", ["store", "echo"]):
            user = self.verified(signed(scope=scope), rules)
            self.assertEqual(frozenset({"echo", "store"}), user.services)
        nothing: tuple[object, ...] = (None, "", [])
        for each in nothing:
            self.assertEqual(frozenset(), self.verified(signed(scope=each), rules).services)
        wrong: tuple[object, ...] = (5, [5], {"echo": 1})
        for each in wrong:
            self.assertRefused(signed(scope=each), "no list of services for scope", rules)


class CheckerTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.path = Path(self.mktemp()).absolute()
        self.path.write_bytes(pem(KEY))
        self.keys = WatchedFile(
            self.path,
            lambda path, content: parse_token_keys(path, content, ALGORITHMS),
            secret=False,
        )
        self.now = NOW

    def checker(self, in_thread: Any = at_once) -> JSONWebTokenChecker:
        return JSONWebTokenChecker(self.keys, RULES, in_thread, lambda: self.now)

    def asked(self, checker: JSONWebTokenChecker, token: bytes) -> Any:
        credentials: Any = user_credentials(facts(), identity(5, token))
        return checker.requestAvatarId(credentials)

    def test_it_is_a_checker(self) -> None:
        verifyObject(ICredentialsChecker, self.checker())

    def test_a_user_is_verified_at_the_time_that_it_is(self) -> None:
        checker = self.checker()
        user = self.successResultOf(self.asked(checker, signed()))
        self.assertEqual(VerifiedUser(name="alice", valid_for=90.0), user)
        self.now += 90
        self.failureResultOf(self.asked(checker, signed()), UnauthorizedLogin)

    def test_new_keys_are_taken_up_and_old_ones_no_longer(self) -> None:
        checker = self.checker()
        self.failureResultOf(self.asked(checker, signed(OTHER)), UnauthorizedLogin)
        new = self.path.with_suffix(".new")
        new.write_bytes(pem(OTHER))
        new.replace(self.path)
        self.successResultOf(self.asked(checker, signed(OTHER)))
        self.failureResultOf(self.asked(checker, signed()), UnauthorizedLogin)

    def test_without_keys_it_cannot_be_known_now(self) -> None:
        self.path.write_bytes(b"nonsense")
        failure = self.failureResultOf(self.asked(self.checker(), signed()), IdentityUnavailable)
        self.assertIn("there is no key for ES256, RS256", str(failure.value))

    def test_nothing_is_read_or_verified_in_the_thread_of_the_reactor(self) -> None:
        jobs = Jobs()
        asked = self.asked(self.checker(jobs), signed())
        self.assertNoResult(asked)
        jobs.do_all()
        self.successResultOf(asked)
