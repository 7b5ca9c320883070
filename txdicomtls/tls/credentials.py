"""What this node proves its identity with: a certificate, its chain and its private key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from twisted.internet.defer import Deferred

from txdicomtls.errors import CredentialError, WrongPassword
from txdicomtls.interfaces import IPasswordSource
from txdicomtls.threads import InThread
from txdicomtls.tls.keys import weakness_of
from txdicomtls.tls.pem import read_certificates, read_private_key
from txdicomtls.tls.profiles import DEFAULT_PROFILE, Profile

PrivateKey = (
    rsa.RSAPrivateKey
    | ec.EllipticCurvePrivateKey
    | ed25519.Ed25519PrivateKey
    | ed448.Ed448PrivateKey
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A certificate with its private key.

    :param certificate: the node's own.
    :param chain: the certificates between it and the root, to be sent with it.
    :param private_key: never shown.
    :param ocsp_response: DER, to be stapled for clients that ask for it; empty for none.
    """

    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...] = ()
    private_key: PrivateKey = field(repr=False)
    ocsp_response: bytes = b""


def utc_now() -> datetime:
    """The time by the clock of this machine."""
    return datetime.now(UTC)


def load_credentials(
    certificate: Path,
    private_key: Path,
    password: IPasswordSource | None = None,
    *,
    in_thread: InThread,
    attempts: int = 3,
    profile: Profile = DEFAULT_PROFILE,
    now: Callable[[], datetime] = utc_now,
) -> Deferred[Credentials]:
    """Read a certificate and its private key from PEM files.

    :param certificate: the node's certificate first, then those between it and the root.
    :param private_key: PKCS#8, PKCS#1 or SEC 1, encrypted or not; may be the same file.
    :param password: asked only if the key is encrypted.
    :param in_thread: runs what blocks.
    :param attempts: how often a source that is interactive is asked.
    :param profile: whose key floors hold.
    :param now: the time to judge the certificate's dates by.
    :return: fails with :class:`~txdicomtls.errors.CredentialError` where a file cannot be
        used, :class:`~txdicomtls.errors.WrongPassword` after the last attempt, and
        :class:`~txdicomtls.errors.PasswordUnavailable` from the source.
    """

    async def load() -> Credentials:
        certificates = await in_thread(read_certificates, certificate)
        pem = await in_thread(read_private_key, private_key)
        key = await _open_private_key(private_key, pem, password, in_thread, attempts)
        own, *chain = certificates
        _check_pair(certificate, own, private_key, key)
        _check_use(certificate, own, profile, now())
        return Credentials(certificate=own, chain=tuple(chain), private_key=key)

    return Deferred.fromCoroutine(load())


async def _open_private_key(
    path: Path,
    pem: bytes,
    source: IPasswordSource | None,
    in_thread: InThread,
    attempts: int,
) -> PrivateKey:
    """Decrypt the key, asking for the password as often as it makes sense."""
    if not _is_encrypted(pem):
        return await in_thread(_decode, path, pem, None)
    if source is None:
        raise CredentialError(path, "this private key is encrypted, and no password is configured")
    # A source that does not say is asked again: at worst it gives the same answer.
    if not getattr(source, "interactive", True):
        attempts = 1
    for attempt in range(1, attempts + 1):
        password = await source.password(str(path), attempt)
        try:
            return await in_thread(_decode, path, pem, password)
        except WrongPassword:
            if attempt == attempts:
                raise
    raise ValueError("a password must be asked for at least once")


def _is_encrypted(pem: bytes) -> bool:
    return b"-----BEGIN ENCRYPTED PRIVATE KEY-----" in pem or b"Proc-Type: 4,ENCRYPTED" in pem


def _decode(path: Path, pem: bytes, password: bytes | None) -> PrivateKey:
    """Decode a private key; blocks for as long as its key derivation takes."""
    try:
        key: PrivateKeyTypes = load_pem_private_key(pem, password)
    except UnsupportedAlgorithm as error:
        raise CredentialError(path, f"this kind of private key is not supported: {error}") from None
    except (ValueError, TypeError) as error:
        if password is not None:
            raise WrongPassword(path) from None
        raise CredentialError(path, f"this private key is damaged: {error}") from None
    if not isinstance(key, PrivateKey):
        raise CredentialError(path, "only RSA, EC and EdDSA keys can be used")
    return key


def _check_pair(
    certificate_path: Path, certificate: x509.Certificate, key_path: Path, key: PrivateKey
) -> None:
    try:
        public_key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CredentialError(certificate_path, f"its public key cannot be used: {error}") from None
    if key.public_key() != public_key:
        raise CredentialError(
            key_path,
            f"this private key does not belong to the first certificate in {certificate_path}",
        )


def _check_use(path: Path, certificate: x509.Certificate, profile: Profile, now: datetime) -> None:
    """Find now what every handshake would stumble over."""
    weak = weakness_of(certificate, profile)
    if weak:
        raise CredentialError(path, f"{weak} by profile {profile.name}")
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if end < now:
        raise CredentialError(
            path, f"this certificate expired on {end:%Y-%m-%d %H:%M} UTC: have it renewed"
        )
    if begin > now:
        raise CredentialError(
            path,
            f"this certificate is not valid before {begin:%Y-%m-%d %H:%M} UTC: check the clock",
        )
