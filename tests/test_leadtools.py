"""The page on LEADTOOLS is complete, and what it names of ours is there."""

from __future__ import annotations

import re

from twisted.python.reflect import namedAny
from twisted.trial.unittest import SynchronousTestCase

from tests.running import ROOT
from txdicomtls.tls import PROFILES, describe_suite

#: The TLS functions, callbacks and events of LEADTOOLS, in C, C++ and .NET.
FUNCTIONS = """
    LDicomNet L_DicomCreateNet L_DicomCreateNetExt L_SSL_CTX_CREATE Initialize StartUp
    DicomOpenSslContextCreationSettings
    L_DicomSetClientCertificateTLS SetTlsClientCertificate L_DicomSetServerCertificateTLS
    PRIVATEKEYPASSWORD OnPrivateKeyPassword PrivateKeyPassword
    ONSECURELINKREADY OnSecureLinkReady AfterSecureLinkReady
    VERIFY OnVerify VerifyCertificate
    L_DicomSetCipherToIndexTLS SetCipherToIndexTLS SetTlsCipherSuiteByIndex
    L_DicomGetCipherFromIndexTLS GetCipherFromIndexTLS GetTlsCipherSuiteByIndex
    L_DicomGetCiphersuiteTLS GetCiphersuiteTLS GetTlsCipherSuite
    L_DicomGetEncryptionAlgorithmTLS
    L_DicomGetAuthenticationAlgorithmTLS GetAuthenticationAlgorithmTLS
    GetTlsAuthenticationAlgorithm
    L_DicomGetIntegrityAlgorithmTLS GetIntegrityAlgorithmTLS GetTlsIntegrityAlgorithm
    L_DicomGetKeyExchangeAlgorithmTLS GetKeyExchangeAlgorithmTLS GetTlsKeyExchangeAlgorithm
    L_DicomGetEncryptKeyLengthTLS GetEncryptKeyLengthTLS GetTlsEncryptionKeyLength
    L_DicomGetMutualAuthKeyLengthTLS GetMutualAuthKeyLengthTLS
    GetTlsMutualAuthenticationKeyLength
    GetErrorSecure GetLastIsclOrTlsError
""".split()  # noqa: SIM905  # one literal reads better than sixty in quotes

#: Its enumerations, and the members that are known.
ENUMERATIONS = """
    DicomTlsCipherSuiteType None DheRsaWithDesCbcSha DheRsaWith3DesEdeCbcSha DheRsaAes256Sha
    RsaWithAes128CbcSha RsaWith3DesEdeCbcSha DheRsaWithAes128GcmSha256
    EcdheRsaWithAes128GcmSha256 DheRsaWithAes256GcmSha384 EcdheRsaWithAes256GcmSha384
    DicomTlsCertificateType
    DicomSslMethodType SslV2 SslV3 TlsV1 SslV23
    DicomOpenSslVerificationFlags Peer FailIfNoPeerCertificate ClientOnce
    DicomOpenSslOptionsFlags AllBugWorkarounds NoSslV2 NoSslV3
    DicomNetSecurityMode
    DicomTlsEncryptionMethodType DicomTlsMacMethodType DicomTlsExchangeMethodType
    DicomTlsAuthenticationMethodType DicomSecurityCertificateExceptionCode
""".split()  # noqa: SIM905  # likewise

#: Suites of its enumeration, by their IANA names.
SUITES = {
    "DheRsaWithDesCbcSha": "TLS_DHE_RSA_WITH_DES_CBC_SHA",
    "DheRsaWith3DesEdeCbcSha": "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA",
    "DheRsaAes256Sha": "TLS_DHE_RSA_WITH_AES_256_CBC_SHA",
    "RsaWithAes128CbcSha": "TLS_RSA_WITH_AES_128_CBC_SHA",
    "RsaWith3DesEdeCbcSha": "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
    "DheRsaWithAes128GcmSha256": "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
    "EcdheRsaWithAes128GcmSha256": "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "DheRsaWithAes256GcmSha384": "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
    "EcdheRsaWithAes256GcmSha384": "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
}


class PageTests(SynchronousTestCase):
    def setUp(self) -> None:
        text = (ROOT / "docs/leadtools.md").read_text()
        self.code = re.findall(r"`([^`]+)`", text)
        self.rows = [
            re.findall(r"`([^`]+)`", line) for line in text.splitlines() if line[:1] == "|"
        ]

    def test_everything_of_leadtools_is_on_it(self) -> None:
        words = {word for code in self.code for word in re.findall(r"\w+", code)}
        for name in (*FUNCTIONS, *ENUMERATIONS):
            self.assertIn(name, words)

    def test_everything_that_it_names_of_ours_is_there(self) -> None:
        names = {code.lstrip("~") for code in self.code if re.match(r"~?txdicomtls\.", code)}
        self.assertGreater(len(names), 40)
        missing = [name for name in sorted(names) if not _is_there(name)]
        self.assertEqual([], missing)

    def test_each_suite_has_the_profiles_that_it_is_in(self) -> None:
        for name, suite in SUITES.items():
            self.assertEqual(suite, describe_suite(suite).iana_name)
            [said] = [set(row) & set(PROFILES) for row in self.rows if name in row]
            having = {each for each, profile in PROFILES.items() if suite in profile.cipher_suites}
            self.assertEqual(having, said, name)


def _is_there(name: str) -> bool:
    try:
        namedAny(name)
    except (AttributeError, ValueError):  # as from a name that does not exist
        return False
    return True
