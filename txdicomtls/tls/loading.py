"""What a :class:`~txdicomtls.tls.Security` is to be made of, and the way from files to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from twisted.internet.defer import Deferred, fail

from txdicomtls.errors import CredentialError
from txdicomtls.interfaces import IPasswordSource
from txdicomtls.threads import InThread
from txdicomtls.tls.credentials import Credentials, load_credentials
from txdicomtls.tls.key_log import KeyLog
from txdicomtls.tls.keyring import Keyring
from txdicomtls.tls.profiles import DEFAULT_PROFILE, Preference, Profile, profile_named
from txdicomtls.tls.security import ClientCertificate, Security
from txdicomtls.tls.trust import CertificateJudge, Revocation, Stapling, Trust, load_trust


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialFiles:
    """The files of one certificate.

    :param certificate: PEM or DER, or PKCS#12 with everything in it.
    :param private_key: PEM or DER; None where the certificate's file has it too.
    :param chain: the certificates between it and the root, where they are in files of their own.
    :param password: for an encrypted private key.
    :param ocsp_response: DER, to be stapled.
    """

    certificate: Path
    private_key: Path | None = None
    chain: tuple[Path, ...] = ()
    password: IPasswordSource | None = field(default=None, repr=False)
    ocsp_response: Path | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """All of them."""
        named = (self.certificate, self.private_key, *self.chain, self.ocsp_response)
        return tuple(path for path in named if path is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustFiles:
    """Whom to believe, and what to look at for it; see :class:`~txdicomtls.tls.Trust`.

    :param authorities: files and directories of CA certificates.
    :param pinned: files and directories of certificates of single peers.
    :param crls: files and directories of certificate revocation lists.
    """

    authorities: tuple[Path, ...] = ()
    pinned: tuple[Path, ...] = ()
    crls: tuple[Path, ...] = ()
    revocation: Revocation = Revocation.NONE
    stapling: Stapling = Stapling.CHECKED
    depth: int = 3
    judge: CertificateJudge | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """All files and directories."""
        return (*self.authorities, *self.pinned, *self.crls)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityFiles:
    """All that a :class:`~txdicomtls.tls.Security` is made of, before it is read.

    :param credentials: what to show, the usual first; none for a client without a certificate.
    :param trust: whom to believe.
    :param profile: name of the security profile.
    :param cipher_suites: instead of those of the profile, IANA or OpenSSL names, in order.
    :param preference: whose order of suites decides where we are the server; None as the
        profile has it.
    :param client_certificate: what a server wants from its clients.
    :param verify_names: see :class:`~txdicomtls.tls.Security`.
    :param resumption: see there.
    :param key_log: see there.
    """

    trust: TrustFiles
    credentials: tuple[CredentialFiles, ...] = ()
    profile: str = DEFAULT_PROFILE.name
    cipher_suites: tuple[str, ...] = ()
    preference: Preference | None = None
    client_certificate: ClientCertificate = ClientCertificate.REQUIRED
    verify_names: bool = True
    resumption: bool = True
    key_log: KeyLog | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """All files and directories that the result depends on."""
        return (*self.trust.files, *(path for each in self.credentials for path in each.files))

    def wanted_profile(self) -> Profile:
        """The profile, with the suites and the preference that were asked for.

        :raises ValueError: there is none of this name, or it does not take these suites.
        """
        profile = profile_named(self.profile)
        if self.cipher_suites:
            profile = profile.with_cipher_suites(self.cipher_suites)
        if self.preference not in (None, profile.preference):
            profile = replace(profile, preference=self.preference)
        return profile

    def load(self, in_thread: InThread, keyring: Keyring | None = None) -> Deferred[Security]:
        """Read everything and make a Security of it.

        :param in_thread: runs what blocks.
        :param keyring: remembers opened keys, so that nobody is asked for a password again.
        :return: fails with :class:`~txdicomtls.errors.CredentialError` and its subclasses, and
            with :exc:`ValueError` for a profile that cannot be had.
        """
        return Deferred.fromCoroutine(self._load(in_thread, keyring or Keyring()))

    async def _load(self, in_thread: InThread, keyring: Keyring) -> Security:
        profile = self.wanted_profile()
        trust = await load_trust(
            self.trust.authorities,
            pinned=self.trust.pinned,
            crls=self.trust.crls,
            revocation=self.trust.revocation,
            stapling=self.trust.stapling,
            depth=self.trust.depth,
            judge=self.trust.judge,
            in_thread=in_thread,
        )
        # One after the other: two prompts for passwords would get in each other's way.
        shown: list[Credentials] = [
            await load_credentials(
                files.certificate,
                files.private_key,
                files.password,
                chain=files.chain,
                ocsp_response=files.ocsp_response,
                trusted=trust.certificates,
                keyring=keyring,
                in_thread=in_thread,
                profile=profile,
            )
            for files in self.credentials
        ]
        # Making contexts means to check keys and to take in every CRL: not in the reactor's thread.
        return await in_thread(self._make, profile, trust, shown)

    def _make(self, profile: Profile, trust: Trust, shown: Sequence[Credentials]) -> Security:
        return Security(
            profile=profile,
            trust=trust,
            credentials=shown[0] if shown else None,
            further=shown[1:],
            client_certificate=self.client_certificate,
            verify_names=self.verify_names,
            resumption=self.resumption,
            key_log=self.key_log,
        )


def load_security(
    *,
    certificate: Path | None,
    private_key: Path | None,
    trust: Sequence[Path],
    password: IPasswordSource | None = None,
    profile: str = DEFAULT_PROFILE.name,
    client_certificate: ClientCertificate = ClientCertificate.REQUIRED,
    in_thread: InThread,
) -> Deferred[Security]:
    """Make the usual :class:`~txdicomtls.tls.Security`; :class:`SecurityFiles` has all there is.

    :param certificate: None, with ``private_key`` None, for a client without one.
    :param private_key: its private key.
    :param trust: files or directories of the CA certificates that peers must come from.
    :param password: for an encrypted private key.
    :param profile: name of the profile.
    :param client_certificate: what a server wants from its clients.
    :param in_thread: runs what blocks.
    :return: fails as :meth:`SecurityFiles.load` does.
    """
    if certificate is None and private_key is not None:
        return fail(CredentialError(private_key, "this private key has no certificate: name both"))
    shown = (
        ()
        if certificate is None
        else (CredentialFiles(certificate=certificate, private_key=private_key, password=password),)
    )
    files = SecurityFiles(
        credentials=shown,
        trust=TrustFiles(authorities=tuple(trust)),
        profile=profile,
        client_certificate=client_certificate,
    )
    return files.load(in_thread)
