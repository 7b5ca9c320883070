"""A Security negotiates what its profile says and nothing else."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from OpenSSL import SSL
from twisted.internet.base import ReactorBase
from twisted.internet.threads import deferToThreadPool
from twisted.python.filepath import FilePath
from twisted.python.threadpool import ThreadPool
from twisted.trial.unittest import SynchronousTestCase, TestCase

from tests.tls.authorities import ocsp_response
from tests.tls.certificates import CA, DAY, NOW, OTHER_CA
from tests.tls.pair import SERVER_NAME, FromContext, join, security
from tests.tls.threads import in_this_thread
from txdicomtls.errors import CredentialError, HandshakeFailed
from txdicomtls.tls import (
    DEFAULT_PROFILE,
    ClientCertificate,
    FixedPassword,
    TLSVersion,
    load_security,
)

SERVER = CA.issue(SERVER_NAME, subject="PACS", kind="rsa2048")
CLIENT = CA.issue("ct1.example", subject="CT 1")
TLS_1_2 = replace(DEFAULT_PROFILE, maximum_version=TLSVersion.TLS_1_2)
TLS_1_3 = replace(DEFAULT_PROFILE, minimum_version=TLSVersion.TLS_1_3)


def foreign_client(ciphers: bytes = b"DEFAULT", *protocols: bytes) -> SSL.Context:
    """A client that is not ours, and shows the right certificate."""
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_cipher_list(ciphers)
    context.use_certificate(CLIENT.certificate)
    context.use_privatekey(CLIENT.key)
    if protocols:
        context.set_alpn_protos(list(protocols))
    return context


class ClientCertificateTests(SynchronousTestCase):
    def test_required_means_no_link_without_one(self) -> None:
        for profile in (TLS_1_2, TLS_1_3):
            pair = join(security(profile=profile), security(SERVER.credentials))
            self.assertIsNone(pair.server.link)
            self.assertIn("showed no certificate", str(pair.server.failure))

    def test_optional_takes_a_client_without_one(self) -> None:
        server = security(SERVER.credentials, client_certificate=ClientCertificate.OPTIONAL)
        self.assertIsNone(join(security(), server).server.secure_link.peer_certificate)
        shown = join(security(CLIENT.credentials), server).server.secure_link
        self.assertEqual(shown.peer_certificate, CLIENT.certificate)

    def test_optional_refuses_a_bad_one(self) -> None:
        server = security(SERVER.credentials, client_certificate=ClientCertificate.OPTIONAL)
        pair = join(security(OTHER_CA.issue("x.example").credentials), server)
        self.assertIsNone(pair.server.link)
        self.assertIsInstance(pair.server.failure, HandshakeFailed)

    def test_none_does_not_ask(self) -> None:
        server = security(SERVER.credentials, client_certificate=ClientCertificate.NONE)
        link = join(security(CLIENT.credentials), server).server.secure_link
        self.assertIsNone(link.peer_certificate)

    def test_a_server_needs_credentials(self) -> None:
        self.assertRaises(ValueError, security().server_creator)


class NegotiationTests(SynchronousTestCase):
    def test_tls_1_3_is_taken_where_both_have_it(self) -> None:
        for client, server, version in (
            (DEFAULT_PROFILE, DEFAULT_PROFILE, "TLSv1.3"),
            (TLS_1_2, DEFAULT_PROFILE, "TLSv1.2"),
            (DEFAULT_PROFILE, TLS_1_2, "TLSv1.2"),
        ):
            pair = join(
                security(CLIENT.credentials, profile=client),
                security(SERVER.credentials, profile=server),
            )
            self.assertEqual(pair.client.secure_link.protocol, version)

    def test_versions_before_1_2_are_refused(self) -> None:
        for version in (SSL.TLS1_VERSION, SSL.TLS1_1_VERSION):
            context = foreign_client(b"ALL:@SECLEVEL=0")
            context.set_min_proto_version(version)
            context.set_max_proto_version(version)
            pair = join(FromContext(context), security(SERVER.credentials))
            for side in (pair.client, pair.server):
                assert isinstance(side.failure, HandshakeFailed)
                self.assertEqual(side.failure.alert, "protocol_version")

    def test_suites_outside_the_profile_are_refused(self) -> None:
        for suites in (
            b"AES128-SHA",
            b"AES256-GCM-SHA384",
            b"ECDHE-RSA-AES256-SHA384",
            b"DHE-RSA-AES256-GCM-SHA384",
            b"NULL-SHA256:@SECLEVEL=0",
            b"ADH-AES256-GCM-SHA384:@SECLEVEL=0",
        ):
            context = foreign_client(suites)
            context.set_max_proto_version(SSL.TLS1_2_VERSION)
            pair = join(FromContext(context), security(SERVER.credentials))
            for side in (pair.client, pair.server):
                assert isinstance(side.failure, HandshakeFailed)
                self.assertEqual(side.failure.alert, "handshake_failure", suites)

    def test_finite_field_groups_are_refused(self) -> None:
        only = replace(DEFAULT_PROFILE, groups=("ffdhe2048",))
        pair = join(security(CLIENT.credentials, profile=only), security(SERVER.credentials))
        self.assertIsNone(pair.server.link)
        self.assertIn("key exchange group", str(pair.server.failure))

    def test_the_server_chooses_among_the_suites(self) -> None:
        reverse = replace(
            DEFAULT_PROFILE, tls13_cipher_suites=DEFAULT_PROFILE.tls13_cipher_suites[::-1]
        )
        pair = join(security(CLIENT.credentials, profile=reverse), security(SERVER.credentials))
        self.assertEqual(pair.client.secure_link.cipher_suite, "TLS_AES_256_GCM_SHA384")

    def test_sessions_of_others_are_taken_up_unless_that_is_turned_off(self) -> None:
        for resumption in (True, False):
            self.assert_resumes(expected=resumption)

    def assert_resumes(self, *, expected: bool) -> None:
        """Whether a client that is not ours takes its session up."""
        made = security(SERVER.credentials, resumption=expected)
        server = made.server_creator()
        for version in (SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION):
            context = foreign_client()
            context.set_max_proto_version(version)
            first = join(FromContext(context), server)
            first.server.transport.write(b"answer")  # with which the tickets go
            first.pump.flush()
            session = first.client.transport.getHandle().get_session()
            second = join(_Resuming(context, session), server)
            self.assertIsNotNone(second.server.link, second.server.error)
            self.assertEqual(expected, second.client.secure_link.resumed)
            self.assertEqual(expected, second.server.secure_link.resumed)

    def test_a_status_is_stapled_for_as_long_as_it_is_worth_something(self) -> None:
        for end, expected in ((NOW + DAY, True), (NOW - DAY / 4, False)):
            response = ocsp_response(SERVER.certificate, end=end)
            server = security(replace(SERVER.credentials, ocsp_response=response))
            shown: list[bytes] = []

            def look(_: SSL.Connection, der: bytes, __: object, shown: Any = shown) -> bool:
                shown.append(der)
                return True

            context = foreign_client()
            context.set_ocsp_client_callback(look)
            join(_Asking(context), server)
            self.assertEqual([response if expected else b""], shown)

    def test_renegotiation_is_refused(self) -> None:
        context = foreign_client()
        context.set_max_proto_version(SSL.TLS1_2_VERSION)
        pair = join(FromContext(context), security(SERVER.credentials))
        pair.client.transport.getHandle().renegotiate()
        pair.client.transport.write(b"x")
        pair.pump.flush()
        self.assertEqual(pair.server.received, [])
        self.assertIn("no renegotiation", str(pair.client.failure))

    def test_a_profile_that_openssl_knows_in_part_is_refused(self) -> None:
        camellia = "TLS_ECDHE_RSA_WITH_CAMELLIA_128_GCM_SHA256"
        profile = replace(DEFAULT_PROFILE, cipher_suites=(*DEFAULT_PROFILE.cipher_suites, camellia))
        error = self.assertRaises(ValueError, security, profile=profile)
        self.assertIn(camellia, str(error))
        profile = replace(DEFAULT_PROFILE, groups=("no-such-group",))
        error = self.assertRaises(ValueError, security, profile=profile)
        self.assertIn("no-such-group", str(error))


class _Asking(FromContext):
    """Asks for the status of the server's certificate."""

    def clientConnectionForTLS(self, tlsProtocol: object) -> SSL.Connection:
        connection = SSL.Connection(self._context, None)
        connection.request_ocsp()
        return connection


class _Resuming(FromContext):
    """Takes up a session."""

    def __init__(self, context: SSL.Context, session: SSL.Session) -> None:
        super().__init__(context)
        self._session = session

    def clientConnectionForTLS(self, tlsProtocol: object) -> SSL.Connection:
        connection = SSL.Connection(self._context, None)
        connection.set_session(self._session)
        return connection


class ALPNTests(SynchronousTestCase):
    def agreed(self, *protocols: bytes) -> str:
        client = FromContext(foreign_client(b"DEFAULT", *protocols))
        return join(client, security(SERVER.credentials)).server.secure_link.alpn

    def test_dicom_is_agreed_on_between_nodes(self) -> None:
        pair = join(security(CLIENT.credentials), security(SERVER.credentials))
        self.assertEqual((pair.client.secure_link.alpn, pair.server.secure_link.alpn),
                         ("dicom", "dicom"))  # fmt: skip

    def test_dicom_is_chosen_among_others(self) -> None:
        self.assertEqual(self.agreed(b"h2", b"dicom"), "dicom")

    def test_a_client_without_alpn_is_taken(self) -> None:
        self.assertEqual(self.agreed(), "")

    def test_a_server_without_alpn_is_taken(self) -> None:
        context = SSL.Context(SSL.TLS_METHOD)
        context.use_certificate(SERVER.certificate)
        context.use_privatekey(SERVER.key)
        pair = join(security(CLIENT.credentials), FromContext(context))
        self.assertEqual(pair.client.secure_link.alpn, "")

    def test_a_client_of_another_protocol_is_refused(self) -> None:
        client = FromContext(foreign_client(b"DEFAULT", b"h2", b"http/1.1\n"))
        pair = join(client, security(SERVER.credentials))
        for side in (pair.client, pair.server):
            assert isinstance(side.failure, HandshakeFailed)
            self.assertEqual(side.failure.alert, "no_application_protocol")
        self.assertIn("h2, http/1.1\\n", str(pair.server.failure))
        self.assertIsNone(pair.server.link)


class LoadSecurityTests(SynchronousTestCase):
    def setUp(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir()
        self.certificate = folder / "node.crt"
        self.key = folder / "node.key"
        self.trust = folder / "ca.crt"
        self.certificate.write_bytes(SERVER.certificate_pem)
        self.key.touch(mode=0o600)
        self.key.write_bytes(SERVER.key_pem(b"secret"))
        self.trust.write_bytes(CA.certificate_pem)

    def test_all_the_files_make_a_security_that_works(self) -> None:
        loaded = self.successResultOf(
            load_security(
                certificate=self.certificate,
                private_key=self.key,
                trust=[self.trust],
                password=FixedPassword(b"secret"),
                in_thread=in_this_thread,
            )
        )
        self.assertIs(loaded.profile, DEFAULT_PROFILE)
        self.assertIs(loaded.client_certificate, ClientCertificate.REQUIRED)
        pair = join(loaded, loaded)
        self.assertEqual(pair.server.secure_link.peer_certificate, SERVER.certificate)

    def test_a_client_may_be_without_credentials(self) -> None:
        loaded = self.successResultOf(
            load_security(
                certificate=None, private_key=None, trust=[self.trust], in_thread=in_this_thread
            )
        )
        self.assertIsNone(loaded.credentials)

    def test_one_half_of_the_credentials_is_refused(self) -> None:
        for certificate, key in ((self.certificate, None), (None, self.key)):
            loading = load_security(
                certificate=certificate,
                private_key=key,
                trust=[self.trust],
                in_thread=in_this_thread,
            )
            self.failureResultOf(loading, CredentialError)

    def test_an_unknown_profile_is_refused(self) -> None:
        loading = load_security(
            certificate=None, private_key=None, trust=[], profile="rot13", in_thread=in_this_thread
        )
        self.assertIn("rot13", str(self.failureResultOf(loading, ValueError).value))

    def test_a_bad_file_is_named(self) -> None:
        loading = load_security(
            certificate=None, private_key=None, trust=[self.key], in_thread=in_this_thread
        )
        self.assertEqual(self.failureResultOf(loading, CredentialError).value.path, str(self.key))


class ThreadTests(TestCase):
    async def test_files_are_read_in_real_threads(self) -> None:
        from twisted.internet import reactor

        assert isinstance(reactor, ReactorBase)
        trust = FilePath(self.mktemp())
        trust.setContent(CA.certificate_pem)
        pool = ThreadPool(0, 1)
        pool.start()
        self.addCleanup(pool.stop)
        loaded = await load_security(
            certificate=None,
            private_key=None,
            trust=[Path(trust.path)],
            in_thread=partial(deferToThreadPool, reactor, pool),
        )
        self.assertEqual(loaded.trust.certificates, (CA.certificate,))
