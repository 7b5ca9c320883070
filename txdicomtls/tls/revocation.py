"""Certificate revocation lists: reading them, and saying why one does not help.

OpenSSL looks the certificates of a chain up in them.  Where revocation is
checked, a list that is missing, too old or not what it should be refuses the
peer: who could hide a list could otherwise hide a revocation.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from cryptography import x509

from txdicomtls.errors import CredentialError
from txdicomtls.tls.files import FileKind, read_file
from txdicomtls.tls.names import shown_name
from txdicomtls.tls.verification_errors import VerificationError as Error

#: Bytes that a file with revocation lists may have; some 400,000 certificates are in it then.
LARGEST_CRL_FILE = 16 * 1024 * 1024

_BEGIN = b"-----BEGIN X509 CRL-----"
_PEM_CRL = re.compile(_BEGIN + rb".*?-----END X509 CRL-----", re.DOTALL)

#: The fault is in our lists, and not in the certificate of the peer.
CRL_ERRORS = frozenset(
    (
        Error.UNABLE_TO_GET_CRL,
        Error.UNABLE_TO_GET_CRL_ISSUER,
        Error.UNABLE_TO_DECRYPT_CRL_SIGNATURE,
        Error.CRL_SIGNATURE_FAILURE,
        Error.CRL_NOT_YET_VALID,
        Error.CRL_HAS_EXPIRED,
        Error.ERROR_IN_CRL_LAST_UPDATE_FIELD,
        Error.ERROR_IN_CRL_NEXT_UPDATE_FIELD,
        Error.KEYUSAGE_NO_CRL_SIGN,
        Error.UNHANDLED_CRITICAL_CRL_EXTENSION,
        Error.DIFFERENT_CRL_SCOPE,
        Error.CRL_PATH_VALIDATION_ERROR,
        Error.CRL_VERIFY_FAILED,
    )
)


def read_crls(path: Path) -> tuple[x509.CertificateRevocationList, ...]:
    """Read all the revocation lists in a file, at least one; blocks.

    :param path: PEM with any number of them, or DER with one.
    :raises CredentialError: it cannot be read or is too large, holds no list, a damaged one,
        or one that does not say when the next is due.
    """
    file = read_file(path, largest=LARGEST_CRL_FILE)
    try:
        if file.kind is FileKind.PEM:
            found = _PEM_CRL.findall(file.content)
            if len(found) != file.content.count(_BEGIN):
                raise ValueError("its end is missing")
            crls = tuple(x509.load_pem_x509_crl(one) for one in found)
        else:
            crls = (x509.load_der_x509_crl(file.content),)
        is_endless = any(crl.next_update_utc is None for crl in crls)
    except ValueError as error:
        raise CredentialError(
            path, f"this is no revocation list (CRL), or a damaged one: {error}"
        ) from None
    if not crls:
        raise CredentialError(path, "there is no revocation list (CRL) in this file")
    if is_endless:
        raise CredentialError(
            path,
            "this revocation list does not say when the next one is due, so that nobody can "
            "tell whether it is the last: have the CA issue one with nextUpdate",
        )
    return crls


def crl_problem(
    error: int,
    certificate: x509.Certificate,
    crls: Sequence[x509.CertificateRevocationList],
    now: datetime,
) -> str:
    """Say why the revocation of a certificate cannot be looked up, and what to do.

    :param error: one of :data:`CRL_ERRORS`.
    :param certificate: the one to be looked up.
    :param crls: all lists that this node has.
    :param now: what this machine's clock says.
    :return: completes "the certificate ...".
    """
    issuer = shown_name(certificate.issuer)
    of_issuer = [crl for crl in crls if crl.issuer == certificate.issuer]
    cannot = f"cannot be looked up: the revocation list (CRL) of {issuer}"
    if not of_issuer or error in (Error.UNABLE_TO_GET_CRL, Error.DIFFERENT_CRL_SCOPE):
        missing = "does not cover it" if of_issuer else "is missing"
        return f"{cannot} {missing}: fetch it from that CA and add it to the lists of this node"
    newest = max(of_issuer, key=lambda crl: crl.last_update_utc)
    clock = f"this machine's clock says {now:%Y-%m-%d %H:%M} UTC"
    if error == Error.CRL_HAS_EXPIRED:
        end = newest.next_update_utc or now
        return f"{cannot} expired on {end:%Y-%m-%d %H:%M} UTC ({clock}): fetch the new one"
    if error == Error.CRL_NOT_YET_VALID:
        begin = newest.last_update_utc
        return f"{cannot} is not valid before {begin:%Y-%m-%d %H:%M} UTC: {clock}; set it right"
    return f"{cannot} {_DEFECTS.get(error, 'cannot be used')}: fetch it from that CA anew"


_DEFECTS: dict[int, str] = {
    Error.UNABLE_TO_GET_CRL_ISSUER: "was signed by a CA that is not in the chain",
    Error.CRL_SIGNATURE_FAILURE: "was signed by another CA, or altered",
    Error.UNABLE_TO_DECRYPT_CRL_SIGNATURE: "was signed by another CA, or altered",
    Error.KEYUSAGE_NO_CRL_SIGN: "was signed by a CA that may not sign such lists (key usage)",
    Error.UNHANDLED_CRITICAL_CRL_EXTENSION: (
        "has a critical extension that this node does not know"
    ),
}
