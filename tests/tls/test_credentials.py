"""A certificate and its key are loaded, or one plain line says why not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import NoEncryption, pkcs12
from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from tests.tls.certificates import CA, DAY, NOW, OTHER_CA, Issued, private_key
from tests.tls.key_files import FORMS, RIGHT, der, key_bytes, pem, pkcs12_bytes, write
from tests.tls.threads import in_this_thread
from txdicomtls.errors import CredentialError, PasswordUnavailable, WrongPassword
from txdicomtls.interfaces import IPasswordSource
from txdicomtls.tls import Credentials, EnvironmentPassword, FixedPassword, load_credentials
from txdicomtls.tls.keyring import Keyring

UPPER = CA.issue(subject="Upper", is_ca=True, kind="p384")
LOWER = UPPER.issue(subject="Lower", is_ca=True, kind="p384")
NODE = CA.issue("node.example")
BELOW = LOWER.issue("node.example")


class CredentialsTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.certificate = self.folder / "node.crt"
        self.key: Path | None = self.folder / "node.key"

    def file(self, name: str, content: bytes) -> Path:
        return write(self.folder / name, content)

    def write(self, issued: Issued, key_pem: bytes | None = None) -> None:
        self.file("node.crt", issued.certificate_pem)
        self.file("node.key", issued.key_pem() if key_pem is None else key_pem)

    def load(
        self,
        password: IPasswordSource | None = None,
        *,
        chain: Sequence[Path] = (),
        trusted: Sequence[x509.Certificate] | None = None,
        **more: Any,
    ) -> Deferred[Credentials]:
        return load_credentials(
            self.certificate,
            self.key,
            password,
            chain=chain,
            trusted=trusted,
            in_thread=in_this_thread,
            **more,
        )

    def loaded(self, password: IPasswordSource | None = None, **more: Any) -> Credentials:
        return self.successResultOf(self.load(password, **more))

    def problem(self, password: IPasswordSource | None = None, **more: Any) -> CredentialError:
        error = self.failureResultOf(self.load(password, **more), CredentialError).value
        assert isinstance(error, CredentialError)
        self.assertNotIn("\n", str(error))
        return error


class FormTests(CredentialsTestCase):
    def test_each_form_of_certificate_goes_with_each_form_of_key(self) -> None:
        for kind in ("rsa2048", "p256"):
            issued = CA.issue("node.example", kind=kind)
            for certificate in (pem(issued.certificate), der(issued.certificate)):
                for form in FORMS:
                    self.file("node.crt", certificate)
                    self.file("node.key", key_bytes(issued.key, form))
                    loaded = self.loaded()
                    self.assertEqual(loaded.certificate, issued.certificate)
                    self.assertEqual(loaded.private_key.public_key(), issued.key.public_key())

    def test_each_encrypted_form_opens_with_the_right_password_only(self) -> None:
        for form in ("PKCS #8 PEM", "PKCS #8 DER", "traditional PEM"):
            self.write(NODE, key_bytes(NODE.key, form, RIGHT))
            self.assertEqual(self.loaded(FixedPassword(RIGHT)).certificate, NODE.certificate)
            self.assertIsInstance(self.problem(FixedPassword(b"wrong")), WrongPassword)

    def test_one_pem_file_may_hold_both_with_the_key_named_or_not(self) -> None:
        for key in (None, self.certificate):
            self.key = key
            for content in (
                NODE.key_pem() + NODE.certificate_pem,
                NODE.certificate_pem + NODE.key_pem(),
            ):
                self.file("node.crt", content)
                self.assertEqual(self.loaded().certificate, NODE.certificate)

    def test_one_pkcs12_file_holds_all_of_it(self) -> None:
        for key in (None, self.certificate):
            self.key = key
            for password in (None, RIGHT):
                self.file("node.crt", pkcs12_bytes(BELOW, password))
                loaded = self.loaded(FixedPassword(RIGHT))
                self.assertEqual(
                    (loaded.certificate, loaded.chain), (BELOW.certificate, BELOW.chain)
                )
                self.assertEqual(loaded.private_key.public_key(), BELOW.key.public_key())
            self.assertIsInstance(self.problem(FixedPassword(b"wrong")), WrongPassword)

    def test_the_chain_in_a_pkcs12_file_is_put_in_order_and_its_root_dropped(self) -> None:
        self.key = None
        others = [CA.certificate, *reversed(BELOW.chain)]
        self.file("node.crt", pkcs12_bytes(BELOW, RIGHT, chain=others))
        self.assertEqual(self.loaded(FixedPassword(RIGHT)).chain, BELOW.chain)

    def test_only_the_key_may_be_in_pkcs12(self) -> None:
        self.file("node.crt", der(NODE.certificate))
        self.file("node.key", pkcs12_bytes(NODE, RIGHT))
        self.assertEqual(self.loaded(FixedPassword(RIGHT)).certificate, NODE.certificate)

    def test_a_key_beside_a_pkcs12_file_is_one_too_many(self) -> None:
        self.file("node.crt", pkcs12_bytes(NODE))
        self.file("node.key", NODE.key_pem())
        self.assertIn("name no other beside it", self.problem().problem)

    def test_editors_may_have_touched_the_files(self) -> None:
        for before, end_of_line, after in (
            (b"", b"\r\n", b""),
            (b"\xef\xbb\xbf", b"\n", b""),
            (b"before\n", b"\n", b"after\n"),
        ):
            for name, text in (("node.crt", NODE.certificate_pem), ("node.key", NODE.key_pem())):
                self.file(name, before + text.replace(b"\n", end_of_line) + after)
            self.assertEqual(self.loaded().certificate, NODE.certificate)

    def test_the_key_does_not_show(self) -> None:
        self.write(NODE)
        self.assertNotIn("private_key", repr(self.loaded()))

    def test_the_files_are_read_outside_the_reactor_thread(self) -> None:
        self.write(NODE)
        waiting: Deferred[object] = Deferred()
        loading = load_credentials(
            self.certificate,
            self.key,
            in_thread=lambda *_args, **_kwargs: waiting,  # type: ignore[arg-type]  # never answers
        )
        self.assertNoResult(loading)


class ChainTests(CredentialsTestCase):
    def test_the_certificates_after_the_first_are_the_chain(self) -> None:
        self.write(BELOW)
        self.assertEqual(self.loaded().chain, (LOWER.certificate, UPPER.certificate))

    def test_the_chain_is_found_in_any_order_and_in_files_of_its_own(self) -> None:
        self.write(BELOW)
        lower, upper = der(LOWER.certificate), pem(CA.certificate, UPPER.certificate)
        for own, files in (
            (pem(CA.certificate, UPPER.certificate, LOWER.certificate, BELOW.certificate), []),
            (pem(BELOW.certificate), [lower, upper]),
            (pem(BELOW.certificate), [upper, lower]),
            (pem(BELOW.certificate, LOWER.certificate), [upper, lower]),
        ):
            self.file("node.crt", own)
            chain = [self.file(f"{number}.crt", each) for number, each in enumerate(files)]
            loaded = self.loaded(chain=chain)
            self.assertEqual((loaded.certificate, loaded.chain), (BELOW.certificate, BELOW.chain))

    def test_a_missing_intermediate_is_refused_where_it_is_certain(self) -> None:
        self.write(BELOW)
        self.file("node.crt", pem(BELOW.certificate, UPPER.certificate))
        error = self.problem()
        self.assertEqual(error.path, str(self.certificate))
        self.assertIn("the certificate of CN=Lower is missing", error.problem)

    def test_a_missing_intermediate_is_a_warning_where_it_is_likely(self) -> None:
        self.write(BELOW)
        self.file("node.crt", pem(BELOW.certificate))
        with capturedLogs() as events:
            self.loaded(trusted=[CA.certificate])
        self.assertEqual([event["log_level"].name for event in events], ["warn"])
        self.assertIn("end at CN=Lower", events[0]["doubt"])

    def test_where_nothing_is_wrong_nothing_is_said(self) -> None:
        self.write(BELOW)
        with capturedLogs() as events:
            self.loaded(trusted=[CA.certificate])
            self.file("node.crt", pem(BELOW.certificate))
            self.loaded()
        self.assertEqual(events, [])

    def test_what_belongs_to_no_part_of_the_chain_is_not_sent_and_said_to_be_so(self) -> None:
        stranger = OTHER_CA.issue(subject="Stranger", is_ca=True).certificate
        self.write(BELOW)
        path = self.file("stranger.crt", pem(stranger))
        with capturedLogs() as events:
            self.assertEqual(self.loaded(chain=[path]).chain, BELOW.chain)
        self.assertEqual(len(events), 1)
        self.assertIn("CN=Stranger belongs to no part", events[0]["doubt"])

    def test_an_intermediate_that_no_peer_would_take_is_refused(self) -> None:
        expired = CA.issue(subject="Old", is_ca=True, begin=NOW - 2 * DAY, end=NOW - DAY)
        weak = CA.issue(subject="Weak", is_ca=True, kind="rsa1024")
        for issuer, words in ((expired, "CN=Old in the chain expired"), (weak, "1024 bits")):
            self.write(issuer.issue("node.example"))
            self.assertIn(words, self.problem().problem)

    def test_a_chain_file_that_cannot_be_used_is_named(self) -> None:
        self.write(BELOW)
        path = self.file("chain.crt", b"")
        self.assertEqual(str(self.problem(chain=[path])), f"{path}: this file is empty")


class PasswordTests(CredentialsTestCase):
    def test_no_source_is_said_plainly(self) -> None:
        self.write(NODE, NODE.key_pem(RIGHT))
        self.assertIn("no password is configured", self.problem().problem)

    def test_a_source_without_an_answer_ends_it(self) -> None:
        self.write(NODE, NODE.key_pem(RIGHT))
        error = self.problem(EnvironmentPassword("UNSET", {}))
        self.assertIsInstance(error, PasswordUnavailable)

    def test_a_keyring_opens_a_key_once_for_all_who_use_it(self) -> None:
        self.write(NODE, NODE.key_pem(RIGHT))
        keyring = Keyring()
        self.loaded(FixedPassword(RIGHT), keyring=keyring)
        self.assertEqual(self.loaded(None, keyring=keyring).certificate, NODE.certificate)

    def test_a_keyring_opens_a_pkcs12_file_once_with_its_certificates(self) -> None:
        self.key = None
        self.file("node.crt", pkcs12_bytes(BELOW, RIGHT))
        keyring = Keyring()
        self.loaded(FixedPassword(RIGHT), keyring=keyring)
        self.assertEqual(self.loaded(None, keyring=keyring).chain, BELOW.chain)


class UnusableTests(CredentialsTestCase):
    def test_a_missing_file_is_named(self) -> None:
        error = self.problem()
        self.assertEqual(error.path, str(self.certificate))
        self.assertIn("no such file", error.problem)
        self.file("node.crt", NODE.certificate_pem)
        self.assertEqual(self.problem().path, str(self.key))

    def test_exchanged_files_are_noticed_on_either_side(self) -> None:
        self.write(NODE, NODE.key_pem())
        self.file("node.crt", NODE.key_pem())
        self.assertIn("are the two exchanged", self.problem().problem)
        self.write(NODE, NODE.certificate_pem)
        error = self.problem()
        self.assertIn("are the two exchanged", error.problem)
        self.assertEqual(error.path, str(self.key))

    def test_a_certificate_alone_asks_for_the_file_of_its_key(self) -> None:
        self.key = None
        for content in (pem(NODE.certificate), der(NODE.certificate)):
            self.file("node.crt", content)
            self.assertIn("name the file that has it", self.problem().problem)

    def test_a_key_of_another_certificate_is_refused(self) -> None:
        self.write(NODE, Issued(NODE.certificate, private_key("p256", 7)).key_pem())
        error = self.problem()
        self.assertIn("does not belong", error.problem)
        self.assertIn(str(self.certificate), error.problem)
        self.assertNotIn("nor to any other", error.problem)
        self.file("node.crt", BELOW.certificate_pem)
        self.assertIn("nor to any other there", self.problem().problem)

    def test_a_pkcs12_file_without_a_certificate_is_refused(self) -> None:
        self.key = None
        content = pkcs12.serialize_key_and_certificates(None, NODE.key, None, None, NoEncryption())
        self.file("node.crt", content)
        self.assertIn("no certificate in this PKCS #12", self.problem().problem)

    def test_a_key_that_everybody_may_read_is_refused(self) -> None:
        self.write(NODE)
        assert self.key is not None
        self.key.chmod(0o644)
        error = self.problem()
        self.assertIn("chmod 600", error.problem)
        self.assertEqual(error.path, str(self.key))
        self.key.chmod(0o640)
        self.loaded()

    def test_short_keys_are_refused(self) -> None:
        for kind, bits in (("rsa1024", "1024"), ("p224", "224")):
            self.write(CA.issue("node.example", kind=kind))
            self.assertIn(bits, self.problem().problem)

    def test_a_certificate_out_of_its_time_is_refused_with_its_date(self) -> None:
        self.write(CA.issue("node.example", begin=NOW - 2 * DAY, end=NOW - DAY))
        self.assertIn(f"expired on {NOW - DAY:%Y-%m-%d %H:%M} UTC", self.problem().problem)
        self.write(CA.issue("node.example", begin=NOW + DAY, end=NOW + 2 * DAY))
        self.assertIn(f"not valid before {NOW + DAY:%Y-%m-%d %H:%M}", self.problem().problem)

    def test_the_time_is_an_argument(self) -> None:
        self.write(NODE)
        self.assertIn("expired", self.problem(now=lambda: NOW + 2 * DAY).problem)
