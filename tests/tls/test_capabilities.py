"""What the OpenSSL in use can do is known, and a context is held to its profile."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from unittest import SkipTest

from OpenSSL import SSL
from twisted.trial.unittest import SynchronousTestCase

from tests.tls.certificates import CA, Issued
from tests.tls.pair import SERVER_NAME, join, security
from txdicomtls.tls import capabilities
from txdicomtls.tls.bindings import restrict_groups, restrict_signatures, set_diffie_hellman
from txdicomtls.tls.capabilities import (
    available_suites,
    has_group,
    lacking_suites,
    missing_suites,
    openssl_version,
    restrict,
    without_missing,
)
from txdicomtls.tls.profiles import (
    DEFAULT_PROFILE,
    PROFILES,
    Preference,
    Profile,
    TLSVersion,
    profile_named,
)
from txdicomtls.tls.suites import SuiteDescription, describe_suite

MODIFIED = profile_named("bcp195-rfc9325-modified")
NON_DOWNGRADING = profile_named("bcp195-non-downgrading")
AES = profile_named("aes")
BASIC = profile_named("basic")
TRIPLE_DES = "TLS_RSA_WITH_3DES_EDE_CBC_SHA"
ECDSA_SUITE = ["ECDHE-ECDSA-AES256-GCM-SHA384"]

#: The 1024-bit group of RFC 2409 6.2.
OAKLEY_2 = b"""\
-----BEGIN DH PARAMETERS-----
MIGHAoGBAP//////////yQ/aoiFowjTExmKLgNwc0SkCTgiKZ8x0Agu+pjsTmyJR
Sgh5jjQE3e+VGbPNOkMbMCsKbfJfFDdP4TVtbVHCReSFtXZiXn7G9ExC6aY37WsL
/1y29Aa37e44a/taiZ+lrp8kEXxLH+ZJKGZR7OZTgf//////////AgEC
-----END DH PARAMETERS-----
"""

Arrangement = Callable[[SSL.Context], object]


def issued_for(suite: SuiteDescription) -> Issued:
    """A server's certificate that goes with a suite."""
    return CA.issue(SERVER_NAME, kind="rsa2048" if suite.authentication == "RSA" else "p256")


def held_to(profile: Profile, server: Issued | None = None) -> SSL.Context:
    """A context of either side."""
    context = SSL.Context(SSL.TLS_METHOD)
    restrict(context, profile)
    if server is not None:
        show(context, server)
    return context


def foreign(arrange: Arrangement, server: Issued | None = None) -> SSL.Context:
    """A context of a peer that takes everything, but for what is arranged."""
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_cipher_list(b"ALL:COMPLEMENTOFALL@SECLEVEL=0")
    arrange(context)
    if server is not None:
        show(context, server)
    return context


def no_later_than(version: int) -> Arrangement:
    return lambda peer: peer.set_max_proto_version(version)


def show(context: SSL.Context, server: Issued) -> None:
    context.use_certificate(server.certificate)
    context.use_privatekey(server.key)


def shake_hands(client: SSL.Context, server: SSL.Context) -> SSL.Connection:
    """Join both in memory; the client's side of it, once both are done."""
    one, other = SSL.Connection(client, None), SSL.Connection(server, None)
    one.set_connect_state()
    other.set_accept_state()
    waiting = {one, other}
    for _ in range(10):
        for side, peer in ((one, other), (other, one)):
            try:
                side.do_handshake()
                waiting.discard(side)
            except SSL.WantReadError:
                pass
            with contextlib.suppress(SSL.WantReadError):
                peer.bio_write(side.bio_read(65536))
        if not waiting:
            return one
    raise AssertionError("the handshake does not come to an end")


class AvailabilityTests(SynchronousTestCase):
    def test_the_version_is_that_of_the_library(self) -> None:
        text = SSL.SSLeay_version(SSL.SSLEAY_VERSION).decode()
        self.assertIn(f" {openssl_version()} ", text)
        self.assertRegex(openssl_version(), r"^\d+\.\d+")

    def test_suites_that_are_off_until_asked_for_are_available(self) -> None:
        self.assertIn("TLS_AES_128_CCM_8_SHA256", available_suites())
        self.assertIn("TLS_AES_128_GCM_SHA256", available_suites())

    def test_suites_that_no_openssl_has_are_not(self) -> None:
        for name in (
            "TLS_ECDHE_RSA_WITH_CAMELLIA_256_GCM_SHA384",
            "TLS_RSA_WITH_DES_CBC_SHA",
            "TLS_AEGIS_256_SHA512",
        ):
            self.assertEqual(describe_suite(name).iana_name, name)
            self.assertNotIn(name, available_suites())

    def test_the_two_live_profiles_miss_nothing(self) -> None:
        self.assertEqual(missing_suites(DEFAULT_PROFILE), ())
        self.assertEqual(missing_suites(MODIFIED), ())

    def test_optional_suites_that_lack_are_left_out_and_the_order_stays(self) -> None:
        usable = without_missing(MODIFIED)
        self.assertEqual(
            lacking_suites(MODIFIED),
            tuple(name for name in MODIFIED.cipher_suites if "CAMELLIA" in name),
        )
        self.assertEqual(
            usable.cipher_suites,
            tuple(name for name in MODIFIED.cipher_suites if "CAMELLIA" not in name),
        )

    def test_a_profile_of_which_nothing_lacks_stays_as_it_is(self) -> None:
        bcp195 = profile_named("bcp195")
        self.assertIs(without_missing(bcp195), bcp195)

    def test_a_required_suite_that_lacks_is_named(self) -> None:
        self.patch(capabilities, "available_suites", lambda: frozenset(("TLS_AES_128_GCM_SHA256",)))
        self.patch(capabilities, "openssl_version", lambda: "9.9.9")
        self.assertEqual(missing_suites(BASIC), (TRIPLE_DES,))
        self.assertEqual(missing_suites(AES), ("TLS_RSA_WITH_AES_128_CBC_SHA",))
        error = self.assertRaises(ValueError, without_missing, BASIC)
        self.assertIn(
            f"profile basic needs {TRIPLE_DES}, which the OpenSSL in use (9.9.9) lacks", str(error)
        )
        self.assertRaises(ValueError, restrict, SSL.Context(SSL.TLS_METHOD), BASIC)

    def test_the_basic_profile_refuses_to_start_where_there_is_no_triple_des(self) -> None:
        if TRIPLE_DES in available_suites():
            raise SkipTest("this OpenSSL has 3DES")
        error = self.assertRaises(ValueError, restrict, SSL.Context(SSL.TLS_METHOD), BASIC)
        self.assertIn(f"profile basic needs {TRIPLE_DES}", str(error))
        self.assertIn(openssl_version(), str(error))
        self.assertEqual(without_missing(AES).cipher_suites, ("TLS_RSA_WITH_AES_128_CBC_SHA",))

    def test_a_suite_of_one_s_own_list_that_lacks_is_missing(self) -> None:
        own = MODIFIED.with_cipher_suites(
            ["TLS_ECDHE_RSA_WITH_CAMELLIA_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"]
        )
        error = self.assertRaises(ValueError, without_missing, own)
        self.assertIn("TLS_ECDHE_RSA_WITH_CAMELLIA_256_GCM_SHA384", str(error))

    def test_groups_that_lack_are_passed_over_as_long_as_one_is_there(self) -> None:
        self.assertTrue(has_group("X25519"))
        self.assertFalse(has_group("rot13"))
        some = replace(DEFAULT_PROFILE, groups=("rot13", "X25519"))
        self.assertEqual(without_missing(some).groups, ("X25519",))
        none = replace(DEFAULT_PROFILE, groups=("rot13", "rot26"))
        error = self.assertRaises(ValueError, without_missing, none)
        self.assertIn("rot13, rot26", str(error))


class HandshakeTests(SynchronousTestCase):
    def assert_refused(self, client: SSL.Context, server: SSL.Context, reason: str) -> None:
        error = self.assertRaises(SSL.Error, shake_hands, client, server)
        self.assertIn(reason, str(error))

    def test_every_suite_of_every_profile_is_negotiated_and_read_back(self) -> None:
        for profile in PROFILES.values():
            if missing_suites(profile):
                continue
            for suite in without_missing(profile).suites:
                only = profile.with_cipher_suites([suite.iana_name])
                link = shake_hands(held_to(only), held_to(profile, issued_for(suite)))
                self.assertEqual(describe_suite(link.get_cipher_name() or ""), suite, profile.name)
                version = "TLSv1.3" if suite.is_tls13 else "TLSv1.2"
                self.assertEqual(link.get_protocol_version_name(), version)

    def test_only_the_profiles_of_old_speak_tls_1_0_and_1_1(self) -> None:
        old = {"bcp195", "aes", "basic", "atna-unencrypted"}
        for profile in PROFILES.values():
            if missing_suites(profile):
                continue
            for version, spoken in ((SSL.TLS1_VERSION, "TLSv1"), (SSL.TLS1_1_VERSION, "TLSv1.1")):
                client = foreign(no_later_than(version))
                server = held_to(profile, CA.issue("a.example", kind="rsa2048"))
                if profile.name in old:
                    link = shake_hands(client, server)
                    self.assertEqual(link.get_protocol_version_name(), spoken, profile.name)
                    self.assertIn(
                        describe_suite(link.get_cipher_name() or "").iana_name,
                        profile.cipher_suites,
                    )
                else:
                    self.assert_refused(client, server, "unsupported protocol")

    def test_the_latest_version_that_both_have_is_taken(self) -> None:
        for profile in PROFILES.values():
            if missing_suites(profile):
                continue
            server = held_to(profile, CA.issue("a.example", kind="rsa2048"))
            link = shake_hands(foreign(lambda _peer: None), server)
            self.assertEqual(link.get_protocol_version_name(), profile.maximum_version.value)

    def test_a_suite_that_the_profile_has_not_is_refused(self) -> None:
        for name in (b"AES128-SHA", b"NULL-SHA", b"AECDH-AES128-SHA", b"ECDHE-RSA-AES128-SHA"):

            def weak(peer: SSL.Context, wanted: bytes = name) -> None:
                peer.set_max_proto_version(SSL.TLS1_2_VERSION)
                peer.set_cipher_list(wanted + b"@SECLEVEL=0")

            for profile in (DEFAULT_PROFILE, MODIFIED, NON_DOWNGRADING):
                server = held_to(profile, CA.issue("a.example", kind="rsa2048"))
                self.assert_refused(foreign(weak), server, "no shared cipher")

    def test_the_server_s_or_the_client_s_order_decides(self) -> None:
        for strong, quick in (
            ("TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256"),
            (
                "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
                "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            ),
        ):
            client = DEFAULT_PROFILE.with_cipher_suites([quick, strong])
            for preference, wanted in (
                (Preference.SERVER, strong),
                (Preference.CLIENT, quick),
            ):
                server = DEFAULT_PROFILE.with_cipher_suites([strong, quick], preference=preference)
                link = shake_hands(held_to(client), held_to(server, CA.issue("a.example")))
                self.assertEqual(describe_suite(link.get_cipher_name() or "").iana_name, wanted)

    def test_a_list_for_tls_1_3_only_negotiates_nothing_else(self) -> None:
        own = DEFAULT_PROFILE.with_cipher_suites(["TLS_CHACHA20_POLY1305_SHA256"])
        server = held_to(own, CA.issue("a.example"))
        link = shake_hands(foreign(lambda _peer: None), server)
        self.assertEqual(link.get_cipher_name(), "TLS_CHACHA20_POLY1305_SHA256")
        earlier = foreign(no_later_than(SSL.TLS1_2_VERSION))
        self.assert_refused(earlier, server, "unsupported protocol")

    def test_a_group_that_the_profile_has_not_is_refused(self) -> None:
        for version in (SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION):

            def other(peer: SSL.Context, highest: int = version) -> None:
                restrict_groups(peer, ["brainpoolP256r1", "X448"])
                peer.set_max_proto_version(highest)

            for profile in (DEFAULT_PROFILE, MODIFIED):
                server = held_to(profile, CA.issue("a.example", kind="rsa2048"))
                error = self.assertRaises(SSL.Error, shake_hands, foreign(other), server)
                self.assertRegex(str(error), "no shared cipher|no suitable key share")

    def test_finite_field_groups_are_only_where_the_profile_demands_them(self) -> None:
        server = CA.issue("a.example", kind="rsa2048")
        for profile in PROFILES.values():
            peer = foreign(lambda peer: restrict_groups(peer, ["ffdhe2048"]))
            if profile.maximum_version is not TLSVersion.TLS_1_3:
                continue
            if profile is NON_DOWNGRADING:
                link = shake_hands(peer, held_to(profile, server))
                self.assertEqual(link.get_group_name(), "ffdhe2048")
            else:
                self.assert_refused(peer, held_to(profile, server), "no suitable key share")

    def test_diffie_hellman_is_spoken_with_clients_that_name_no_group_of_it(self) -> None:
        def early(peer: SSL.Context) -> None:
            restrict_groups(peer, ["X25519"])
            peer.set_max_proto_version(SSL.TLS1_2_VERSION)
            peer.set_cipher_list(b"DHE-RSA-AES256-GCM-SHA384@SECLEVEL=2")

        server = CA.issue("a.example", kind="rsa2048")
        for name in ("bcp195-non-downgrading", "bcp195-extended"):
            link = shake_hands(foreign(early), held_to(profile_named(name), server))
            self.assertEqual(link.get_cipher_name(), "DHE-RSA-AES256-GCM-SHA384")

    def test_level_0_does_not_let_sha_1_in_where_the_profile_has_it_not(self) -> None:
        def sha1(peer: SSL.Context) -> None:
            peer.set_max_proto_version(SSL.TLS1_2_VERSION)
            restrict_signatures(peer, ["ECDSA+SHA1", "RSA+SHA1"])

        server = CA.issue("a.example", kind="rsa2048")
        self.assert_refused(held_to(MODIFIED), foreign(sha1, server), "")
        own = AES.with_cipher_suites(["ECDHE-RSA-AES256-SHA"])
        link = shake_hands(held_to(own), foreign(sha1, server))
        self.assertEqual(link.get_cipher_name(), "ECDHE-RSA-AES256-SHA")

    def test_short_finite_field_diffie_hellman_is_refused(self) -> None:
        def short(peer: SSL.Context) -> None:
            peer.set_max_proto_version(SSL.TLS1_2_VERSION)
            peer.set_cipher_list(b"DHE-RSA-AES128-GCM-SHA256@SECLEVEL=0")
            set_diffie_hellman(peer, OAKLEY_2)

        server = foreign(short, CA.issue("a.example", kind="rsa2048"))
        for name in ("bcp195-non-downgrading", "bcp195-extended"):
            # An old server passes over the groups of RFC 7919; a new one would take one of them.
            client = replace(profile_named(name), groups=("X25519",))
            self.assert_refused(held_to(client), server, "dh key too small")
        link = shake_hands(foreign(lambda _peer: None), server)
        self.assertEqual(link.get_cipher_name(), "DHE-RSA-AES128-GCM-SHA256")

    def test_the_security_level_of_the_profile_holds(self) -> None:
        short = CA.issue("a.example", kind="rsa1024")
        for profile in (DEFAULT_PROFILE, NON_DOWNGRADING):
            error = self.assertRaises(SSL.Error, held_to, profile, short)
            self.assertIn("ee key too small", str(error))
        self.assertIsInstance(held_to(AES, short), SSL.Context)

    def test_parameters_for_diffie_hellman_that_cannot_be_read_are_refused(self) -> None:
        context = SSL.Context(SSL.TLS_METHOD)
        error = self.assertRaises(ValueError, set_diffie_hellman, context, b"rot13")
        self.assertIn("cannot be read", str(error))

    def test_unknown_signature_algorithms_are_refused(self) -> None:
        context = SSL.Context(SSL.TLS_METHOD)
        error = self.assertRaises(ValueError, restrict_signatures, context, ["rot13"])
        self.assertIn("rot13", str(error))


class OurLinksTests(SynchronousTestCase):
    """The same with clients and servers of ours, each with a certificate."""

    def test_every_suite_of_every_profile_makes_a_link_that_is_read_back(self) -> None:
        for profile in PROFILES.values():
            if missing_suites(profile):
                continue
            for suite in without_missing(profile).suites:
                credentials = issued_for(suite).credentials
                pair = join(
                    security(credentials, profile=profile.with_cipher_suites([suite.iana_name])),
                    security(credentials, profile=profile),
                )
                for side in (pair.client, pair.server):
                    link = side.secure_link
                    self.assertEqual(link.cipher_suite, suite.iana_name)
                    self.assertEqual(link.encryption_bits, suite.encryption_bits)
                    self.assertEqual(link.integrity, suite.integrity)
                    if suite.authentication:
                        self.assertEqual(link.authentication, suite.authentication)
                        self.assertEqual(link.key_exchange, suite.key_exchange)

    def test_level_0_does_not_let_short_keys_in(self) -> None:
        good = CA.issue(SERVER_NAME).credentials
        short = CA.issue(SERVER_NAME, kind="rsa1024").credentials
        server = security(good, profile=MODIFIED)
        pair = join(security(short, profile=AES.with_cipher_suites(ECDSA_SUITE)), server)
        self.assertIn("1024 bits, and 2048 are needed", str(pair.server.failure))
