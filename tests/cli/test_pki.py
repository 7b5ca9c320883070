"""``txdicomtls pki init``: what it writes, what it says, and what it refuses."""

from __future__ import annotations

import stat
import textwrap
from ipaddress import ip_address
from pathlib import Path

import click
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.verification import PolicyBuilder, Store
from twisted.trial.unittest import SynchronousTestCase

from txdicomtls.cli.main import main
from txdicomtls.node.configuration import Configuration, load_configuration

FILES = ["ca.crt", "ca.key", "client.crt", "client.key", "node.crt", "node.key"]


class PkiInit(SynchronousTestCase):
    def setUp(self) -> None:
        self.directory = Path(self.mktemp()).absolute()
        self.directory.mkdir()
        self.pki = self.directory / "pki"

    def init(self, *options: str | Path, typed: str | None = None) -> Result:
        command = ["pki", "init", *map(str, options), str(self.pki)]
        return CliRunner().invoke(main, command, input=typed)

    def certificate(self, name: str) -> x509.Certificate:
        return x509.load_pem_x509_certificate((self.pki / name).read_bytes())

    def key(self, name: str, password: bytes | None = None) -> object:
        return load_pem_private_key((self.pki / name).read_bytes(), password)

    def configuration(self, result: Result) -> Configuration:
        file = self.directory / "node.toml"
        file.write_text(
            textwrap.dedent(result.stdout.partition("node.toml in")[2].partition("\n")[2])
        )
        return load_configuration(file)

    def assertSucceeded(self, result: Result) -> None:
        self.assertEqual((0, ""), (result.exit_code, result.stderr))

    def assertFailed(self, result: Result, *texts: str) -> None:
        """It failed with one line which says this, and wrote nothing."""
        self.assertEqual(1, result.exit_code, result.output)
        self.assertEqual("txdicomtls: ", result.stderr[:12])
        self.assertEqual(1, len(result.stderr.splitlines()), result.stderr)
        for text in texts:
            self.assertIn(text, result.stderr)
        self.assertFalse(self.pki.exists())

    def assertMisused(self, result: Result, text: str) -> None:
        self.assertEqual(2, result.exit_code, result.output)
        self.assertIn(text, result.stderr)
        self.assertFalse(self.pki.exists())

    def test_six_files_are_written_and_the_keys_are_the_owners_alone(self) -> None:
        result = self.init()
        self.assertSucceeded(result)
        self.assertEqual(FILES, sorted(path.name for path in self.pki.iterdir()))
        for name in FILES:
            mode = stat.S_IMODE((self.pki / name).stat().st_mode)
            self.assertEqual(0o600 if name.endswith(".key") else 0o644, mode, name)
            self.assertIn(str(self.pki / name), result.stdout)

    def test_the_node_is_for_this_machine_unless_told_otherwise(self) -> None:
        self.assertSucceeded(self.init())
        policy = PolicyBuilder().store(Store([self.certificate("ca.crt")]))
        for name in (
            x509.DNSName("localhost"),
            x509.IPAddress(ip_address("127.0.0.1")),
            x509.IPAddress(ip_address("::1")),
        ):
            policy.build_server_verifier(name).verify(self.certificate("node.crt"), [])
        policy.build_client_verifier().verify(self.certificate("client.crt"), [])

    def test_hosts_that_are_given_replace_the_usual_ones(self) -> None:
        result = self.init("--host", "pacs.example", "--host", "192.0.2.7")
        self.assertSucceeded(result)
        extension = self.certificate("node.crt").extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        )
        expected = [x509.DNSName("pacs.example"), x509.IPAddress(ip_address("192.0.2.7"))]
        self.assertEqual(expected, list(extension.value))
        self.assertIn("pacs.example, 192.0.2.7", result.stdout)

    def test_the_configuration_that_it_prints_is_one(self) -> None:
        configuration = self.configuration(self.init())
        tls = configuration.tls["default"]
        self.assertEqual(self.pki / "node.crt", tls.certificate)
        self.assertEqual(self.pki / "node.key", tls.private_key)
        self.assertEqual((self.pki / "ca.crt",), tls.trust)
        self.assertIsNone(tls.password)

    def test_a_directory_with_an_odd_name_is_configured_too(self) -> None:
        self.pki = self.directory / 'a "b" \\ c\n\xfc'
        tls = self.configuration(self.init()).tls["default"]
        self.assertEqual(self.pki / "node.crt", tls.certificate)

    def test_rsa_and_days_are_as_asked_for(self) -> None:
        self.assertSucceeded(self.init("--key-type", "rsa", "--days", "7"))
        self.assertIsInstance(self.key("node.key"), rsa.RSAPrivateKey)
        for name in ("ca.crt", "node.crt", "client.crt"):
            certificate = self.certificate(name)
            validity = certificate.not_valid_after_utc - certificate.not_valid_before_utc
            self.assertEqual(7, validity.days, name)

    def test_a_password_is_asked_for_twice_and_never_shown(self) -> None:
        result = self.init("--password", typed="open sesame\nopen sesame\n")
        self.assertEqual(0, result.exit_code)
        self.assertNotIn("sesame", result.output)
        for name in ("ca.key", "node.key", "client.key"):
            self.key(name, b"open sesame")
            with self.assertRaises(TypeError):  # it needs a password
                self.key(name)
        password = self.configuration(result).tls["default"].password
        assert password is not None
        self.assertTrue(password.prompt)

    def test_two_passwords_that_differ_are_asked_for_again(self) -> None:
        typed = "open sesame\nopen simsim\nopen simsim\nopen simsim\n"
        result = self.init("--password", typed=typed)
        self.assertEqual(0, result.exit_code)
        self.key("node.key", b"open simsim")

    def test_no_answer_to_the_question_is_one_line(self) -> None:
        result = self.init("--password", typed="")
        self.assertEqual(1, result.exit_code)
        self.assertEqual("txdicomtls: the keys: no password was given", _last_line(result))
        self.assertFalse(self.pki.exists())

    def test_a_password_file_gives_its_first_line(self) -> None:
        file = self.directory / "password"
        for content in (b"open sesame", b"open sesame\n", b"open sesame\r\nsecond line\n"):
            file.write_bytes(content)
            result = self.init("--password-file", file, "--force")
            self.assertSucceeded(result)
            self.key("node.key", b"open sesame")
        password = self.configuration(result).tls["default"].password
        assert password is not None
        self.assertEqual(file, password.file)

    def test_a_password_file_that_cannot_be_used_is_one_line(self) -> None:
        file = self.directory / "password"
        self.assertFailed(self.init("--password-file", file), str(file), "No such file")
        self.assertFailed(self.init("--password-file", self.directory), "Is a directory")
        for content in (b"", b"\nsecond line", b"p" * 1024):
            file.write_bytes(content)
            self.assertFailed(self.init("--password-file", file), str(file), "1 to 1023 bytes")

    def test_the_longest_password_is_taken(self) -> None:
        file = self.directory / "password"
        file.write_bytes(b"p" * 1023 + b"\r\n")
        self.assertSucceeded(self.init("--password-file", file))
        self.key("node.key", b"p" * 1023)

    def test_files_that_are_there_are_kept_unless_forced(self) -> None:
        self.assertSucceeded(self.init())
        before = {name: (self.pki / name).read_bytes() for name in FILES}
        result = self.init()
        self.assertEqual(1, result.exit_code)
        self.assertEqual(1, len(result.stderr.splitlines()))
        self.assertIn("force a replacement", result.stderr)
        self.assertEqual(before, {name: (self.pki / name).read_bytes() for name in FILES})
        self.assertSucceeded(self.init("--force"))
        for name in FILES:
            self.assertNotEqual(before[name], (self.pki / name).read_bytes())
        self.assertEqual(FILES, sorted(path.name for path in self.pki.iterdir()))

    def test_a_directory_that_cannot_be_made_is_one_line(self) -> None:
        (self.directory / "file").write_text("")
        self.pki = self.directory / "file" / "pki"
        self.assertFailed(self.init(), "Not a directory")

    def test_wrong_usage_is_status_2_and_says_what_is_wrong(self) -> None:
        self.assertMisused(self.init("--host", "300.1.1.1"), "looks like an IP address")
        self.assertMisused(self.init("--host", "a b"), "neither a DNS name")
        self.assertMisused(self.init("--days", "0"), "--days")
        self.assertMisused(self.init("--days", "36501"), "--days")
        self.assertMisused(self.init("--key-type", "dsa"), "--key-type")
        self.assertMisused(self.init("--password", "--password-file", "x"), "exclude each other")
        self.assertMisused(self.init("--passwort"), "No such option")
        self.assertMisused(self.init("second"), "argument")

    def test_its_help_has_examples_that_work(self) -> None:
        result = CliRunner().invoke(main, ["pki", "init", "--help"])
        lines = [line.split() for line in result.stdout.splitlines()]
        examples = [line[1:] for line in lines if line[:1] == ["txdicomtls"]]
        self.assertGreaterEqual(len(examples), 3)
        for example in examples:
            runner = CliRunner()
            with runner.isolated_filesystem(self.directory):
                done = runner.invoke(main, example, input="p\np\n")
                self.assertEqual(0, done.exit_code, click.unstyle(done.output))


def _last_line(result: Result) -> str:
    return result.stderr.splitlines()[-1]
