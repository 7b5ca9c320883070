"""The security profiles of DCMTK beside ours, and what tests of them share."""

from __future__ import annotations

from dataclasses import dataclass

from twisted.trial.unittest import TestCase

from tests.interop.links import Acceptor, security, start_acceptor
from tests.interop.peers import dcmtk, dcmtk_credentials, run
from tests.interop.shared_certificates import shared_certificates
from txdicomtls.tls import PROFILES, Profile, SecureLink
from txdicomtls.tls.authority import KeyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """A profile of ours, DCMTK's option for it, and what they must agree on with RSA keys."""

    profile: str
    option: str
    protocol: str
    suite: str
    encryption: str
    integrity: str = "AEAD"
    key_exchange: str = "ECDHE"


_TLS_1_3_GCM = {
    "protocol": "TLSv1.3",
    "suite": "TLS_AES_256_GCM_SHA384",
    "encryption": "AES-256-GCM",
}

DEFAULT = Pairing(profile="bcp195-rfc9325", option="+py", **_TLS_1_3_GCM)
BCP195 = Pairing(profile="bcp195", option="+px", **_TLS_1_3_GCM)
NON_DOWNGRADING = Pairing(profile="bcp195-non-downgrading", option="+py", **_TLS_1_3_GCM)
EXTENDED = Pairing(
    profile="bcp195-extended",
    option="+pz",
    protocol="TLSv1.2",
    suite="TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    encryption="AES-256-GCM",
)
AES = Pairing(
    profile="aes",
    option="+pa",
    protocol="TLSv1.2",
    suite="TLS_RSA_WITH_AES_128_CBC_SHA",
    encryption="AES-128-CBC",
    integrity="HMAC-SHA1",
    key_exchange="RSA",
)
UNENCRYPTED = Pairing(
    profile="atna-unencrypted",
    option="+pn",
    protocol="TLSv1.2",
    suite="TLS_RSA_WITH_NULL_SHA",
    encryption="NULL",
    integrity="HMAC-SHA1",
    key_exchange="RSA",
)


class PairedTestCase(TestCase):
    timeout = 60

    def setUp(self) -> None:
        self.echoscu = dcmtk("echoscu")
        self.storescu = dcmtk("storescu")
        self.rsa = shared_certificates(KeyType.RSA)

    async def acceptor(self, profile: str | Profile, key_type: KeyType = KeyType.RSA) -> Acceptor:
        """Let an acceptor of ours listen under a profile."""
        profile = PROFILES[profile] if isinstance(profile, str) else profile
        certificates = shared_certificates(key_type)
        return await start_acceptor(self, await security(certificates, "node", profile=profile))

    async def echo_from(self, port: int, *options: str, key_type: KeyType = KeyType.RSA) -> str:
        """Let DCMTK's echoscu call; what it said."""
        credentials = dcmtk_credentials(shared_certificates(key_type), "client")
        command = [self.echoscu, "-d", *options, *credentials, "-aec", "TXDICOM", "localhost"]
        _, said = await run(self, [*command, str(port)])
        return said

    def assert_agreed(self, pairing: Pairing, link: SecureLink) -> None:
        """A link is what a profile has it be."""
        self.assertEqual(
            pairing,
            Pairing(
                profile=link.profile,
                option=pairing.option,
                protocol=link.protocol,
                suite=link.cipher_suite,
                encryption=link.encryption,
                integrity=link.integrity,
                key_exchange=link.key_exchange,
            ),
        )
