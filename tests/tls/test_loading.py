"""From what is to be read to a security."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.tls.certificates import CA
from tests.tls.threads import in_this_thread
from txdicomtls.errors import CredentialError, ProfileUnavailable
from txdicomtls.tls import (
    CredentialFiles,
    FixedPassword,
    Preference,
    Security,
    SecurityFiles,
    TrustFiles,
    load_security,
)

OWN = CA.issue("pacs.example")


class SecurityFilesTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        for name, content in (
            ("node.crt", OWN.certificate_pem),
            ("node.key", OWN.key_pem()),
            ("ca.crt", CA.certificate_pem),
        ):
            (self.folder / name).touch(mode=0o600)
            (self.folder / name).write_bytes(content)
        self.trust = TrustFiles(authorities=(self.folder / "ca.crt",))

    def shown(self) -> CredentialFiles:
        return CredentialFiles(
            certificate=self.folder / "node.crt", private_key=self.folder / "node.key"
        )

    def load(self, files: SecurityFiles) -> Security:
        return self.successResultOf(files.load(in_this_thread))

    def test_the_first_certificate_is_the_usual_one_and_the_rest_are_further(self) -> None:
        files = SecurityFiles(trust=self.trust, credentials=(self.shown(), self.shown()))
        made = self.load(files)
        assert made.credentials is not None
        self.assertEqual(OWN.certificate, made.credentials.certificate)
        self.assertEqual(1, len(made.further))
        self.assertIsNone(self.load(SecurityFiles(trust=self.trust)).credentials)

    def test_every_file_is_known_that_the_result_depends_on(self) -> None:
        crls = self.folder / "crls"
        files = SecurityFiles(
            trust=TrustFiles(authorities=(self.folder,), pinned=(self.folder,), crls=(crls,)),
            credentials=(
                CredentialFiles(
                    certificate=self.folder / "a",
                    chain=(self.folder / "b",),
                    ocsp_response=self.folder / "c",
                ),
            ),
        )
        names = [path.name for path in files.files]
        self.assertEqual([self.folder.name, self.folder.name, "crls", "a", "b", "c"], names)

    def test_whose_order_counts_says_nothing_of_which_suites_there_are(self) -> None:
        name = "bcp195-rfc9325-modified"
        usual = self.load(SecurityFiles(trust=self.trust, profile=name)).profile
        files = SecurityFiles(trust=self.trust, profile=name, preference=Preference.CLIENT)
        profile = self.load(files).profile
        self.assertEqual(usual.suites, profile.suites)
        self.assertIs(Preference.CLIENT, profile.preference)

    def test_what_the_openssl_in_use_cannot_do_is_told(self) -> None:
        files = SecurityFiles(trust=self.trust, profile="basic")
        error = self.failureResultOf(files.load(in_this_thread), ProfileUnavailable).value
        self.assertIn("TLS_RSA_WITH_3DES_EDE_CBC_SHA", str(error))

    def test_no_password_is_shown(self) -> None:
        shown = replace(self.shown(), password=FixedPassword(b"secret"))
        self.assertNotIn("secret", repr(SecurityFiles(trust=self.trust, credentials=(shown,))))

    def test_a_key_without_its_certificate_is_refused(self) -> None:
        loading = load_security(
            certificate=None,
            private_key=self.folder / "node.key",
            trust=[self.folder / "ca.crt"],
            in_thread=in_this_thread,
        )
        self.failureResultOf(loading, CredentialError)
