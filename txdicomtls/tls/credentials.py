"""What this node proves its identity with: a certificate, its chain and its private key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from txdicomtls.errors import CredentialError
from txdicomtls.interfaces import IPasswordSource
from txdicomtls.threads import InThread
from txdicomtls.tls.chain import put_in_order
from txdicomtls.tls.files import FileKind, certificates_in, read_certificates, read_file
from txdicomtls.tls.keyring import ATTEMPTS, Keyring
from txdicomtls.tls.keys import weakness_of
from txdicomtls.tls.names import subject_of
from txdicomtls.tls.ocsp_files import read_ocsp_response
from txdicomtls.tls.private_keys import KeyFile, PrivateKey, key_in, may_hold_key
from txdicomtls.tls.profiles import DEFAULT_PROFILE, Profile

__all__ = ["Credentials", "PrivateKey", "load_credentials", "utc_now"]

_log = Logger()


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
    private_key: Path | None = None,
    password: IPasswordSource | None = None,
    *,
    chain: Sequence[Path] = (),
    ocsp_response: Path | None = None,
    trusted: Sequence[x509.Certificate] | None = None,
    keyring: Keyring | None = None,
    in_thread: InThread,
    attempts: int = ATTEMPTS,
    profile: Profile = DEFAULT_PROFILE,
    now: Callable[[], datetime] = utc_now,
) -> Deferred[Credentials]:
    """Read a certificate and its private key from files, whatever their form.

    :param certificate: the node's certificate and, if it is PEM or PKCS #12, those between it
        and the root, in any order.
    :param private_key: PKCS #8, PKCS #1, SEC 1 or PKCS #12, encrypted or not; None where
        the file of the certificate has the key as well.
    :param password: asked only if the key is encrypted.
    :param chain: further files with certificates between this one and the root.
    :param ocsp_response: file with an OCSP response for the certificate, to be stapled.
    :param trusted: the authorities that we trust; a warning says where the chain ends at
        none of these, since an intermediate certificate may be missing then.
    :param keyring: remembers opened keys, so that each password is asked for once.
    :param in_thread: runs what blocks.
    :param attempts: how often a source that is interactive is asked, if it does not say itself.
    :param profile: whose key floors hold.
    :param now: the time to judge the dates by.
    :return: fails with :class:`~txdicomtls.errors.CredentialError` where a file cannot be
        used, :class:`~txdicomtls.errors.WrongPassword` after the last attempt, and
        :class:`~txdicomtls.errors.PasswordUnavailable` from the source.
    """

    async def load() -> Credentials:
        files = await in_thread(_read, certificate, private_key, chain)
        opened = await (keyring or Keyring()).open(
            files.key, password, in_thread=in_thread, attempts=attempts
        )
        if private_key in (None, certificate):
            files = replace(files, certificates=(*opened.certificates, *files.certificates))
        time = now()
        own = _own(files, opened.private_key)
        _check_use(certificate, own, "this certificate", profile, time)
        sent = _chain(own, files, trusted, time)
        for intermediate in sent:
            words = f"the certificate of {subject_of(intermediate)} in the chain"
            _check_use(certificate, intermediate, words, profile, time)
        stapled = b""
        if ocsp_response is not None:
            stapled = await in_thread(read_ocsp_response, ocsp_response, own, time)
        return Credentials(
            certificate=own,
            chain=sent,
            private_key=opened.private_key,
            ocsp_response=stapled,
        )

    return Deferred.fromCoroutine(load())


@dataclass(frozen=True, slots=True)
class _Files:
    """What was read.

    :param path: of the certificate.
    :param certificates: those of its file.
    :param others: those of the chain files.
    :param key: the private key, maybe encrypted still.
    """

    path: Path
    certificates: tuple[x509.Certificate, ...]
    others: tuple[x509.Certificate, ...]
    key: KeyFile


def _read(certificate: Path, private_key: Path | None, chain: Sequence[Path]) -> _Files:
    """Read all the files; blocks."""
    file = read_file(certificate)
    if private_key not in (None, certificate):
        certificates = certificates_in(file)
        key = key_in(read_file(private_key))
    elif private_key is None and not may_hold_key(file):
        raise CredentialError(
            certificate, "there is no private key in this file: name the file that has it"
        )
    else:
        key = key_in(file)
        certificates = () if file.kind is FileKind.PKCS12 else certificates_in(file)
    others = [each for path in chain for each in read_certificates(path)]
    return _Files(certificate, certificates, tuple(others), key)


def _own(files: _Files, key: PrivateKey) -> x509.Certificate:
    """Find the certificate that the key belongs to: the first, where the file is in order."""
    if not files.certificates:
        raise CredentialError(files.path, "there is no certificate in this PKCS #12 file")
    for certificate in files.certificates:
        try:
            if certificate.public_key() == key.public_key():
                return certificate
        except (ValueError, UnsupportedAlgorithm) as error:
            raise CredentialError(
                files.path, f"a public key in it cannot be used: {error}"
            ) from None
    others = ", nor to any other there" if len(files.certificates) > 1 else ""
    raise CredentialError(
        files.key.path,
        f"this private key does not belong to the first certificate in {files.path}{others}",
    )


def _chain(
    own: x509.Certificate,
    files: _Files,
    trusted: Sequence[x509.Certificate] | None,
    now: datetime,
) -> tuple[x509.Certificate, ...]:
    chain = put_in_order(own, (*files.certificates, *files.others), now)
    gap = chain.gap()
    if gap:
        raise CredentialError(files.path, gap)
    doubts = [] if trusted is None else [chain.open_end(trusted)]
    doubts += [
        f"the certificate of {subject_of(each)} belongs to no part of the chain, and is not sent"
        for each in chain.left_out
    ]
    for doubt in filter(None, doubts):
        _log.warn("{path}: {doubt}", path=str(files.path), doubt=doubt)
    return chain.certificates


def _check_use(
    path: Path, certificate: x509.Certificate, words: str, profile: Profile, now: datetime
) -> None:
    """Find now what every handshake would stumble over."""
    weak = weakness_of(certificate, profile)
    if weak:
        raise CredentialError(path, f"{words} is too weak: {weak} by profile {profile.name}")
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if end < now:
        raise CredentialError(path, f"{words} expired on {end:%Y-%m-%d %H:%M} UTC: have it renewed")
    if begin > now:
        raise CredentialError(
            path, f"{words} is not valid before {begin:%Y-%m-%d %H:%M} UTC: check the clock"
        )
