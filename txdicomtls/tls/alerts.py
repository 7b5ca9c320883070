"""TLS alerts (RFC 8446 6, RFC 5246 7.2) in words: what the peer means, and what to do."""

from __future__ import annotations

from typing import NamedTuple


class Alert(NamedTuple):
    """An alert that a peer may send.

    :param name: as in the RFC.
    :param meaning: completes the sentence "the peer refused ...".
    """

    name: str
    meaning: str


_CERTIFICATE_UNREADABLE = "our certificate, or a part of its chain, as damaged or not acceptable"

#: By the words of OpenSSL's error text after "alert".
ALERTS = {
    "unexpected message": Alert("unexpected_message", "a message as out of place"),
    "bad record mac": Alert("bad_record_mac", "a record as altered on the way"),
    "decryption failed": Alert("decryption_failed", "a record as altered on the way"),
    "record overflow": Alert("record_overflow", "a record as too long"),
    "decompression failure": Alert("decompression_failure", "compressed data"),
    "handshake failure": Alert(
        "handshake_failure",
        "the handshake: it has no cipher suite or group in common with this node, "
        "or wants a client certificate and got none",
    ),
    "no certificate": Alert("no_certificate", "the handshake for want of a certificate"),
    "bad certificate": Alert("bad_certificate", _CERTIFICATE_UNREADABLE),
    "unsupported certificate": Alert(
        "unsupported_certificate",
        "our certificate as not meant for this: see its key usage and extended key usage",
    ),
    "certificate revoked": Alert("certificate_revoked", "our certificate as revoked"),
    "certificate expired": Alert(
        "certificate_expired", "our certificate as expired: renew it, or check the peer's clock"
    ),
    "certificate unknown": Alert(
        "certificate_unknown",
        "our certificate for a reason that it does not give: see the log of the peer",
    ),
    "illegal parameter": Alert("illegal_parameter", "a parameter of the handshake"),
    "unknown ca": Alert(
        "unknown_ca",
        "our certificate because it does not trust the CA that issued it: "
        "add that CA to the peer's trust, or send the certificates between",
    ),
    "access denied": Alert("access_denied", "us access, although our certificate is good"),
    "decode error": Alert("decode_error", "a message that it could not read"),
    "decrypt error": Alert("decrypt_error", "a signature in the handshake"),
    "export restriction": Alert("export_restriction", "the handshake by an export restriction"),
    "protocol version": Alert(
        "protocol_version",
        "the version of TLS: it takes only versions that our profile does not allow",
    ),
    "insufficient security": Alert(
        "insufficient_security", "the handshake because it wants stronger cipher suites than ours"
    ),
    "internal error": Alert("internal_error", "the handshake after an error of its own"),
    "inappropriate fallback": Alert("inappropriate_fallback", "the fall back to an older version"),
    "user canceled": Alert("user_canceled", "to go on with the handshake"),
    "no renegotiation": Alert("no_renegotiation", "to negotiate again"),
    "missing extension": Alert("missing_extension", "the handshake: it misses an extension in it"),
    "unsupported extension": Alert("unsupported_extension", "an extension of the handshake"),
    "unrecognized name": Alert(
        "unrecognized_name", "the server name: it does not serve the name that we connected to"
    ),
    "bad certificate status response": Alert(
        "bad_certificate_status_response", "the status of our certificate"
    ),
    "bad certificate hash value": Alert("bad_certificate_hash_value", _CERTIFICATE_UNREADABLE),
    "unknown psk identity": Alert("unknown_psk_identity", "the pre-shared key"),
    "certificate required": Alert(
        "certificate_required",
        "the handshake because it wants a client certificate: configure one, and its private key",
    ),
    "no application protocol": Alert(
        "no_application_protocol", "DICOM as the application protocol (ALPN)"
    ),
}
