"""What OpenSSL can find wrong with a chain of certificates: its numbers, words and alerts.

These are the ``X509_V_ERR_...`` codes of OpenSSL 3 and 4.  pyOpenSSL names about half of them.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Self

_BAD_CERTIFICATE = "bad_certificate"
_INTERNAL_ERROR = "internal_error"
_UNKNOWN = "certificate_unknown"
_UNKNOWN_CA = "unknown_ca"


class VerificationError(IntEnum):
    """An error of OpenSSL's verification, by its number.

    :ivar words: what it means, in few words.
    :ivar alert: the TLS alert that OpenSSL sends for it.
    """

    words: str
    alert: str

    def __new__(cls, number: int, words: str = "", alert: str = _UNKNOWN) -> Self:
        """Make the member of a number."""
        member = int.__new__(cls, number)
        member._value_ = number
        member.words = words
        member.alert = alert
        return member

    UNSPECIFIED = 1, "unspecified certificate verification error", _INTERNAL_ERROR
    UNABLE_TO_GET_ISSUER_CERT = 2, "unable to get issuer certificate", _UNKNOWN_CA
    UNABLE_TO_GET_CRL = 3, "unable to get certificate CRL", _UNKNOWN_CA
    UNABLE_TO_DECRYPT_CERT_SIGNATURE = (
        4,
        "unable to decrypt certificate's signature",
        _BAD_CERTIFICATE,
    )
    UNABLE_TO_DECRYPT_CRL_SIGNATURE = 5, "unable to decrypt CRL's signature", _BAD_CERTIFICATE
    UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY = 6, "unable to decode issuer public key", _BAD_CERTIFICATE
    CERT_SIGNATURE_FAILURE = 7, "certificate signature failure", "decrypt_error"
    CRL_SIGNATURE_FAILURE = 8, "CRL signature failure", "decrypt_error"
    CERT_NOT_YET_VALID = (
        9,
        "certificate is not yet valid or the system clock is incorrect",
        _BAD_CERTIFICATE,
    )
    CERT_HAS_EXPIRED = 10, "certificate has expired", "certificate_expired"
    CRL_NOT_YET_VALID = 11, "CRL is not yet valid", _BAD_CERTIFICATE
    CRL_HAS_EXPIRED = 12, "CRL has expired", "certificate_expired"
    ERROR_IN_CERT_NOT_BEFORE_FIELD = (
        13,
        "format error in certificate's notBefore field",
        _BAD_CERTIFICATE,
    )
    ERROR_IN_CERT_NOT_AFTER_FIELD = (
        14,
        "format error in certificate's notAfter field",
        _BAD_CERTIFICATE,
    )
    ERROR_IN_CRL_LAST_UPDATE_FIELD = 15, "format error in CRL's lastUpdate field", _BAD_CERTIFICATE
    ERROR_IN_CRL_NEXT_UPDATE_FIELD = 16, "format error in CRL's nextUpdate field", _BAD_CERTIFICATE
    OUT_OF_MEM = 17, "out of memory", _INTERNAL_ERROR
    DEPTH_ZERO_SELF_SIGNED_CERT = 18, "self-signed certificate", _UNKNOWN_CA
    SELF_SIGNED_CERT_IN_CHAIN = 19, "self-signed certificate in certificate chain", _UNKNOWN_CA
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY = 20, "unable to get local issuer certificate", _UNKNOWN_CA
    UNABLE_TO_VERIFY_LEAF_SIGNATURE = 21, "unable to verify the first certificate", _UNKNOWN_CA
    CERT_CHAIN_TOO_LONG = 22, "certificate chain too long", _UNKNOWN_CA
    CERT_REVOKED = 23, "certificate revoked", "certificate_revoked"
    NO_ISSUER_PUBLIC_KEY = 24, "issuer certificate doesn't have a public key"
    PATH_LENGTH_EXCEEDED = 25, "path length constraint exceeded", _UNKNOWN_CA
    INVALID_PURPOSE = 26, "unsuitable certificate purpose", "unsupported_certificate"
    CERT_UNTRUSTED = 27, "certificate not trusted", _BAD_CERTIFICATE
    CERT_REJECTED = 28, "certificate rejected", _BAD_CERTIFICATE
    SUBJECT_ISSUER_MISMATCH = 29, "subject issuer mismatch"
    AKID_SKID_MISMATCH = 30, "authority and subject key identifier mismatch"
    AKID_ISSUER_SERIAL_MISMATCH = 31, "authority and issuer serial number mismatch"
    KEYUSAGE_NO_CERTSIGN = 32, "key usage does not include certificate signing"
    UNABLE_TO_GET_CRL_ISSUER = 33, "unable to get CRL issuer certificate", _UNKNOWN_CA
    UNHANDLED_CRITICAL_EXTENSION = 34, "unhandled critical extension"
    KEYUSAGE_NO_CRL_SIGN = 35, "key usage does not include CRL signing"
    UNHANDLED_CRITICAL_CRL_EXTENSION = 36, "unhandled critical CRL extension"
    INVALID_NON_CA = 37, "invalid non-CA certificate (has CA markings)"
    PROXY_PATH_LENGTH_EXCEEDED = 38, "proxy path length constraint exceeded"
    KEYUSAGE_NO_DIGITAL_SIGNATURE = 39, "key usage does not include digital signature"
    PROXY_CERTIFICATES_NOT_ALLOWED = (
        40,
        "proxy certificates not allowed, please set the appropriate flag",
    )
    INVALID_EXTENSION = 41, "invalid or inconsistent certificate extension"
    INVALID_POLICY_EXTENSION = 42, "invalid or inconsistent certificate policy extension"
    NO_EXPLICIT_POLICY = 43, "no explicit policy"
    DIFFERENT_CRL_SCOPE = 44, "different CRL scope"
    UNSUPPORTED_EXTENSION_FEATURE = 45, "unsupported extension feature"
    UNNESTED_RESOURCE = 46, "RFC 3779 resource not subset of parent's resources"
    PERMITTED_VIOLATION = 47, "permitted subtree violation"
    EXCLUDED_VIOLATION = 48, "excluded subtree violation"
    SUBTREE_MINMAX = 49, "name constraints minimum and maximum not supported"
    APPLICATION_VERIFICATION = 50, "application verification failure", "handshake_failure"
    UNSUPPORTED_CONSTRAINT_TYPE = 51, "unsupported name constraint type"
    UNSUPPORTED_CONSTRAINT_SYNTAX = 52, "unsupported or invalid name constraint syntax"
    UNSUPPORTED_NAME_SYNTAX = 53, "unsupported or invalid name syntax"
    CRL_PATH_VALIDATION_ERROR = 54, "CRL path validation error"
    PATH_LOOP = 55, "path loop"
    SUITE_B_INVALID_VERSION = 56, "Suite B: certificate version invalid"
    SUITE_B_INVALID_ALGORITHM = 57, "Suite B: invalid public key algorithm"
    SUITE_B_INVALID_CURVE = 58, "Suite B: invalid ECC curve"
    SUITE_B_INVALID_SIGNATURE_ALGORITHM = 59, "Suite B: invalid signature algorithm"
    SUITE_B_LOS_NOT_ALLOWED = 60, "Suite B: curve not allowed for this LOS"
    SUITE_B_CANNOT_SIGN_P_384_WITH_P_256 = 61, "Suite B: cannot sign P-384 with P-256"
    HOSTNAME_MISMATCH = 62, "hostname mismatch", _BAD_CERTIFICATE
    EMAIL_MISMATCH = 63, "email address mismatch", _BAD_CERTIFICATE
    IP_ADDRESS_MISMATCH = 64, "IP address mismatch", _BAD_CERTIFICATE
    DANE_NO_MATCH = 65, "no matching DANE TLSA records", _BAD_CERTIFICATE
    EE_KEY_TOO_SMALL = 66, "key of the peer's certificate too weak", _BAD_CERTIFICATE
    CA_KEY_TOO_SMALL = 67, "CA certificate key too weak", _BAD_CERTIFICATE
    CA_MD_TOO_WEAK = 68, "CA signature digest algorithm too weak", _BAD_CERTIFICATE
    INVALID_CALL = 69, "invalid certificate verification context", _INTERNAL_ERROR
    STORE_LOOKUP = 70, "issuer certificate lookup error", _INTERNAL_ERROR
    NO_VALID_SCTS = 71, "certificate Transparency required, but no valid SCTs found"
    PROXY_SUBJECT_NAME_VIOLATION = 72, "proxy subject name violation"
    OCSP_VERIFY_NEEDED = 73, "OCSP verification needed"
    OCSP_VERIFY_FAILED = 74, "OCSP verification failed"
    OCSP_CERT_UNKNOWN = 75, "OCSP unknown cert"
    UNSUPPORTED_SIGNATURE_ALGORITHM = 76, "cannot find certificate signature algorithm"
    SIGNATURE_ALGORITHM_MISMATCH = (
        77,
        "subject signature algorithm and issuer public key algorithm mismatch",
    )
    SIGNATURE_ALGORITHM_INCONSISTENCY = 78, "cert info signature and signature algorithm mismatch"
    INVALID_CA = 79, "invalid CA certificate", _UNKNOWN_CA
    PATHLEN_INVALID_FOR_NON_CA = 80, "path length invalid for non-CA cert"
    PATHLEN_WITHOUT_KU_KEY_CERT_SIGN = 81, "path length given without key usage keyCertSign"
    KU_KEY_CERT_SIGN_INVALID_FOR_NON_CA = 82, "key usage keyCertSign invalid for non-CA cert"
    ISSUER_NAME_EMPTY = 83, "issuer name empty"
    SUBJECT_NAME_EMPTY = 84, "subject name empty"
    MISSING_AUTHORITY_KEY_IDENTIFIER = 85, "missing Authority Key Identifier"
    MISSING_SUBJECT_KEY_IDENTIFIER = 86, "missing Subject Key Identifier"
    EMPTY_SUBJECT_ALT_NAME = 87, "empty Subject Alternative Name extension"
    EMPTY_SUBJECT_SAN_NOT_CRITICAL = 88, "subject empty and Subject Alt Name extension not critical"
    CA_BCONS_NOT_CRITICAL = 89, "basic Constraints of CA cert not marked critical"
    AUTHORITY_KEY_IDENTIFIER_CRITICAL = 90, "authority Key Identifier marked critical"
    SUBJECT_KEY_IDENTIFIER_CRITICAL = 91, "subject Key Identifier marked critical"
    CA_CERT_MISSING_KEY_USAGE = 92, "CA cert does not include key usage extension"
    EXTENSIONS_REQUIRE_VERSION_3 = 93, "using cert extension requires at least X509v3"
    EC_KEY_EXPLICIT_PARAMS = (
        94,
        "certificate public key has explicit ECC parameters",
        _BAD_CERTIFICATE,
    )
    RPK_UNTRUSTED = 95, "raw public key untrusted, no trusted keys configured"
    OCSP_RESP_INVALID = 96, "OCSP response(s) invalid"
    OCSP_SIGNATURE_FAILURE = 97, "OCSP response signature verification failure"
    OCSP_NOT_YET_VALID = 98, "OCSP response not yet valid (contains a date in the future)"
    OCSP_HAS_EXPIRED = 99, "OCSP response has expired"
    OCSP_NO_RESPONSE = 100, "no OCSP response available for certificate"
    CRL_VERIFY_FAILED = 101, "CRL verification failed"
    EMPTY_AUTHORITY_KEY_IDENTIFIER = 102, "empty Authority Key Identifier"
    AKID_ISSUER_SERIAL_NOT_PAIRED = (
        103,
        "authority Key Identifier issuer and serial number must be paired",
    )
    DUPLICATE_EXTENSION = 104, "duplicate extension"


def error_words(number: int) -> str:
    """Say in few words what a number means; empty for 0, which is no error."""
    known = _by_number(number)
    if known is not None:
        return known.words
    return f"OpenSSL verification error {number}" if number else ""


def error_alert(number: int) -> str:
    """The name of the alert that OpenSSL sends for an error."""
    known = _by_number(number)
    return known.alert if known else _UNKNOWN


def _by_number(number: int) -> VerificationError | None:
    try:
        return VerificationError(number)
    except ValueError:
        return None
