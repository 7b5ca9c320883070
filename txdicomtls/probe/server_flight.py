"""What a server answers to a ClientHello, as far as it can be read without a key.

Up to TLS 1.2 that is the whole first flight, ServerHello to ServerHelloDone
(RFC 5246 7.3); in TLS 1.3 it is the ServerHello or the HelloRetryRequest (RFC
8446 2.1).  An alert may take the place of any of it.

The server is anybody.  Bytes come in any chunking, messages in any fragments,
and every length may lie: what cannot be read ends the reading and says so, it
never raises out of :meth:`FlightReader.feed`, and no length makes us hold more than
:data:`MOST_BYTES`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType

from txdicomtls.probe.hello import Extension, ProtocolVersion
from txdicomtls.probe.octets import Octets, UnreadableError, split_vectors
from txdicomtls.tls.diagnosis import FIRST_BYTES

#: More than any first flight has: a chain of a hundred certificates fits.
MOST_BYTES = 1 << 18

# RFC 5246 6.2: a record holds 2**14 bytes, and 2048 more where it is encrypted.
_LONGEST_RECORD = (1 << 14) + 2048

_CHANGE_CIPHER_SPEC, _ALERT, _HANDSHAKE = 0x14, 0x15, 0x16

_SERVER_HELLO = 2


class Message(IntEnum):
    """Handshake messages that are read (IANA: TLS HandshakeType)."""

    HELLO_REQUEST = 0
    SERVER_HELLO = 2
    NEW_SESSION_TICKET = 4
    CERTIFICATE = 11
    SERVER_KEY_EXCHANGE = 12
    CERTIFICATE_REQUEST = 13
    SERVER_HELLO_DONE = 14
    CERTIFICATE_STATUS = 22
    SUPPLEMENTAL_DATA = 23


#: Say nothing that is asked here.
_PASSED_OVER = (Message.HELLO_REQUEST, Message.NEW_SESSION_TICKET, Message.SUPPLEMENTAL_DATA)

#: The random of a ServerHello that is a HelloRetryRequest (RFC 8446 4.1.3).
HELLO_RETRY_RANDOM = bytes.fromhex(
    "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c"
)

_FATAL = 2

#: IANA: TLS Alerts.
ALERT_NAMES = {
    0: "close_notify",
    10: "unexpected_message",
    20: "bad_record_mac",
    21: "decryption_failed",
    22: "record_overflow",
    30: "decompression_failure",
    40: "handshake_failure",
    41: "no_certificate",
    42: "bad_certificate",
    43: "unsupported_certificate",
    44: "certificate_revoked",
    45: "certificate_expired",
    46: "certificate_unknown",
    47: "illegal_parameter",
    48: "unknown_ca",
    49: "access_denied",
    50: "decode_error",
    51: "decrypt_error",
    60: "export_restriction",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    90: "user_canceled",
    100: "no_renegotiation",
    109: "missing_extension",
    110: "unsupported_extension",
    111: "certificate_unobtainable",
    112: "unrecognized_name",
    113: "bad_certificate_status_response",
    114: "bad_certificate_hash_value",
    115: "unknown_psk_identity",
    116: "certificate_required",
    120: "no_application_protocol",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerHello:
    """What the server chose.

    :param version: of TLS, as on the wire, whichever field says it.
    :param suite: code of the cipher suite.
    :param compression: the method; 0 for none.
    :param retry: it is a HelloRetryRequest.
    :param group: in TLS 1.3, that of the key exchange; None where it names none.
    :param extensions: content by type.
    """

    version: int
    suite: int
    compression: int
    retry: bool
    group: int | None
    extensions: Mapping[int, bytes]

    @property
    def alpn(self) -> bytes:
        """The application protocol that it chose; empty for none."""
        content = self.extensions.get(Extension.ALPN, b"")
        return content[3:] if len(content) > 3 else b""


@dataclass(slots=True)
class ServerFlight:
    """All that came.

    :param first_bytes: the first of it, for :func:`~txdicomtls.tls.explain`.
    :param hello: None where there was none.
    :param chain: certificates as served, DER.
    :param key_exchange: content of ServerKeyExchange; empty for none.
    :param staple: the OCSP response, DER; empty for none.
    :param certificate_requested: the server wants to see a certificate of ours.
    :param authorities: names of the CAs that it says it takes, DER.
    :param alert: name of the fatal alert that ended it; empty for none.
    :param warnings: names of the alerts that did not.
    :param problem: why the rest could not be read, or why nothing more came; empty where
        all was well.
    :param is_complete: nothing more can be read.
    """

    first_bytes: bytes = b""
    hello: ServerHello | None = None
    chain: tuple[bytes, ...] = ()
    key_exchange: bytes = b""
    staple: bytes = b""
    certificate_requested: bool = False
    authorities: tuple[bytes, ...] = ()
    alert: str = ""
    warnings: list[str] = field(default_factory=list)
    problem: str = ""
    is_complete: bool = False


class FlightReader:
    """Reads the answer, in whatever pieces it comes.

    :ivar flight: what was read up to now.
    """

    def __init__(self) -> None:
        self.flight = ServerFlight()
        self._records = bytearray()
        self._messages = bytearray()
        self._total = 0

    def feed(self, data: bytes) -> None:
        """Take the next bytes; without effect once the flight is complete."""
        flight = self.flight
        if flight.is_complete:
            return
        if len(flight.first_bytes) < FIRST_BYTES:
            flight.first_bytes += data[: FIRST_BYTES - len(flight.first_bytes)]
        self._records += data
        try:
            while self._next_record():
                pass
        except UnreadableError as error:
            flight.problem = str(error)
            flight.is_complete = True

    def end(self, problem: str) -> None:
        """Nothing more will come.

        :param problem: why, where the flight is not complete.
        """
        if not self.flight.is_complete:
            self.flight.problem = problem
            self.flight.is_complete = True

    def _next_record(self) -> bool:
        """Read a record, if there is a whole one."""
        if self._records and self._records[0] not in (_CHANGE_CIPHER_SPEC, _ALERT, _HANDSHAKE):
            raise UnreadableError("it sent what is no record of TLS")
        if len(self._records) < 5:
            return False
        length = int.from_bytes(self._records[3:5], "big")
        if self._records[1] != 3:
            raise UnreadableError("it sent a record of a version that is none")
        if length > _LONGEST_RECORD:
            raise UnreadableError("it sent a record that is too long")
        if len(self._records) < 5 + length:
            return False
        kind, content = self._records[0], bytes(self._records[5 : 5 + length])
        del self._records[: 5 + length]
        self._total += 5 + length
        if self._total > MOST_BYTES:
            raise UnreadableError("it sent a first flight that does not end")
        if kind == _ALERT:
            self._alert(content)
        elif kind == _HANDSHAKE:
            self._messages += content
            while self._next_message():
                pass
        return not self.flight.is_complete

    def _alert(self, content: bytes) -> None:
        if len(content) != 2:
            raise UnreadableError("it sent an alert that cannot be read")
        level, code = content
        name = ALERT_NAMES.get(code, f"alert {code}")
        if level == _FATAL or code == 0:
            self.flight.alert = name
            self.flight.is_complete = True
        elif len(self.flight.warnings) < len(ALERT_NAMES):
            self.flight.warnings.append(name)

    def _next_message(self) -> bool:
        """Read a handshake message, if there is a whole one."""
        if len(self._messages) < 4:
            return False
        length = int.from_bytes(self._messages[1:4], "big")
        if length > MOST_BYTES:
            raise UnreadableError("it sent a handshake message that is too long")
        if len(self._messages) < 4 + length:
            return False
        kind, content = self._messages[0], bytes(self._messages[4 : 4 + length])
        del self._messages[: 4 + length]
        if self.flight.hello is None and kind not in (Message.SERVER_HELLO, *_PASSED_OVER):
            raise UnreadableError("it did not begin with a ServerHello")
        self._message(kind, Octets(content))
        return not self.flight.is_complete

    def _message(self, kind: int, octets: Octets) -> None:
        flight = self.flight
        match kind:
            case Message.SERVER_HELLO:
                if flight.hello is not None:
                    raise UnreadableError("it sent a second ServerHello")
                flight.hello = _server_hello(octets)
                # What follows in TLS 1.3 is encrypted, or waits for another ClientHello.
                flight.is_complete = flight.hello.version >= ProtocolVersion.TLS_1_3
            case Message.CERTIFICATE:
                flight.chain = split_vectors(octets.vector(3), 3)
            case Message.SERVER_KEY_EXCHANGE:
                flight.key_exchange = octets.rest()
            case Message.CERTIFICATE_REQUEST:
                flight.certificate_requested = True
                flight.authorities = self._authorities(octets)
            case Message.SERVER_HELLO_DONE:
                flight.is_complete = True
            case Message.CERTIFICATE_STATUS:
                if octets.number(1) == 1:  # OCSP (RFC 6066 8)
                    flight.staple = octets.vector(3)
            case _ if kind not in _PASSED_OVER:
                raise UnreadableError(f"it sent a handshake message of type {kind} out of turn")

    def _authorities(self, octets: Octets) -> tuple[bytes, ...]:
        octets.vector(1)  # certificate types
        if self.flight.hello is not None and self.flight.hello.version >= ProtocolVersion.TLS_1_2:
            octets.vector(2)  # signature algorithms
        return split_vectors(octets.vector(2), 2)


def ephemeral_group(flight: ServerFlight) -> int | None:
    """The named group of a key exchange by ECDHE up to TLS 1.2 (RFC 8422 5.4); None for another."""
    content = flight.key_exchange
    return int.from_bytes(content[1:3], "big") if content[:1] == b"\x03" and content[2:] else None


def ephemeral_prime_bits(flight: ServerFlight) -> int:
    """Length of the prime of a key exchange by DHE up to TLS 1.2 (RFC 5246 7.4.3); 0 for none."""
    try:
        return int.from_bytes(Octets(flight.key_exchange).vector(2), "big").bit_length()
    except UnreadableError:
        return 0


def _server_hello(octets: Octets) -> ServerHello:
    version = octets.number(2)
    retry = octets.take(32) == HELLO_RETRY_RANDOM
    octets.vector(1)  # session ID
    suite = octets.number(2)
    compression = octets.number(1)
    extensions: dict[int, bytes] = {}
    if not octets.is_empty:
        each = Octets(octets.vector(2))
        while not each.is_empty:
            kind = each.number(2)
            extensions[kind] = each.vector(2)
    chosen = extensions.get(Extension.SUPPORTED_VERSIONS, b"")
    share = extensions.get(Extension.KEY_SHARE, b"")
    return ServerHello(
        version=int.from_bytes(chosen, "big") if len(chosen) == 2 else version,
        suite=suite,
        compression=compression,
        retry=retry,
        group=int.from_bytes(share[:2], "big") if len(share) >= 2 else None,
        extensions=MappingProxyType(extensions),
    )
