"""The throw-away authority: what it issues makes secure links, and its files are kept safe."""

from __future__ import annotations

import contextlib
import os
import stat
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from unittest.mock import patch

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError
from OpenSSL import SSL, crypto
from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.errors import CredentialError
from txdicomtls.tls.authority import (
    BACKDATED,
    LONGEST_VALIDITY_DAYS,
    Authority,
    CertifiedKey,
    KeyType,
    create_authority,
    general_name,
    write,
)

NOW = datetime(2030, 6, 1, 12, 0, tzinfo=UTC)


def authority(key_type: KeyType = KeyType.ECDSA, *, days: int = 30) -> Authority:
    return create_authority(now=NOW, days=days, key_type=key_type)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class Certificates(SynchronousTestCase):
    def test_peers_verify_a_node_for_each_of_its_hosts_and_for_no_other(self) -> None:
        ca = authority()
        node = ca.issue_node(["pacs.example", "192.0.2.7", "::1"], now=NOW, days=30)
        policy = PolicyBuilder().store(Store([ca.key.certificate])).time(NOW)
        for name in (
            x509.DNSName("pacs.example"),
            x509.IPAddress(ip_address("192.0.2.7")),
            x509.IPAddress(ip_address("::1")),
        ):
            chain = policy.build_server_verifier(name).verify(node.certificate, [])
            self.assertEqual([node.certificate, ca.key.certificate], chain)
        with self.assertRaises(VerificationError):
            policy.build_server_verifier(x509.DNSName("ct.example")).verify(node.certificate, [])

    def test_a_node_and_a_client_may_both_call(self) -> None:
        ca = authority()
        policy = PolicyBuilder().store(Store([ca.key.certificate])).time(NOW)
        verifier = policy.build_client_verifier()
        verifier.verify(ca.issue_node(["pacs.example"], now=NOW, days=30).certificate, [])
        client = ca.issue_client("workstation", now=NOW, days=30)
        names = verifier.verify(client.certificate, []).subjects
        self.assertEqual([x509.DNSName("workstation")], names)

    def test_a_client_cannot_answer(self) -> None:
        ca = authority()
        client = ca.issue_client("workstation", now=NOW, days=30).certificate
        policy = PolicyBuilder().store(Store([ca.key.certificate])).time(NOW)
        with self.assertRaises(VerificationError):
            policy.build_server_verifier(x509.DNSName("workstation")).verify(client, [])
        usage = client.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        self.assertEqual([ExtendedKeyUsageOID.CLIENT_AUTH], list(usage))

    def test_another_authority_of_the_same_name_is_not_trusted(self) -> None:
        ours, other = authority(), authority()
        node = other.issue_node(["pacs.example"], now=NOW, days=30).certificate
        verifier = PolicyBuilder().store(Store([ours.key.certificate])).time(NOW)
        self.assertNotEqual(ours.key.certificate.subject, other.key.certificate.subject)
        with self.assertRaises(VerificationError):
            verifier.build_server_verifier(x509.DNSName("pacs.example")).verify(node, [])

    def test_only_the_authority_may_sign_certificates(self) -> None:
        ca = authority()
        node = ca.issue_node(["pacs.example"], now=NOW, days=30)
        for key, may in ((ca.key, True), (node, False)):
            extensions = key.certificate.extensions
            constraints = extensions.get_extension_for_class(x509.BasicConstraints)
            usage = extensions.get_extension_for_class(x509.KeyUsage)
            self.assertTrue(constraints.critical and usage.critical)
            self.assertEqual((may, 0 if may else None), _constraints(constraints.value))
            self.assertEqual((may, not may), _signs(usage.value))

    def test_a_certificate_is_valid_from_a_little_before_now_for_the_days_asked_for(self) -> None:
        node = authority().issue_node(["pacs.example"], now=NOW, days=7).certificate
        self.assertEqual(NOW - BACKDATED, node.not_valid_before_utc)
        self.assertEqual(NOW + timedelta(days=7), node.not_valid_after_utc)

    def test_a_certificate_does_not_outlast_its_authority(self) -> None:
        ca = authority(days=3)
        node = ca.issue_node(["pacs.example"], now=NOW, days=30).certificate
        self.assertEqual(ca.key.certificate.not_valid_after_utc, node.not_valid_after_utc)

    def test_a_validity_out_of_range_is_refused(self) -> None:
        for days in (-1, 0, LONGEST_VALIDITY_DAYS + 1):
            with self.assertRaises(ValueError) as caught:
                authority(days=days)
            self.assertIn("1 to 36500 days", str(caught.exception))
        authority(days=LONGEST_VALIDITY_DAYS)

    def test_serial_numbers_differ(self) -> None:
        ca = authority()
        keys = [ca.key, *(ca.issue_client("client", now=NOW, days=1) for _ in range(4))]
        self.assertEqual(5, len({key.certificate.serial_number for key in keys}))

    def test_the_kind_of_key_is_as_asked_for(self) -> None:
        ecdsa = authority().issue_client("client", now=NOW, days=1).private_key
        assert isinstance(ecdsa, ec.EllipticCurvePrivateKey)
        self.assertEqual("secp256r1", ecdsa.curve.name)
        key = authority(KeyType.RSA).key.private_key
        assert isinstance(key, rsa.RSAPrivateKey)
        self.assertEqual(3072, key.key_size)

    def test_a_node_without_hosts_is_refused(self) -> None:
        with self.assertRaises(ValueError):
            authority().issue_node([], now=NOW, days=1)

    def test_a_host_given_twice_is_one_name(self) -> None:
        node = authority().issue_node(["a.example", "A.example."], now=NOW, days=1).certificate
        names = node.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        self.assertEqual([x509.DNSName("a.example")], list(names))

    def test_no_private_key_shows_in_a_repr(self) -> None:
        self.assertNotIn("private_key", repr(authority()))


class Names(SynchronousTestCase):
    def test_what_a_person_types_becomes_a_name(self) -> None:
        for host, name in (
            ("PACS.Example.", x509.DNSName("pacs.example")),
            ("localhost", x509.DNSName("localhost")),
            ("CT_ROOM_1", x509.DNSName("ct_room_1")),
            ("bücher.example", x509.DNSName("xn--bcher-kva.example")),
            ("192.0.2.7", x509.IPAddress(ip_address("192.0.2.7"))),
            ("2001:db8::7", x509.IPAddress(ip_address("2001:db8::7"))),
        ):
            self.assertEqual(name, general_name(host))

    def test_what_is_no_host_is_refused(self) -> None:
        for host in (
            "",
            ".",
            "a..b",
            "-a.example",
            "a-.example",
            "a b",
            "*.example",
            "http://pacs.example",
            "pacs.example:2762",
            "pacs\x00.example",
            "pacs\n",
            "a" * 64,
            "a." * 127 + "ab",
            "300.1.1.1",
            "fe80::1%eth0",
            "bü..example",
        ):
            with self.assertRaises(ValueError, msg=repr(host)):
                general_name(host)


class Handshakes(SynchronousTestCase):
    def test_what_it_issues_makes_mutual_links_of_both_versions_and_key_types(self) -> None:
        now = datetime.now(UTC)  # OpenSSL judges by the clock of the machine
        for key_type in KeyType:
            ca = create_authority(now=now, days=1, key_type=key_type)
            node = ca.issue_node(["pacs.example"], now=now, days=1)
            client = ca.issue_client("client", now=now, days=1)
            for version in (SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION):
                server_side = SSL.Connection(_context(ca, node, version))
                client_side = SSL.Connection(_context(ca, client, version))
                _shake_hands(client_side, server_side)
                for side, peer in ((server_side, client), (client_side, node)):
                    shown = side.get_peer_certificate(as_cryptography=True)
                    self.assertEqual(peer.certificate, shown)


class Files(SynchronousTestCase):
    def setUp(self) -> None:
        self.directory = Path(self.mktemp())
        self.ca = authority()
        self.keys = {"ca": self.ca.key, "node": self.ca.issue_node(["a"], now=NOW, days=1)}
        self.names = ["ca.crt", "ca.key", "node.crt", "node.key"]

    def present(self) -> list[str]:
        return sorted(path.name for path in self.directory.iterdir())

    def test_every_file_holds_what_it_is_named_for(self) -> None:
        written = write(self.directory, self.keys)
        self.assertEqual([self.directory / name for name in self.names], list(written))
        self.assertEqual(self.names, self.present())
        for name, key in self.keys.items():
            certificate = (self.directory / f"{name}.crt").read_bytes()
            self.assertEqual(key.certificate, x509.load_pem_x509_certificate(certificate))
            private_key = (self.directory / f"{name}.key").read_bytes()
            self.assertTrue(private_key.startswith(b"-----BEGIN PRIVATE KEY-----"))
            loaded = load_pem_private_key(private_key, None)
            self.assertEqual(key.certificate.public_key(), loaded.public_key())

    def test_modes_do_not_depend_on_the_umask(self) -> None:
        for umask in (0o000, 0o077):
            directory = Path(self.mktemp())
            before = os.umask(umask)
            try:
                write(directory, self.keys)
            finally:
                os.umask(before)
            for name in self.names:
                expected = 0o600 if name.endswith(".key") else 0o644
                self.assertEqual(expected, mode(directory / name), name)

    def test_a_key_is_never_wider_than_its_mode(self) -> None:
        modes: list[int] = []

        def note_the_mode(descriptor: int) -> None:
            modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode))

        before = os.umask(0)
        try:
            with (
                patch("txdicomtls.tls.authority.os.fchmod", lambda fd, _mode: note_the_mode(fd)),
                patch("txdicomtls.tls.authority.os.fsync", note_the_mode),
            ):
                write(self.directory, self.keys)
        finally:
            os.umask(before)
        self.assertEqual({0o600}, set(modes))

    def test_a_password_encrypts_every_key(self) -> None:
        write(self.directory, self.keys, password=b"open sesame")
        for name in ("ca.key", "node.key"):
            pem = (self.directory / name).read_bytes()
            self.assertTrue(pem.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----"))
            load_pem_private_key(pem, b"open sesame")
            with self.assertRaises(ValueError):
                load_pem_private_key(pem, b"close sesame")

    def test_openssl_opens_a_key_of_the_longest_password(self) -> None:
        password = b"p" * 1023
        write(self.directory, self.keys, password=password)
        pem = (self.directory / "ca.key").read_bytes()
        self.assertEqual(256, crypto.load_privatekey(crypto.FILETYPE_PEM, pem, password).bits())

    def test_a_password_that_cannot_be_used_writes_nothing(self) -> None:
        for password in (b"", b"p" * 1024):
            with self.assertRaises(ValueError):
                write(self.directory, self.keys, password=password)
            self.assertFalse(self.directory.exists())

    def test_a_file_that_is_there_is_kept_and_no_other_is_written(self) -> None:
        self.directory.mkdir()
        (self.directory / "node.key").write_text("precious")
        with self.assertRaises(CredentialError) as caught:
            write(self.directory, self.keys)
        self.assertIn("node.key", str(caught.exception))
        self.assertEqual(["node.key"], self.present())
        self.assertEqual("precious", (self.directory / "node.key").read_text())

    def test_a_dangling_link_is_not_written_through(self) -> None:
        self.directory.mkdir()
        target = self.directory / "elsewhere"
        (self.directory / "ca.key").symlink_to(target)
        with self.assertRaises(CredentialError):
            write(self.directory, self.keys)
        self.assertFalse(target.exists())

    def test_a_file_that_appears_meanwhile_is_kept_and_no_other_is_left(self) -> None:
        def appear(_descriptor: int) -> None:
            (self.directory / "node.crt").write_text("precious")

        with (
            patch("txdicomtls.tls.authority.os.fsync", appear),
            self.assertRaises(CredentialError),
        ):
            write(self.directory, self.keys)
        self.assertEqual(["node.crt"], self.present())
        self.assertEqual("precious", (self.directory / "node.crt").read_text())

    def test_a_disk_that_fails_leaves_nothing(self) -> None:
        for succeeding in range(4):
            countdown = iter([None] * succeeding)

            def fail(_descriptor: int, countdown: object = countdown) -> None:
                if next(countdown, "over") == "over":  # type: ignore[call-overload]
                    raise OSError(28, "No space left on device")

            with (
                patch("txdicomtls.tls.authority.os.fsync", fail),
                self.assertRaises(CredentialError) as caught,
            ):
                write(self.directory, self.keys)
            self.assertIn("No space left on device", str(caught.exception))
            self.assertEqual([], self.present())

    def test_replacing_replaces_all_and_leaves_nothing_else(self) -> None:
        write(self.directory, self.keys)
        (self.directory / "ca.key").chmod(0o644)
        new = {"ca": authority().key, "node": self.keys["node"]}
        write(self.directory, new, replace=True)
        self.assertEqual(self.names, self.present())
        certificate = (self.directory / "ca.crt").read_bytes()
        self.assertEqual(new["ca"].certificate, x509.load_pem_x509_certificate(certificate))
        self.assertEqual(0o600, mode(self.directory / "ca.key"))

    def test_a_directory_in_the_way_is_not_replaced_and_neither_is_anything_else(self) -> None:
        write(self.directory, self.keys)
        before = (self.directory / "ca.key").read_bytes()
        (self.directory / "node.key").unlink()
        (self.directory / "node.key").mkdir()
        with self.assertRaises(CredentialError):
            write(self.directory, {"ca": authority().key, "node": self.ca.key}, replace=True)
        self.assertEqual(before, (self.directory / "ca.key").read_bytes())

    def test_a_directory_that_is_a_file_is_refused(self) -> None:
        self.directory.write_text("")
        with self.assertRaises(CredentialError) as caught:
            write(self.directory, self.keys)
        self.assertTrue(str(caught.exception).startswith(f"{self.directory}: cannot be written"))


def _constraints(value: x509.BasicConstraints) -> tuple[bool, int | None]:
    return value.ca, value.path_length


def _signs(value: x509.KeyUsage) -> tuple[bool, bool]:
    return value.key_cert_sign, value.digital_signature


def _context(ca: Authority, key: CertifiedKey, version: int) -> SSL.Context:
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_min_proto_version(version)
    context.set_max_proto_version(version)
    context.use_certificate(key.certificate)
    context.use_privatekey(key.private_key)
    context.check_privatekey()
    store = context.get_cert_store()
    assert store is not None
    store.add_cert(crypto.X509.from_cryptography(ca.key.certificate))
    store.set_flags(crypto.X509StoreFlags.X509_STRICT)
    context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT)
    return context


def _shake_hands(client: SSL.Connection, server: SSL.Connection) -> None:
    client.set_connect_state()
    server.set_accept_state()
    unfinished = [client, server]
    for _ in range(8):
        for side, other in ((client, server), (server, client)):
            with contextlib.suppress(SSL.WantReadError):
                side.do_handshake()
                unfinished = [s for s in unfinished if s is not side]
            with contextlib.suppress(SSL.WantReadError):
                other.bio_write(side.bio_read(65536))
        if not unfinished:
            return
    raise AssertionError("the handshake did not end")
