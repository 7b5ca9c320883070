"""Files with an OCSP response (RFC 6960), to be stapled to the certificate that it is about."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.x509 import ocsp

from txdicomtls.errors import CredentialError
from txdicomtls.tls.files import read_file
from txdicomtls.tls.ocsp import CLOCK_TOLERANCE


def read_ocsp_response(path: Path, certificate: x509.Certificate, now: datetime) -> bytes:
    """Read a response in DER, and see that it is worth to be stapled; blocks.

    The signature is looked at by those who rely on it.

    :param path: the file.
    :param certificate: what it must be about.
    :param now: the time to judge its dates by.
    :return: the response as it is.
    :raises CredentialError: it is about another certificate, says anything but "good",
        or is too old.
    """
    content = read_file(path).content
    try:
        response = ocsp.load_der_ocsp_response(content)
    except ValueError as error:
        raise CredentialError(
            path, f"this is not an OCSP response in DER, or it is damaged: {error}"
        ) from None
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        answer = response.response_status.name.lower().replace("_", " ")
        raise CredentialError(
            path, f"this OCSP response tells nothing: its responder answered {answer}"
        )
    for single in response.responses:
        if single.serial_number == certificate.serial_number:
            _check(path, single, now)
            return content
    raise CredentialError(
        path, "this OCSP response is about another certificate: fetch one for this serial number"
    )


def _check(path: Path, single: ocsp.OCSPSingleResponse, now: datetime) -> None:
    if single.certificate_status is ocsp.OCSPCertStatus.REVOKED:
        raise CredentialError(
            path, "this OCSP response says that our certificate is revoked: have another issued"
        )
    if single.certificate_status is not ocsp.OCSPCertStatus.GOOD:
        raise CredentialError(path, "the responder of this OCSP response knows no such certificate")
    begin, end = single.this_update_utc, single.next_update_utc
    if end is not None and end < now:
        raise CredentialError(
            path, f"this OCSP response expired on {end:%Y-%m-%d %H:%M} UTC: fetch a new one"
        )
    if begin > now + CLOCK_TOLERANCE:
        raise CredentialError(
            path,
            f"this OCSP response is not valid before {begin:%Y-%m-%d %H:%M} UTC: check the clock",
        )


def end_of_response(der: bytes, certificate: x509.Certificate) -> datetime | None:
    """When an OCSP response for a certificate ends; None where it does not say."""
    for single in ocsp.load_der_ocsp_response(der).responses:
        if single.serial_number == certificate.serial_number:
            return single.next_update_utc
    return None
