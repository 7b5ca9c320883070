"""The status of a server's certificate, stapled to the handshake (RFC 6960, RFC 6066 8).

A client asks for it; the server sends what a responder of its CA has signed.  What
comes is checked whole: which certificate it is about, who signed it, when, and
what it says.  A response that is damaged, forged or too old refuses the server, because an
honest one would rather send none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from OpenSSL import SSL

from txdicomtls.errors import HandshakeFailed
from txdicomtls.tls.bindings import was_resumed
from txdicomtls.tls.direct_trust import DirectTrust
from txdicomtls.tls.keys import weakness_of
from txdicomtls.tls.names import printable
from txdicomtls.tls.profiles import Profile
from txdicomtls.tls.trust import Stapling, Trust
from txdicomtls.tls.verification import LinkConnection

#: How far the clock of a responder may be ahead of ours.
CLOCK_TOLERANCE = timedelta(minutes=5)

StapleCallback = Callable[[SSL.Connection, bytes, object | None], bool]


class UnusableResponse(Exception):
    """A response that says nothing good of the certificate; its text completes "... response"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusQuestion:
    """What a response must answer.

    :param certificate: the one in question.
    :param issuer: that which issued it, verified.
    :param profile: whose floors hold for the signature too.
    :param now: what this machine's clock says.
    """

    certificate: x509.Certificate
    issuer: x509.Certificate
    profile: Profile
    now: datetime


def staple_callback(
    profile: Profile, trust: Trust, *, now: Callable[[], datetime] | None = None
) -> StapleCallback:
    """Make the callback that judges what a server has stapled.

    :param profile: whose key and signature floors hold.
    :param trust: says whether a response must be there.
    :param now: gives the time.
    :return: for :meth:`OpenSSL.SSL.Context.set_ocsp_client_callback`; its connections must
        be :class:`~.verification.LinkConnection`.
    """
    direct = DirectTrust(trust)

    def judge(connection: SSL.Connection, response: bytes, _data: object | None) -> bool:
        if not isinstance(connection, LinkConnection):
            raise TypeError("this context makes LinkConnections only")
        if was_resumed(connection):
            return True  # it was judged when the session began; nothing is stapled to it now
        chain = connection.rechecked_chain or connection.get_verified_chain(as_cryptography=True)
        if trust.stapling is Stapling.IGNORED or not chain:
            # Without a chain there is no certificate that was believed.
            return trust.stapling is Stapling.IGNORED
        certificate = chain[0]
        issuer = chain[1] if len(chain) > 1 else _own_issuer(certificate)
        time = now() if now else datetime.now(UTC)
        try:
            if response and issuer is not None:
                question = StatusQuestion(
                    certificate=certificate, issuer=issuer, profile=profile, now=time
                )
                check_response(response, question)
            elif not direct.is_listed(certificate, 0):
                _check_absence(certificate, trust.stapling)
        except UnusableResponse as problem:
            connection.refusal = HandshakeFailed(
                f"the server's certificate cannot be taken: {problem}",
                by_peer=False,
                alert="bad_certificate_status_response",
            )
        return connection.refusal is None

    return judge


def check_response(der: bytes, question: StatusQuestion) -> None:
    """Check a response as it was sent.

    :raises UnusableResponse: it does not say, or nobody may believe, that the certificate is good.
    """
    try:
        response = ocsp.load_der_ocsp_response(der)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            answer = response.response_status.name.lower().replace("_", " ")
            raise UnusableResponse(f"the OCSP responder gave no status, but {answer}")
        single = _answer(response, question)
        _check_signature(response, question)
        _check_time(single, question.now)
        _check_status(single)
    except (ValueError, UnsupportedAlgorithm) as error:
        text = printable(str(error))
        raise UnusableResponse(f"the OCSP response with it is damaged: {text}") from None


def _own_issuer(certificate: x509.Certificate) -> x509.Certificate | None:
    return certificate if certificate.issuer == certificate.subject else None


def _check_absence(certificate: x509.Certificate, stapling: Stapling) -> None:
    remedy = "switch OCSP stapling on at the server"
    if stapling is Stapling.REQUIRED:
        raise UnusableResponse(
            f"there is no OCSP response with it, and this node requires one: {remedy}"
        )
    if must_staple(certificate):
        raise UnusableResponse(
            "it says itself that an OCSP response must come with it (RFC 7633), "
            f"and there is none: {remedy}"
        )


def must_staple(certificate: x509.Certificate) -> bool:
    """Whether a certificate says that its status must come with it (RFC 7633)."""
    try:
        features = certificate.extensions.get_extension_for_class(x509.TLSFeature).value
    except x509.ExtensionNotFound:
        return False
    return x509.TLSFeatureType.status_request in features


def _answer(response: ocsp.OCSPResponse, question: StatusQuestion) -> ocsp.OCSPSingleResponse:
    """The answer about our certificate, among those that there may be."""
    for single in response.responses:
        wanted = (
            ocsp.OCSPRequestBuilder()
            .add_certificate(question.certificate, question.issuer, single.hash_algorithm)
            .build()
        )
        if (
            single.serial_number == wanted.serial_number
            and single.issuer_name_hash == wanted.issuer_name_hash
            and single.issuer_key_hash == wanted.issuer_key_hash
        ):
            return single
    raise UnusableResponse("the OCSP response with it is about another certificate")


def _check_signature(response: ocsp.OCSPResponse, question: StatusQuestion) -> None:
    used = response.signature_hash_algorithm
    if used is not None and used.name not in question.profile.signature_hashes:
        raise UnusableResponse(
            f"the OCSP response with it is signed with {used.name}, which is too weak"
        )
    if not any(_has_signed(signer, response) for signer in _signers(response, question)):
        raise UnusableResponse(
            "the OCSP response with it is not signed by its CA, nor by a responder that the CA "
            "has made one (RFC 6960 4.2.2.2)"
        )


def _signers(response: ocsp.OCSPResponse, question: StatusQuestion) -> Iterator[x509.Certificate]:
    """Who may sign: the CA, and those to whom it has given this and nothing above it."""
    yield question.issuer
    for delegate in response.certificates:
        try:
            usage = delegate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
            delegate.verify_directly_issued_by(question.issuer)
        except (
            x509.ExtensionNotFound,
            InvalidSignature,
            UnsupportedAlgorithm,
            ValueError,
            TypeError,
        ):
            continue
        begin, end = delegate.not_valid_before_utc, delegate.not_valid_after_utc
        if (
            ExtendedKeyUsageOID.OCSP_SIGNING in usage
            and begin <= question.now <= end
            and not weakness_of(delegate, question.profile)
        ):
            yield delegate


def _has_signed(signer: x509.Certificate, response: ocsp.OCSPResponse) -> bool:
    key, used = signer.public_key(), response.signature_hash_algorithm
    signature, signed = response.signature, response.tbs_response_bytes
    try:
        if isinstance(key, rsa.RSAPublicKey) and used is not None:
            key.verify(signature, signed, padding.PKCS1v15(), used)
        elif isinstance(key, ec.EllipticCurvePublicKey) and used is not None:
            key.verify(signature, signed, ec.ECDSA(used))
        elif isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
            key.verify(signature, signed)
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _check_time(single: ocsp.OCSPSingleResponse, now: datetime) -> None:
    begin, end = single.this_update_utc, single.next_update_utc
    clock = f"this machine's clock says {now:%Y-%m-%d %H:%M} UTC"
    if end is None:
        raise UnusableResponse("the OCSP response with it does not say how long it holds")
    if end < now:
        raise UnusableResponse(
            f"the OCSP response with it expired on {end:%Y-%m-%d %H:%M} UTC, and {clock}: "
            "have the server fetch the new one"
        )
    if begin > now + CLOCK_TOLERANCE:
        raise UnusableResponse(
            f"the OCSP response with it is not valid before {begin:%Y-%m-%d %H:%M} UTC, and "
            f"{clock}: check the clocks of both machines"
        )


def _check_status(single: ocsp.OCSPSingleResponse) -> None:
    status = single.certificate_status
    if status is ocsp.OCSPCertStatus.REVOKED:
        when = single.revocation_time_utc
        date = f" on {when:%Y-%m-%d %H:%M} UTC" if when else ""
        raise UnusableResponse(f"its CA revoked it{date}: have a new one issued")
    if status is not ocsp.OCSPCertStatus.GOOD:
        raise UnusableResponse(
            "the OCSP responder of its CA does not know it: ask the CA whether it has issued it"
        )
