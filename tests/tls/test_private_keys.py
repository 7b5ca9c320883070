"""A private key is found in a file of any form, and opened with the right password only."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import dsa, ed448
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from twisted.trial.unittest import SynchronousTestCase

from tests.tls.certificates import CA, private_key
from tests.tls.key_files import FORMS, RIGHT, der, key_bytes, pem, pkcs12_bytes, write
from txdicomtls.errors import CredentialError, WrongPassword
from txdicomtls.tls.credentials import PrivateKey
from txdicomtls.tls.files import read_file
from txdicomtls.tls.private_keys import KeyFile, OpenedKey, key_in, open_key

NODE = CA.issue("node.example")
KEY = NODE.key

#: A key whose cipher OpenSSL knew once: openssl ec -camellia128.
CAMELLIA = b"""\
-----BEGIN EC PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED
DEK-Info: CAMELLIA-128-CBC,0102030405060708090A0B0C0D0E0F10

AAAAAAAAAAAAAAAAAAAAAA==
-----END EC PRIVATE KEY-----
"""


class KeyTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.path = Path(self.mktemp())

    def found(self, content: bytes) -> KeyFile:
        return key_in(read_file(write(self.path, content)))

    def opened(self, content: bytes, password: bytes | None = None) -> OpenedKey:
        return open_key(self.found(content), password)

    def assert_opens(self, content: bytes, key: PrivateKey, password: bytes | None = None) -> None:
        found = self.found(content)
        self.assertEqual(found.encrypted, password is not None)
        self.assertEqual(open_key(found, password).private_key.public_key(), key.public_key())

    def problem(self, content: bytes, password: bytes | None = None) -> str:
        error = self.assertRaises(CredentialError, self.opened, content, password)
        self.assertNotIsInstance(error, WrongPassword)
        self.assertEqual(error.path, str(self.path))
        self.assertNotIn("\n", str(error))
        return str(error.problem)


class FormTests(KeyTestCase):
    def test_keys_of_every_kind_and_form_are_opened(self) -> None:
        for kind in ("rsa2048", "p256", "p384", "ed25519"):
            key = private_key(kind)
            for form in FORMS:
                if kind == "ed25519" and "traditional" in form:
                    continue
                self.assert_opens(key_bytes(key, form), key)

    def test_keys_of_every_encrypted_form_open_with_the_right_password_only(self) -> None:
        for kind in ("rsa2048", "p256"):
            key = private_key(kind)
            for form in ("PKCS #8 PEM", "PKCS #8 DER", "traditional PEM"):
                content = key_bytes(key, form, RIGHT)
                self.assert_opens(content, key, RIGHT)
                for wrong in (b"wrong", b"open sesame ", b"\xff\xfe", b"x" * 5000):
                    self.assertRaises(WrongPassword, self.opened, content, wrong)

    def test_pkcs12_is_opened_with_all_that_is_in_it(self) -> None:
        intermediate = CA.issue(subject="Intermediate", is_ca=True)
        node = intermediate.issue("node.example")
        for password in (None, RIGHT):
            content = pkcs12_bytes(node, password)
            self.assert_opens(content, node.key, password)
            certificates = self.opened(content, password).certificates
            self.assertEqual(certificates, (node.certificate, intermediate.certificate))
        self.assertRaises(WrongPassword, self.opened, content, b"wrong")

    def test_editors_may_have_touched_the_file(self) -> None:
        for password in (None, RIGHT):
            for form in ("PKCS #8 PEM", "traditional PEM"):
                text = key_bytes(KEY, form, password)
                for content in (
                    text.replace(b"\n", b"\r\n"),
                    b"\xef\xbb\xbf" + text,
                    text.decode().encode("utf-16"),
                    b"Key of the node\n" + text + b"keep it safe\n",
                    pem(NODE.certificate) + text + pem(CA.certificate),
                ):
                    self.assert_opens(content, KEY, password)

    def test_the_parameters_that_openssl_writes_before_a_curve_key_do_no_harm(self) -> None:
        parameters = (
            b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
        )
        self.assert_opens(parameters + key_bytes(KEY, "traditional PEM"), KEY)

    def test_the_digest_tells_one_key_from_another_and_not_one_file_from_another(self) -> None:
        text = key_bytes(KEY, "PKCS #8 PEM")
        first = self.found(text).digest
        self.assertEqual(self.found(b"moved\n" + text + pem(NODE.certificate)).digest, first)
        self.assertNotEqual(self.found(key_bytes(private_key("p384"), "PKCS #8 PEM")).digest, first)

    def test_nothing_of_the_key_shows(self) -> None:
        text = key_bytes(KEY, "PKCS #8 PEM")
        self.assertNotIn("BEGIN", repr(self.found(text)))
        self.assertNotIn("private_key", repr(self.opened(text)))


class UnusableTests(KeyTestCase):
    def test_what_is_no_key_is_called_by_its_name(self) -> None:
        other = b"-----BEGIN DH PARAMETERS-----\nAA==\n-----END DH PARAMETERS-----\n"
        openssh = KEY.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
        for content, words in (
            (pem(NODE.certificate), "are the two exchanged?"),
            (der(NODE.certificate), "are the two exchanged?"),
            (other, "no private key in this file"),
            (openssh, "ssh-keygen"),
            (b"battery staple", "not a PEM file"),
            (NODE.key_pem() + CA.key_pem(), "2 private keys"),
        ):
            self.assertIn(words, self.problem(content))

    def test_damaged_keys_are_not_taken_for_a_wrong_password(self) -> None:
        for password in (None, RIGHT):
            text, binary = (key_bytes(KEY, f"PKCS #8 {form}", password) for form in ("PEM", "DER"))
            lines = text.splitlines(keepends=True)
            for content in (
                b"".join(lines[:-1]),
                b"".join((*lines[:1], *lines[2:])),
                text[:60] + b"!" + text[61:],
                text[:-40] + text[-36:],
                binary[:-1],
                binary[:40],
            ):
                self.assertIn("damaged", self.problem(content, password), content[:40])
        traditional = key_bytes(KEY, "traditional PEM", RIGHT)
        self.assertIn("damaged", self.problem(traditional[:150] + b"!" + traditional[151:], RIGHT))
        bundle = pkcs12_bytes(NODE, RIGHT)
        self.assertIn("damaged", self.problem(bundle[:-9], RIGHT))

    def test_a_damaged_key_has_no_password_to_ask_for(self) -> None:
        for content in (b"\x30\x06\x02\x01\x00\x04\x01\x00", b"\x30\x06\x02\x01\x00\x02\x01\x00"):
            self.assertFalse(self.found(content).encrypted)
            self.assertIn("damaged", self.problem(content))

    def test_an_encryption_that_is_not_supported_is_no_wrong_password(self) -> None:
        self.assertIn("encrypt it anew", self.problem(CAMELLIA, RIGHT))

    def test_keys_that_tls_has_no_use_for_are_refused(self) -> None:
        content = dsa.generate_private_key(2048).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
        self.assertIn("only RSA, EC and EdDSA", self.problem(content))
        other = ed448.Ed448PrivateKey.generate()
        self.assert_opens(key_bytes(other, "PKCS #8 PEM"), other)

    def test_a_pkcs12_file_without_a_key_is_refused(self) -> None:
        content = pkcs12.serialize_key_and_certificates(
            None, None, CA.certificate, None, NoEncryption()
        )
        self.assertIn("no private key in this PKCS #12", self.problem(content))


class ModeTests(KeyTestCase):
    def test_a_key_that_everybody_may_read_or_change_is_refused_with_the_remedy(self) -> None:
        for content in (
            NODE.key_pem(),
            NODE.key_pem(RIGHT),
            key_bytes(KEY, "PKCS #8 DER"),
            pkcs12_bytes(NODE, RIGHT),
            pem(NODE.certificate) + NODE.key_pem(),
        ):
            for mode, words in ((0o644, "read"), (0o604, "read"), (0o602, "change")):
                file = read_file(write(self.path, content, mode))
                error = self.assertRaises(CredentialError, key_in, file)
                self.assertIn(f"everybody on this machine may {words}", str(error))
                self.assertIn(f"chmod 600 {self.path}", str(error))

    def test_its_owner_and_its_group_may_read_it(self) -> None:
        for mode in (0o400, 0o600, 0o440, 0o640, 0o660):
            self.assertFalse(key_in(read_file(write(self.path, NODE.key_pem(), mode))).encrypted)

    def test_what_is_no_key_may_be_read_by_everybody(self) -> None:
        file = read_file(write(self.path, pem(NODE.certificate), 0o644))
        error = self.assertRaises(CredentialError, key_in, file)
        self.assertIn("are the two exchanged?", str(error))
