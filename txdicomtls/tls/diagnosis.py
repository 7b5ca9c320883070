"""From the error that ended a link to one line that says what to do.

OpenSSL says "wrong version number" when it is sent plain DICOM, and "certificate
verify failed" for a dozen causes.  Three sources say more: the first bytes that
the peer sent, the alert in OpenSSL's error text, and what our own verification
has recorded (which arrives here as a :class:`~txdicomtls.errors.LinkError`).
"""

from __future__ import annotations

import re

from OpenSSL import SSL
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.python.failure import Failure

from txdicomtls.errors import HandshakeFailed, LinkError, PeerNotTLS
from txdicomtls.tls.alerts import ALERTS, Alert

#: How many bytes from the start of a connection :func:`explain` makes use of.
FIRST_BYTES = 8

# Content types of the records that may begin a connection: alert and handshake (RFC 8446 5.1).
_TLS_RECORDS = (0x15, 0x16)

_HTTP = (b"GET ", b"POST", b"HEAD", b"PUT ", b"OPTI", b"DELE", b"CONN", b"PRI ", b"HTTP")

# As in "tlsv1 alert unknown ca" and "tlsv13 alert certificate required"; OpenSSL leaves the
# word out of those that came with the extensions of TLS, as in "tlsv1 unrecognized name".
_ALERT = re.compile(r"\balert (.+)$")
_ALERT_OF_EXTENSIONS = re.compile(
    r"^tlsv1 (unsupported extension|unrecognized name"
    r"|bad certificate status response|bad certificate hash value)$"
)

#: What we found wrong ourselves, by OpenSSL's reason: the alert that we send, and the words for it.
_REASONS = {
    "peer did not return a certificate": Alert(
        "certificate_required",
        "the client showed no certificate, and this node requires one: configure a "
        "certificate and its private key there",
    ),
    "no shared cipher": Alert(
        "handshake_failure",
        "the client offers no cipher suite that the profile allows, or none that goes with the "
        "type of our key and a group of both: update it, or choose another profile",
    ),
    "no suitable key share": Alert(
        "handshake_failure", "the client offers no key exchange group that the profile allows"
    ),
    "no suitable groups": Alert(
        "handshake_failure", "the client offers no key exchange group that the profile allows"
    ),
    "no suitable signature algorithm": Alert(
        "handshake_failure", "the client takes no signature that our key can make"
    ),
    "unsupported protocol": Alert(
        "protocol_version",
        "the peer speaks only versions of TLS that the profile does not allow: update it",
    ),
    "version too low": Alert(
        "protocol_version",
        "the peer speaks only versions of TLS that the profile does not allow: update it",
    ),
    "wrong ssl version": Alert(
        "protocol_version",
        "the peer chose a version of TLS that the profile does not allow",
    ),
    "certificate verify failed": Alert("", "the certificate of the peer failed verification"),
    "excessive message size": Alert(
        "illegal_parameter",
        "the peer sent a message of the handshake that is too large, as certificates of more "
        "than 100 KiB",
    ),
    "decryption failed or bad record mac": Alert(
        "bad_record_mac", "the integrity check failed: a record was altered on the way"
    ),
    "unexpected message": Alert(
        "unexpected_message", "the peer sent what is no TLS handshake, or sent it out of turn"
    ),
}


def explain(
    reason: Failure | BaseException,
    *,
    first_bytes: bytes,
    is_client: bool,
    handshake_done: bool,
) -> LinkError:
    """Say why a link ended or never came to be.

    :param reason: what the transport gave to ``connectionLost``, or what connecting failed with.
    :param first_bytes: the first bytes that the peer sent, :data:`FIRST_BYTES` of them or fewer.
    :param is_client: whether we are the connecting side.
    :param handshake_done: whether the handshake was complete on our side.
    :return: a :class:`~txdicomtls.errors.LinkError`, the ``reason`` itself if it is one.
    """
    error: BaseException | None = reason.value if isinstance(reason, Failure) else reason
    if error is None:
        raise TypeError("a Failure without an exception")
    if isinstance(error, LinkError):
        return error
    if not handshake_done and first_bytes and first_bytes[0] not in _TLS_RECORDS:
        return _not_tls(first_bytes, is_client=is_client)
    if isinstance(error, SSL.Error) and not isinstance(error, SSL.SysCallError):
        return _from_openssl(error, is_client=is_client, handshake_done=handshake_done)
    return _from_transport(error, first_bytes, handshake_done=handshake_done)


def _not_tls(first_bytes: bytes, *, is_client: bool) -> PeerNotTLS:
    # A PDU begins with its type, 01H to 07H, and a zero byte (PS3.8 9.3.1).
    if 1 <= first_bytes[0] <= 7 and first_bytes[1:2] in (b"", b"\x00"):
        if is_client:
            remedy = "connect to its TLS port, or switch TLS on there"
        else:
            remedy = "switch TLS on at the peer, or give it a port for plain DICOM"
        return PeerNotTLS(
            f"the peer speaks plain DICOM, not DICOM over TLS: {remedy}", "plain DICOM"
        )
    if first_bytes.startswith(_HTTP):
        return PeerNotTLS("the peer speaks HTTP, not TLS: check host and port", "HTTP")
    if first_bytes.startswith(b"SSH-"):
        return PeerNotTLS("the peer speaks SSH, not TLS: check host and port", "SSH")
    return PeerNotTLS(
        f"the peer does not speak TLS (it began with {first_bytes.hex(' ')}): check host and port",
        "unknown",
    )


def _from_openssl(error: SSL.Error, *, is_client: bool, handshake_done: bool) -> LinkError:
    text = _reason_text(error)
    words = _alert_words(text)
    if words:
        alert = ALERTS.get(words, Alert(words.replace(" ", "_"), "to go on"))
        message = f"the peer refused {alert.meaning} (TLS alert {alert.name})"
        # Also after the handshake: in TLS 1.3 a server judges the certificate of the client
        # when the client is done already (RFC 8446 E.1.1).
        return HandshakeFailed(message, by_peer=True, alert=alert.name)
    ours = _REASONS.get(text)
    if handshake_done:
        return LinkError(f"the link broke: {ours.meaning if ours else text or 'no reason given'}")
    if ours:
        return HandshakeFailed(ours.meaning, by_peer=False, alert=ours.name)
    side = "with the server" if is_client else "with the client"
    return HandshakeFailed(
        f"the handshake {side} failed: {text or 'OpenSSL gives no reason'}", by_peer=False
    )


def _reason_text(error: SSL.Error) -> str:
    """The reason at the root, which OpenSSL queues first; its alert, if any, wins."""
    queue = error.args[0] if error.args else ()
    if isinstance(queue, str):
        return queue
    reasons = [entry[2] for entry in queue]
    return next((text for text in reasons if _alert_words(text)), reasons[0] if reasons else "")


def _alert_words(text: str) -> str:
    """What the peer's alert is called, if a reason of OpenSSL is one; else nothing."""
    found = _ALERT.search(text) or _ALERT_OF_EXTENSIONS.search(text)
    return found.group(1) if found else ""


def _from_transport(error: BaseException, first_bytes: bytes, *, handshake_done: bool) -> LinkError:
    if isinstance(error, ConnectionAborted):
        return LinkError("this node dropped the connection")
    if isinstance(error, ConnectionDone | ConnectionLost | SSL.SysCallError):
        if handshake_done:
            clean = isinstance(error, ConnectionDone)
            how = "closed the link" if clean else "dropped the connection without closing the link"
            return LinkError(f"the peer {how}")
        when = "during the TLS handshake" if first_bytes else "without a byte of TLS"
        return HandshakeFailed(
            f"the peer closed the connection {when}: check that this is a port for DICOM over "
            "TLS, and the log of the peer",
            by_peer=True,
        )
    what = "the link broke" if handshake_done else "no link came to be"
    return LinkError(f"{what}: {str(error) or type(error).__name__}")
