"""Files are told apart by what is in them, and what cannot be used is one plain line."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from twisted.trial.unittest import SynchronousTestCase

from tests.tls.certificates import CA, OTHER_CA
from tests.tls.key_files import RIGHT, der, key_bytes, pem, pkcs12_bytes, write
from txdicomtls.errors import CredentialError
from txdicomtls.tls.files import (
    LARGEST_FILE,
    FileKind,
    is_whole_der,
    read_certificates,
    read_file,
)

NODE = CA.issue("node.example", kind="rsa2048")


class FileTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.path = Path(self.mktemp())

    def kind(self, content: bytes) -> FileKind:
        return read_file(write(self.path, content)).kind

    def problem(self, content: bytes | None = None) -> str:
        if content is not None:
            write(self.path, content)
        error = self.assertRaises(CredentialError, read_certificates, self.path)
        self.assertEqual(error.path, str(self.path))
        self.assertNotIn("\n", str(error))
        return str(error.problem)


class KindTests(FileTestCase):
    def test_each_structure_is_known_by_its_content(self) -> None:
        node, curve = NODE, CA
        for content, kind in (
            (pem(node.certificate), FileKind.PEM),
            (node.key_pem(), FileKind.PEM),
            (der(node.certificate), FileKind.CERTIFICATE),
            (key_bytes(node.key, "PKCS #8 DER"), FileKind.PRIVATE_KEY),
            (key_bytes(node.key, "traditional DER"), FileKind.PRIVATE_KEY),
            (key_bytes(curve.key, "traditional DER"), FileKind.PRIVATE_KEY),
            (key_bytes(node.key, "PKCS #8 DER", RIGHT), FileKind.ENCRYPTED_PRIVATE_KEY),
            (pkcs12_bytes(node), FileKind.PKCS12),
            (pkcs12_bytes(node, RIGHT), FileKind.PKCS12),
            (b"correct horse", FileKind.UNKNOWN),
            (b"0", FileKind.UNKNOWN),
            (b"\x30\x00", FileKind.UNKNOWN),
            (b"\x30\x03\x02", FileKind.UNKNOWN),
        ):
            self.assertIs(self.kind(content), kind, content[:30])

    def test_ber_of_old_programs_is_known_as_well(self) -> None:
        content = pkcs12_bytes(NODE, RIGHT)
        self.assertIs(self.kind(b"\x30\x80" + content[4:] + b"\0\0"), FileKind.PKCS12)

    def test_a_public_key_is_neither(self) -> None:
        public = NODE.key.public_key()
        content = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.assertIs(self.kind(content), FileKind.UNKNOWN)

    def test_the_content_does_not_show(self) -> None:
        file = read_file(write(self.path, NODE.key_pem()))
        self.assertNotIn("BEGIN", repr(file))

    def test_what_is_whole_is_told_from_what_is_not(self) -> None:
        content = der(NODE.certificate)
        self.assertTrue(is_whole_der(content))
        for other in (content[:-1], content + b"\n", b"", b"\x30"):
            self.assertFalse(is_whole_der(other))


class CertificateTests(FileTestCase):
    def read(self, content: bytes) -> tuple[x509.Certificate, ...]:
        return read_certificates(write(self.path, content))

    def test_pem_and_der_are_read(self) -> None:
        one, other = CA.certificate, OTHER_CA.certificate
        self.assertEqual(self.read(pem(one, other)), (one, other))
        self.assertEqual(self.read(der(one)), (one,))

    def test_editors_may_have_touched_the_file(self) -> None:
        one = CA.certificate
        text = pem(one)
        for content in (
            text.replace(b"\n", b"\r\n"),
            b"\xef\xbb\xbf" + text,
            b"\xef\xbb\xbf" + text.replace(b"\n", b"\r\n"),
            text.decode().encode("utf-16"),
            b"Subject: CN=Test CA\nissued by hand\n" + text + b"and what came after\n",
            NODE.key_pem() + text,
            text.replace(b"CERTIFICATE", b"X509 CERTIFICATE"),
        ):
            self.assertEqual(self.read(content), (one,), content[:30])

    def test_what_is_no_certificate_is_called_by_its_name(self) -> None:
        other = b"-----BEGIN DH PARAMETERS-----\nAA==\n-----END DH PARAMETERS-----\n"
        for content, words in (
            (NODE.key_pem(), "are the two exchanged?"),
            (key_bytes(NODE.key, "PKCS #8 DER"), "are the two exchanged?"),
            (key_bytes(NODE.key, "PKCS #8 DER", RIGHT), "are the two exchanged?"),
            (pkcs12_bytes(NODE), "PKCS #12"),
            (other, "no certificate in this file"),
            (b"correct horse", "not a PEM file"),
            (b"\x30\x03\x02\x01\x00", "not a PEM file"),
        ):
            self.assertIn(words, self.problem(content))

    def test_a_damaged_certificate_is_refused(self) -> None:
        content = der(CA.certificate)
        middle = len(content) // 2
        text = pem(CA.certificate)
        for damaged in (
            content[:40] + b"\xff" * 8 + content[48:],
            text[:100] + text[110:],
            text[:100],
            pem(OTHER_CA.certificate) + text[:100] + b"!" + text[101:],
        ):
            self.assertIn("damaged", self.problem(damaged), damaged[:40])
        self.assertIn("its end is missing", self.problem(content[:middle]))


class UnreadableTests(FileTestCase):
    def test_a_missing_file_is_named(self) -> None:
        self.assertEqual(self.problem(), "there is no such file")

    def test_an_empty_file_is_said_to_be_empty(self) -> None:
        for content in (b"", b" \r\n", b"\xef\xbb\xbf"):
            self.assertEqual(self.problem(content), "this file is empty")

    def test_a_directory_is_no_file(self) -> None:
        self.path.mkdir()
        self.assertIn("cannot be read", self.problem())

    def test_a_pipe_is_not_waited_for(self) -> None:
        os.mkfifo(self.path)
        self.assertIn("no regular file", self.problem())

    def test_what_the_system_cannot_open_is_said_in_its_words(self) -> None:
        self.path.symlink_to(self.path.name)
        self.assertIn("cannot be read: ", self.problem())

    def test_a_huge_file_is_not_read_to_its_end(self) -> None:
        write(self.path, b"")
        os.truncate(self.path, 1 << 40)
        self.assertIn(f"more than {LARGEST_FILE} bytes", self.problem())

    def test_the_largest_file_is_an_argument(self) -> None:
        content = pem(CA.certificate)
        write(self.path, content)
        self.assertEqual(read_file(self.path, largest=len(content)).content, content)
        self.assertRaises(CredentialError, read_file, self.path, largest=len(content) - 1)
