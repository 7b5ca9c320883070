"""Trusted certificates come from files, each once."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.tls.certificates import CA, OTHER_CA
from tests.tls.threads import in_this_thread
from txdicomtls.errors import CredentialError
from txdicomtls.tls import load_trust


class LoadTrustTests(SynchronousTestCase):
    def setUp(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir()
        self.first = folder / "first.pem"
        self.second = folder / "second.pem"

    def test_all_certificates_of_all_files_are_trusted_once(self) -> None:
        self.first.write_bytes(CA.certificate_pem + OTHER_CA.certificate_pem)
        self.second.write_bytes(b"# a comment\r\n" + CA.certificate_pem)
        trust = self.successResultOf(
            load_trust([self.first, self.second], in_thread=in_this_thread)
        )
        self.assertEqual(trust.certificates, (CA.certificate, OTHER_CA.certificate))

    def test_a_file_without_certificates_is_named(self) -> None:
        self.first.write_bytes(CA.certificate_pem)
        self.second.write_bytes(b"")
        loading = load_trust([self.first, self.second], in_thread=in_this_thread)
        failure = self.failureResultOf(loading, CredentialError)
        self.assertEqual(failure.value.path, str(self.second))

    def test_no_files_are_no_trust(self) -> None:
        trust = self.successResultOf(load_trust([], in_thread=in_this_thread))
        self.assertEqual(trust.certificates, ())
