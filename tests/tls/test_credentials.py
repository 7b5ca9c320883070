"""A certificate and its key are loaded, or one plain line says why not."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.serialization import PrivateFormat
from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from tests.tls.certificates import CA, DAY, NOW, Issued, private_key
from tests.tls.threads import in_this_thread
from txdicomtls.errors import CredentialError, PasswordUnavailable, WrongPassword
from txdicomtls.interfaces import IPasswordSource
from txdicomtls.tls import Credentials, EnvironmentPassword, FixedPassword, load_credentials

SECRET = b"open sesame"


@implementer(IPasswordSource)
class Person:
    """Gives one answer after another."""

    interactive = True

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.questions: list[tuple[str, int]] = []

    def password(self, key: str, attempt: int) -> Deferred[bytes]:
        self.questions.append((key, attempt))
        return succeed(self.answers.pop(0))


class CredentialsTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir()
        self.certificate = folder / "node.crt"
        self.key = folder / "node.key"

    def write(self, issued: Issued, key_pem: bytes | None = None) -> None:
        self.certificate.write_bytes(issued.certificate_pem)
        self.key.write_bytes(issued.key_pem() if key_pem is None else key_pem)

    def load(self, password: IPasswordSource | None = None) -> Deferred[Credentials]:
        return load_credentials(self.certificate, self.key, password, in_thread=in_this_thread)

    def problem(self, password: IPasswordSource | None = None) -> CredentialError:
        error = self.failureResultOf(self.load(password), CredentialError).value
        assert isinstance(error, CredentialError)
        self.assertNotIn("\n", str(error))
        return error


class LoadCredentialsTests(CredentialsTestCase):
    def test_keys_of_every_kind_and_form_are_loaded(self) -> None:
        forms = [(kind, PrivateFormat.PKCS8) for kind in ("rsa2048", "p256", "p384", "ed25519")]
        forms += [(kind, PrivateFormat.TraditionalOpenSSL) for kind in ("rsa2048", "p256")]
        for kind, form in forms:
            issued = CA.issue("node.example", kind=kind)
            for password in (None, SECRET):
                if password and kind == "ed25519" and form is PrivateFormat.TraditionalOpenSSL:
                    continue
                self.write(issued, issued.key_pem(password, form))
                loaded = self.successResultOf(self.load(FixedPassword(SECRET)))
                self.assertEqual(loaded.certificate, issued.certificate)
                self.assertEqual(loaded.private_key.public_key(), issued.key.public_key())

    def test_the_certificates_after_the_first_are_the_chain(self) -> None:
        intermediate = CA.issue(subject="Intermediate", is_ca=True)
        issued = intermediate.issue("node.example")
        self.write(issued)
        loaded = self.successResultOf(self.load())
        self.assertEqual(loaded.chain, (intermediate.certificate,))

    def test_one_file_may_hold_both(self) -> None:
        issued = CA.issue("node.example")
        for content in (
            issued.key_pem() + issued.certificate_pem,
            issued.certificate_pem + issued.key_pem(),
        ):
            self.certificate.write_bytes(content)
            self.key = self.certificate
            self.assertEqual(self.successResultOf(self.load()).certificate, issued.certificate)

    def test_the_key_does_not_show(self) -> None:
        issued = CA.issue("node.example")
        self.write(issued)
        self.assertNotIn("private_key", repr(self.successResultOf(self.load())))

    def test_the_files_are_read_outside_the_reactor_thread(self) -> None:
        self.write(CA.issue("node.example"))
        waiting: Deferred[object] = Deferred()
        loading = load_credentials(
            self.certificate,
            self.key,
            in_thread=lambda *_args, **_kwargs: waiting,  # type: ignore[arg-type]  # never answers
        )
        self.assertNoResult(loading)


class PasswordQuestionTests(CredentialsTestCase):
    def setUp(self) -> None:
        super().setUp()
        issued = CA.issue("node.example")
        self.write(issued, issued.key_pem(SECRET))

    def test_a_key_without_a_password_asks_for_none(self) -> None:
        self.write(CA.issue("node.example"))
        person = Person()
        self.successResultOf(self.load(person))
        self.assertEqual(person.questions, [])

    def test_a_person_is_asked_again_after_a_wrong_answer(self) -> None:
        person = Person(b"", b"wrong", SECRET)
        self.successResultOf(self.load(person))
        self.assertEqual(person.questions, [(str(self.key), attempt) for attempt in (1, 2, 3)])

    def test_after_the_last_attempt_the_password_is_wrong(self) -> None:
        person = Person(b"a", b"b", b"c", SECRET)
        self.assertIsInstance(self.problem(person), WrongPassword)
        self.assertEqual(len(person.questions), 3)

    def test_a_source_that_would_answer_the_same_is_asked_once(self) -> None:
        person = Person(b"wrong", SECRET)
        person.interactive = False
        self.assertIsInstance(self.problem(person), WrongPassword)
        self.assertEqual(len(person.questions), 1)

    def test_no_source_is_said_plainly(self) -> None:
        self.assertIn("no password is configured", self.problem().problem)

    def test_a_source_without_an_answer_ends_it(self) -> None:
        error = self.problem(EnvironmentPassword("UNSET", {}))
        self.assertIsInstance(error, PasswordUnavailable)

    def test_no_error_holds_the_password(self) -> None:
        for answer in (b"hunter2hunter2", b"\xff\xfe"):
            failure = self.failureResultOf(self.load(FixedPassword(answer)), WrongPassword)
            self.assertNotIn("hunter2", failure.getTraceback())


class UnusableTests(CredentialsTestCase):
    def test_a_missing_file_is_named(self) -> None:
        error = self.problem()
        self.assertEqual(error.path, str(self.certificate))
        self.assertIn("no such file", error.problem)

    def test_a_folder_is_no_file(self) -> None:
        self.certificate.mkdir()
        self.assertIn("cannot be read", self.problem().problem)

    def test_exchanged_files_are_noticed_on_either_side(self) -> None:
        issued = CA.issue("node.example")
        self.certificate.write_bytes(issued.key_pem())
        self.key.write_bytes(issued.key_pem())
        self.assertIn("are the two exchanged", self.problem().problem)
        self.write(issued, issued.certificate_pem)
        error = self.problem()
        self.assertIn("are the two exchanged", error.problem)
        self.assertEqual(error.path, str(self.key))

    def test_what_is_not_pem_is_told_how_to_become_it(self) -> None:
        issued = CA.issue("node.example")
        self.write(issued)
        self.certificate.write_bytes(b"\x30\x82\x01")
        self.assertIn("openssl x509 -inform DER", self.problem().problem)
        self.write(issued, b"\x30\x82\x01")
        self.assertIn("openssl pkey -inform DER", self.problem().problem)

    def test_pem_of_another_kind_is_refused(self) -> None:
        issued = CA.issue("node.example")
        other = b"-----BEGIN DH PARAMETERS-----\nAA==\n-----END DH PARAMETERS-----\n"
        self.write(issued, other)
        self.assertIn("no private key", self.problem().problem)
        self.certificate.write_bytes(other)
        self.assertIn("no certificate", self.problem().problem)

    def test_damaged_files_are_refused(self) -> None:
        issued = CA.issue("node.example")
        self.write(issued, issued.key_pem()[:80] + issued.key_pem()[90:])
        self.assertIn("damaged", self.problem().problem)
        self.certificate.write_bytes(
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
        )
        self.assertIn("damaged", self.problem().problem)

    def test_a_key_of_another_certificate_is_refused(self) -> None:
        issued = CA.issue("node.example")
        self.write(issued, Issued(issued.certificate, private_key("p256", 7)).key_pem())
        error = self.problem()
        self.assertIn("does not belong", error.problem)
        self.assertIn(str(self.certificate), error.problem)

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
        self.write(CA.issue("node.example"))
        loading = load_credentials(
            self.certificate, self.key, in_thread=in_this_thread, now=lambda: NOW + 2 * DAY
        )
        self.failureResultOf(loading, CredentialError)
