"""Endpoints, and what their strings may say."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from twisted.internet._resolver import HostResolution
from twisted.internet.endpoints import clientFromString, serverFromString
from twisted.internet.error import CannotListenError, ConnectError
from twisted.internet.interfaces import (
    IAddress,
    IHostnameResolver,
    IHostResolution,
    IResolutionReceiver,
)
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from tests.running import Certificates, make_certificates
from txdicomtls.errors import CredentialError, PeerUnreachable
from txdicomtls.net import ClientEndpoint, ServerEndpoint
from txdicomtls.net.endpoint_strings import (
    client_endpoint_from_strings,
    security_from_strings,
    server_endpoint_from_strings,
)
from txdicomtls.tls import ClientCertificate, Preference, Revocation, TLSTransport


@implementer(IHostnameResolver)
class NoAddresses:
    """Knows no name."""

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type[IAddress]] | None = None,
        transportSemantics: str = "TCP",
    ) -> IHostResolution:
        resolution = HostResolution(hostName)
        resolutionReceiver.resolutionBegan(resolution)
        resolutionReceiver.resolutionComplete()
        return resolution


class AtOnce:
    """A thread pool without threads."""

    def callInThreadWithCallback(
        self,
        done: Callable[[bool, Any], None],
        function: Callable[..., Any],
        *args: Any,
        **named: Any,
    ) -> None:
        try:
            result = function(*args, **named)
        except Exception:  # noqa: BLE001  # as a thread pool does
            done(False, Failure())
        else:
            done(True, result)


class Reactor(MemoryReactorClock):
    """Listens, connects and works in threads, all in memory."""

    def getThreadPool(self) -> AtOnce:
        return AtOnce()

    def callFromThread(self, function: Callable[..., Any], *args: Any, **named: Any) -> None:
        function(*args, **named)


class EndpointCase(SynchronousTestCase):
    certificates: Certificates

    def setUp(self) -> None:
        self.reactor: Any = Reactor()
        self.certificates = make_certificates(Path(self.mktemp()))

    def files(self, name: str) -> dict[str, str]:
        return {
            "certificate": str(self.certificates.certificate(name)),
            "key": str(self.certificates.key(name)),
            "trust": str(self.certificates.certificate("ca")),
        }

    def listening(self, endpoint: Any) -> tuple[Any, ...]:
        """What the reactor was told to listen with: port, factory, backlog, interface."""
        self.successResultOf(endpoint.listen(Factory.forProtocol(Protocol)))
        (server,) = self.reactor.tcpServers
        return tuple(server)


def empty_crl(certificates: Certificates) -> x509.CertificateRevocationList:
    """A list of the CA, without an entry."""
    key, now = certificates.authority.key, datetime.now(UTC)
    return (
        x509.CertificateRevocationListBuilder()
        .issuer_name(key.certificate.subject)
        .last_update(now)
        .next_update(now + timedelta(days=1))
        .sign(key.private_key, SHA256())
    )


class ServerTests(EndpointCase):
    def server(self, *args: str, **more: str) -> ServerEndpoint:
        return server_endpoint_from_strings(self.reactor, *args, **(self.files("node") | more))

    def test_it_listens_over_tls_where_it_was_told_to(self) -> None:
        port, factory, backlog, interface = self.listening(
            self.server("11112", interface="127.0.0.1", backlog="7")
        )
        self.assertEqual((11112, 7, "127.0.0.1"), (port, backlog, interface))
        self.assertIsInstance(factory.buildProtocol(None), TLSTransport)

    def test_the_registered_port_is_the_default(self) -> None:
        self.assertEqual(2762, self.listening(self.server())[0])

    def test_an_ipv6_interface_is_listened_on(self) -> None:
        files = ":".join(f"{name}={path}" for name, path in self.files("node").items())
        endpoint = serverFromString(self.reactor, rf"dicomtls:2762:interface=\:\:1:{files}")
        self.assertEqual("::1", self.listening(endpoint)[3])

    def test_nothing_is_read_before_it_listens(self) -> None:
        endpoint = self.server(certificate="/nowhere/node.crt")
        failure = self.failureResultOf(endpoint.listen(Factory()), CredentialError)
        self.assertIn("/nowhere/node.crt", str(failure.value))
        self.assertEqual([], self.reactor.tcpServers)

    def test_a_port_that_cannot_be_had_is_told_as_twisted_does(self) -> None:
        def taken(*args: Any, **named: Any) -> None:
            raise CannotListenError("127.0.0.1", 2762, OSError("taken"))

        self.reactor.listenTCP = taken
        self.failureResultOf(self.server().listen(Factory()), CannotListenError)

    def assert_refused(self, word: str, *args: str, without: str = "", **more: str) -> None:
        files = self.files("node") | more
        files.pop(without, None)
        error = self.assertRaises(
            ValueError, server_endpoint_from_strings, self.reactor, *args, **files
        )
        self.assertIs(ValueError, type(error))
        self.assertIn(word, str(error))

    def test_each_wrong_argument_is_named(self) -> None:
        for missing in ("certificate", "trust"):
            self.assert_refused(f"{missing}=FILE is missing", without=missing)
        self.assert_refused("port", "dicom")
        self.assert_refused("backlog", backlog="many")
        self.assert_refused("client_certificate", client_certificate="perhaps")
        self.assert_refused("unknown argument cerificate", cerificate="typing.crt")
        self.assert_refused("revocation must be one of none, leaf, chain", revocation="all")
        self.assert_refused("add revocation=leaf or chain", crls="ca.crl")
        self.assert_refused("stapling must be one of ignored, checked, required", stapling="no")
        self.assert_refused("preference must be one of server, client", preference="mine")
        self.assert_refused("verify_name must be yes or no", verify_name="maybe")
        self.assert_refused("resumption must be yes or no", resumption="2")

    def test_a_port_out_of_range_is_named(self) -> None:
        for port in ("-1", "65536"):
            self.assert_refused("port", port)

    def test_what_is_asked_of_clients_can_be_chosen(self) -> None:
        for text, wanted in (
            ("required", ClientCertificate.REQUIRED),
            ("optional", ClientCertificate.OPTIONAL),
            ("none", ClientCertificate.NONE),
        ):
            load: Any = self.server(client_certificate=text)._security
            self.assertIs(wanted, self.successResultOf(load()).client_certificate)


class SecurityTests(EndpointCase):
    def test_several_files_of_trust_are_separated_by_commas(self) -> None:
        other = make_certificates(Path(self.mktemp())).certificate("ca")
        files = self.files("node")
        files["trust"] += f",{other}"
        security = self.successResultOf(security_from_strings(self.reactor, **files)())
        self.assertEqual(2, len(security.trust.certificates))

    def test_what_is_trusted_and_how_can_be_said(self) -> None:
        files = self.files("client")
        pinned = self.certificates.certificate("node")
        crl = self.certificates.directory / "ca.crl"
        crl.write_bytes(empty_crl(self.certificates).public_bytes(Encoding.PEM))
        trust = self.successResultOf(
            security_from_strings(
                self.reactor, pinned=str(pinned), crls=str(crl), revocation="leaf", **files
            )()
        ).trust
        self.assertEqual((1, 1, 1), (len(trust.certificates), len(trust.pinned), len(trust.crls)))
        self.assertIs(Revocation.LEAF, trust.revocation)
        del files["trust"]
        load = security_from_strings(self.reactor, pinned=str(pinned), **files)
        self.assertEqual((), self.successResultOf(load()).trust.certificates)

    def test_suites_and_whose_order_counts_can_be_chosen(self) -> None:
        names = "ECDHE-ECDSA-AES128-GCM-SHA256,TLS_AES_128_GCM_SHA256"
        load = security_from_strings(
            self.reactor, cipher_suites=names, preference="client", **self.files("node")
        )
        profile = self.successResultOf(load()).profile
        self.assertEqual(
            ["TLS_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"],
            [suite.iana_name for suite in profile.suites],
        )
        self.assertIs(Preference.CLIENT, profile.preference)
        load = security_from_strings(self.reactor, cipher_suites="NULL-SHA", **self.files("node"))
        self.assertIn("NULL-SHA", str(self.failureResultOf(load(), ValueError).value))

    def test_names_and_sessions_are_as_safe_as_nothing_else_is_said(self) -> None:
        for more, expected in (
            ({}, (True, True)),
            ({"verify_name": "no", "resumption": "no"}, (False, False)),
        ):
            load = security_from_strings(self.reactor, **self.files("client"), **more)
            security = self.successResultOf(load())
            self.assertEqual(expected, (security.verify_names, security.sessions is not None))

    def test_an_unknown_profile_is_named(self) -> None:
        load = security_from_strings(self.reactor, profile="best", **self.files("node"))
        self.assertIn("best", str(self.failureResultOf(load(), ValueError).value))

    def test_the_password_of_a_key_comes_from_a_file_or_the_environment(self) -> None:
        directory = Path(self.mktemp())
        key = self.certificates.authority.key
        directory.mkdir()
        (directory / "node.crt").write_bytes(key.certificate_pem())
        (directory / "node.key").write_bytes(key.private_key_pem(b"secret"))
        (directory / "node.key").chmod(0o600)
        (directory / "password").write_text("secret\n")
        (directory / "wrong").write_text("guess\n")
        self.patch(os, "environ", {"NODE_PASSWORD": "secret"})
        files = {
            "certificate": str(directory / "node.crt"),
            "key": str(directory / "node.key"),
            "trust": str(directory / "node.crt"),
        }
        for right in (
            {"password_file": str(directory / "password")},
            {"password_env": "NODE_PASSWORD"},
        ):
            self.successResultOf(security_from_strings(self.reactor, **files, **right)())
        for wrong in (
            {},
            {"password_file": str(directory / "wrong")},
            {"password_env": "NOT_THERE"},
        ):
            load = security_from_strings(self.reactor, **files, **wrong)
            self.failureResultOf(load(), CredentialError)


class ClientTests(EndpointCase):
    def client(self, *args: str, **more: str) -> ClientEndpoint:
        return client_endpoint_from_strings(self.reactor, *args, **(self.files("client") | more))

    def test_it_connects_over_tls_and_fires_with_the_protocol_itself(self) -> None:
        connected = self.client("localhost", "11112").connect(Factory.forProtocol(Protocol))
        self.reactor.advance(0)
        (client,) = self.reactor.tcpClients
        self.assertEqual(("127.0.0.1", 11112), client[:2])
        self.assertNoResult(connected)
        transport = client[2].buildProtocol(None)
        transport.makeConnection(StringTransport())
        protocol: Any = self.successResultOf(connected)
        self.assertIsInstance(protocol.transport, TLSTransport)

    def test_a_string_with_a_host_and_a_port_is_understood(self) -> None:
        files = ":".join(f"{name}={path}" for name, path in self.files("client").items())
        endpoint = clientFromString(self.reactor, f"dicomtls:localhost:11112:timeout=3:{files}")
        endpoint.connect(Factory.forProtocol(Protocol))
        self.reactor.advance(0)
        (client,) = self.reactor.tcpClients
        self.assertEqual(("127.0.0.1", 11112, 3), (*client[:2], client[3]))

    def test_nobody_there_is_a_peer_that_cannot_be_reached(self) -> None:
        connecting = self.client("localhost", "11112").connect(Factory.forProtocol(Protocol))
        self.reactor.advance(0)
        (client,) = self.reactor.tcpClients
        client[2].clientConnectionFailed(None, Failure(ConnectError(string="nobody")))
        self.reactor.advance(1)
        error = self.failureResultOf(connecting, PeerUnreachable).value
        self.assertEqual(("localhost", 11112), (error.host, error.port))

    def test_a_host_without_an_address_cannot_be_reached_either(self) -> None:
        self.reactor.nameResolver = NoAddresses()
        connecting = self.client("nobody.invalid", "11112").connect(Factory.forProtocol(Protocol))
        self.reactor.advance(0)
        error = self.failureResultOf(connecting, PeerUnreachable).value
        self.assertEqual(("nobody.invalid", 11112), (error.host, error.port))

    def test_a_connection_attempt_can_be_cancelled(self) -> None:
        connecting = self.client("localhost", "11112").connect(Factory.forProtocol(Protocol))
        self.reactor.advance(0)
        connecting.cancel()
        self.failureResultOf(connecting)
        self.assertEqual([], self.reactor.getDelayedCalls())

    def test_certificates_that_cannot_be_used_are_told_before_connecting(self) -> None:
        endpoint = self.client("localhost", "11112", trust="/nowhere/ca.crt")
        self.failureResultOf(endpoint.connect(Factory()), CredentialError)
        self.assertEqual([], self.reactor.tcpClients)

    def assert_refused(self, word: str, *args: str, without: str = "", **more: str) -> None:
        files = self.files("client") | more
        files.pop(without, None)
        error = self.assertRaises(
            ValueError, client_endpoint_from_strings, self.reactor, *args, **files
        )
        self.assertIs(ValueError, type(error))
        self.assertIn(word, str(error))

    def test_each_wrong_argument_is_named(self) -> None:
        self.assert_refused("host is missing")
        self.assert_refused("port", "localhost", "dicom")
        self.assert_refused("timeout", "localhost", timeout="long")
        self.assert_refused("trust=FILE is missing", "localhost", without="trust")
        self.assert_refused(
            "unknown argument client_certificate", "localhost", client_certificate="none"
        )

    def test_a_port_out_of_range_is_named(self) -> None:
        for port in ("-1", "65536"):
            self.assert_refused("port", "localhost", port)
