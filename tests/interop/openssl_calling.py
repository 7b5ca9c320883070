"""What tests need that call OpenSSL's s_server."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from twisted.internet.protocol import Factory
from twisted.trial.unittest import TestCase

from tests.interop.links import security, the_reactor
from tests.interop.openssl_peer import REJECTION, openssl
from tests.interop.peers import Words
from tests.interop.shared_certificates import shared_certificates
from tests.running import Running
from tests.tls.certificates import Issued
from txdicomtls.net import ClientEndpoint, RequestorProtocol
from txdicomtls.pdu import AssociateRQ, UserInformation
from txdicomtls.scu import verification_context
from txdicomtls.tls import DEFAULT_PROFILE, Profile, SecureLink, Security, Stapling
from txdicomtls.tls.authority import KeyType
from txdicomtls.uids import IMPLEMENTATION_CLASS_UID


class CallingTestCase(TestCase):
    timeout = 60

    def setUp(self) -> None:
        openssl()

    async def security(
        self,
        profile: Profile = DEFAULT_PROFILE,
        key_type: KeyType = KeyType.ECDSA,
        stapling: Stapling = Stapling.CHECKED,
    ) -> Security:
        """Our side of it, with a certificate of the client."""
        usual = await security(shared_certificates(key_type), "client", profile=profile)
        if stapling is usual.trust.stapling:
            return usual
        return Security(
            profile=usual.profile,
            trust=replace(usual.trust, stapling=stapling),
            credentials=usual.credentials,
        )

    def authority(self) -> Issued:
        """The authority that issued the certificates of these tests."""
        key = shared_certificates().authority.key
        return Issued(key.certificate, key.private_key)

    def files(self, issued: Issued) -> Words:
        """Give the options by which s_server shows another certificate than that of the node."""
        certificate, key = (self.written(one) for one in (issued.certificate_pem, issued.key_pem()))
        return ["-cert", certificate, "-key", key]

    def written(self, content: bytes) -> Path:
        """Write a file."""
        path = Path(self.mktemp()).absolute()
        path.write_bytes(content)
        return path


async def call(port: int, secured: Security, host: str = "localhost") -> RequestorProtocol:
    """Connect as a requestor; its link is not ready yet."""
    reactor = the_reactor()
    request = AssociateRQ(
        called_ae_title="PEER",
        calling_ae_title="TXDICOMTLS",
        presentation_contexts=verification_context().proposed,
        user_information=UserInformation(implementation_class_uid=IMPLEMENTATION_CLASS_UID),
    )
    endpoint = ClientEndpoint(reactor, host, port, secured)
    factory = Factory.forProtocol(lambda: RequestorProtocol(reactor, request))
    protocol: Any = await endpoint.connect(factory)
    assert isinstance(protocol, RequestorProtocol)
    return protocol


async def link_to(server: Running, port: int, secured: Security) -> SecureLink:
    """Connect to an s_server; what the link is that is left when it has refused an association."""
    protocol = await call(port, secured)
    link = await protocol.when_secure_link_ready()
    server.transport.write(REJECTION)  # type: ignore[union-attr]  # it runs
    await protocol.when_closed()
    return link
