"""A handshake with OpenSSL in which everything is taken, to see what a server shows.

It tells what a first flight in the clear does not: the certificates of a server
that speaks TLS 1.3 only, whether one without a client certificate is turned
away, and whether a session is taken up again.  In TLS 1.3 the server judges when
the client is done already (RFC 8446 E.1.1): so after the handshake there is a
pause for its word, then our close_notify, and its answer to that is waited for.
Nothing is verified here, and no byte of an application is sent.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from OpenSSL import SSL, crypto
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from txdicomtls.errors import HandshakeFailed, LinkError
from txdicomtls.tls.bindings import was_resumed
from txdicomtls.tls.credentials import Credentials
from txdicomtls.tls.diagnosis import FIRST_BYTES, explain

#: Seconds after the handshake in which a server may still refuse, or send tickets.
PAUSE = 0.3

_READ = 1 << 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a handshake is made with.

    :param server_name: for server name indication, in A-labels; empty for none.
    :param alpn: application protocols; empty for none.
    :param session: to be taken up.
    """

    server_name: str = ""
    alpn: tuple[bytes, ...] = ()
    session: SSL.Session | None = None


@dataclass(slots=True)
class Handshake:
    """What became of it.

    :param version: of TLS, as "TLSv1.3"; empty where none was agreed on.
    :param suite: OpenSSL's name of the suite.
    :param chain: certificates as served, DER.
    :param staple: the OCSP response, DER; empty for none.
    :param certificate_requested: the server wants to see a certificate of ours.
    :param authorities: names of the CAs that it says it takes (RFC 4514).
    :param alpn: the application protocol that it chose; empty for none.
    :param is_complete: the handshake came to its end on our side.
    :param survived: and the server had nothing against us afterwards.
    :param resumed: the session was taken up.
    :param session: to be taken up the next time.
    :param error: why not.
    """

    version: str = ""
    suite: str = ""
    chain: tuple[bytes, ...] = ()
    staple: bytes = b""
    certificate_requested: bool = False
    authorities: tuple[str, ...] = ()
    alpn: bytes = b""
    is_complete: bool = False
    survived: bool = False
    resumed: bool = False
    session: SSL.Session | None = None
    error: LinkError | None = None


def lenient_context(credentials: Credentials | None = None) -> SSL.Context:
    """A context for clients that takes everything there is, and verifies nothing.

    :param credentials: what to show a server that asks; None for nothing.
    """
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_options(SSL.OP_LEGACY_SERVER_CONNECT)
    context.set_cipher_list(b"ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    context.set_verify(SSL.VERIFY_NONE, lambda *_: True)
    context.set_ocsp_client_callback(_keep_staple)
    if credentials is not None:
        context.use_certificate(credentials.certificate)
        for intermediate in credentials.chain:
            context.add_extra_chain_cert(intermediate)
        context.use_privatekey(credentials.private_key)
    return context


def _keep_staple(connection: SSL.Connection, staple: bytes, _data: object) -> bool:
    handshake = connection.get_app_data()
    if isinstance(handshake, Handshake):
        handshake.staple = staple
    return True


class HandshakeProtocol(Protocol):
    """Makes one handshake and closes the connection.

    :param clock: for the pause.
    :ivar result: what became of it.
    :ivar done: fires when nothing more is to be learned.
    """

    def __init__(self, clock: IReactorTime, context: SSL.Context, offer: Offer) -> None:
        self.result = Handshake()
        self.done: Deferred[None] = Deferred()
        self._clock = clock
        self._first_bytes = b""
        self._pause: IDelayedCall | None = None
        self._closing = False
        self._tls = connection = SSL.Connection(context, None)
        connection.set_app_data(self.result)
        connection.set_info_callback(self._note_state)
        connection.request_ocsp()
        if offer.server_name:
            connection.set_tlsext_host_name(offer.server_name.encode("ascii"))
        if offer.alpn:
            connection.set_alpn_protos(list(offer.alpn))
        if offer.session is not None:
            connection.set_session(offer.session)
        connection.set_connect_state()

    def connectionMade(self) -> None:
        """Begin."""
        self._step()

    def dataReceived(self, data: bytes) -> None:
        """Go on."""
        if self.done.called:
            return
        if len(self._first_bytes) < FIRST_BYTES:
            self._first_bytes += data[: FIRST_BYTES - len(self._first_bytes)]
        self._tls.bio_write(data)
        self._step()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Whoever goes after our farewell has nothing against us."""
        if self.result.is_complete and self._closing:
            self.result.survived = self.result.error is None
            self._finish()
        else:
            self._fail(reason)

    def end(self, problem: str) -> None:
        """Nothing more will come; who says nothing after the handshake has nothing against us."""
        if self.done.called:
            return
        if self.result.is_complete:
            self.result.survived = True
        else:
            self.result.error = HandshakeFailed(problem, by_peer=False)
        self._finish()

    def _step(self) -> None:
        try:
            if not self.result.is_complete:
                self._attempt(self._tls.do_handshake)
                self._completed()
            while not self.done.called:
                self._attempt(lambda: self._tls.recv(_READ))
        except SSL.WantReadError:
            pass
        except SSL.ZeroReturnError:
            self.result.survived = True
            self._finish()
        except SSL.Error as error:
            self._fail(error)
        self._flush()

    def _attempt(self, turn: Callable[[], object]) -> None:
        try:
            turn()
        finally:
            self._flush()

    def _completed(self) -> None:
        self.result.is_complete = True
        self.result.resumed = was_resumed(self._tls)
        if self._tls.get_protocol_version() < SSL.TLS1_3_VERSION:
            # The server's Finished came last: it has seen what we showed.
            self.result.survived = True
            self._finish()
        else:
            self._pause = self._clock.callLater(PAUSE, self._say_farewell)

    def _say_farewell(self) -> None:
        self._pause = None
        self._closing = True
        self._shut_down()

    def _shut_down(self) -> None:
        with suppress(SSL.Error):  # where there is no link to close
            self._attempt(self._tls.shutdown)

    def _flush(self) -> None:
        transport = self.transport
        while transport is not None:
            try:
                transport.write(self._tls.bio_read(_READ))
            except SSL.Error:
                return

    def _fail(self, reason: Failure | SSL.Error) -> None:
        if not self.done.called:
            self.result.error = explain(
                reason,
                first_bytes=self._first_bytes,
                is_client=True,
                handshake_done=self.result.is_complete,
            )
            self._finish()

    def _finish(self) -> None:
        """Gather what is known, and go."""
        if self.done.called:
            return
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None
        self._gather()
        if self.result.is_complete and not self._closing:
            self._shut_down()
        if self.transport is not None:
            self.transport.loseConnection()
        self.done.callback(None)

    def _gather(self) -> None:
        result, connection = self.result, self._tls
        result.suite = connection.get_cipher_name() or ""
        if result.suite:
            result.version = connection.get_protocol_version_name()
        chain = connection.get_peer_cert_chain(as_cryptography=False) or []
        result.chain = tuple(
            crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate) for certificate in chain
        )
        result.alpn = connection.get_alpn_proto_negotiated()
        result.authorities = tuple(
            name.rfc4514_string() for name in connection.get_client_ca_list(as_cryptography=True)
        )
        if result.survived:
            result.session = connection.get_session()

    def _note_state(self, connection: SSL.Connection, _where: int, _value: int) -> None:
        # OpenSSL has no other way to tell that it was asked and had nothing to show.
        if b"read server certificate request" in connection.get_state_string():
            self.result.certificate_requested = True
