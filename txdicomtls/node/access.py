"""From ``[[peer]]`` and ``[identity]`` to the policy of access that they describe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.portal import Portal
from twisted.internet.interfaces import IReactorTime

from txdicomtls.access import (
    AnyPeer,
    CertificateBinding,
    FewThreads,
    JSONWebTokenChecker,
    KnownPeers,
    PasscodeChecker,
    Peer,
    PeerChecker,
    PortalAccess,
    Realm,
    TokenRules,
    UnknownIdentity,
    UserNameChecker,
    WatchedFile,
    parse_passcodes,
    parse_token_keys,
)
from txdicomtls.access.token_keys import TokenKey, with_secret
from txdicomtls.interfaces import IAccess
from txdicomtls.node.access_sections import JWTSection, PeerSection
from txdicomtls.node.configuration import Configuration
from txdicomtls.threads import InThread


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredAccess:
    """Who may, and the files that say so.

    :param policy: what decides.
    :param files: what it reads, and reads again when they have changed.
    """

    policy: IAccess
    files: tuple[WatchedFile[Any], ...] = ()

    async def check(self, in_thread: InThread) -> None:
        """Read all files once, before anybody is let in.

        :param in_thread: runs the reading.
        :raises DicomTLSError: one of them cannot be used.
        """
        for file in self.files:
            await in_thread(file.current)


def make_access(
    configuration: Configuration,
    *,
    clock: IReactorTime,
    in_thread: InThread,
    now: Callable[[], float],
) -> ConfiguredAccess:
    """Make the policy of a configuration; reads no file.

    Everybody with a trusted certificate may associate, or the listed peers among them; and
    users as far as there is something to verify them with.

    :param clock: the reactor.
    :param in_thread: runs what blocks.
    :param now: gives the time, in seconds since 1970.
    """
    node, identity = configuration.node, configuration.identity
    called = None if node.accept_any_called_ae_title else (node.ae_title,)
    nodes = KnownPeers(map(peer_of, configuration.peer), called)
    policy = nodes if configuration.peer else AnyPeer(called)
    unknown = UnknownIdentity(identity.unknown)
    if not identity.verifies and unknown is UnknownIdentity.IGNORE:
        return ConfiguredAccess(policy=policy)
    few = FewThreads(in_thread)
    checkers: list[ICredentialsChecker] = [PeerChecker(policy)]
    files: list[WatchedFile[Any]] = []
    if identity.names:
        checkers.append(UserNameChecker())
    if identity.users is not None:
        users = WatchedFile(identity.users, parse_passcodes, secret=True)
        checkers.append(PasscodeChecker(users, few))
        files.append(users)
    if identity.jwt is not None:
        keys = _token_keys(identity.jwt)
        checkers.append(JSONWebTokenChecker(keys, _token_rules(identity.jwt), few, now))
        files.append(keys)
    access = PortalAccess(
        Portal(Realm(), checkers),
        clock=clock,
        unknown_identity=unknown,
        require_identity=identity.required,
    )
    return ConfiguredAccess(policy=access, files=tuple(files))


def peer_of(section: PeerSection) -> Peer:
    """The node that a section describes."""
    shown, binding = section.certificate, None
    if shown is not None:
        binding = CertificateBinding.of(
            san=shown.san, subject=shown.subject, fingerprint=shown.fingerprint
        )
    return Peer(
        ae_title=section.ae_title,
        allow=frozenset(section.allow),
        sop_classes=frozenset(section.sop_classes) or None,
        certificate=binding,
        addresses=section.addresses,
    )


def _token_keys(section: JWTSection) -> WatchedFile[tuple[TokenKey, ...]]:
    algorithms = frozenset(section.algorithms)
    parse = partial(parse_token_keys, algorithms=algorithms)
    return WatchedFile(section.keys, parse, secret=with_secret(algorithms))


def _token_rules(section: JWTSection) -> TokenRules:
    return TokenRules(
        algorithms=frozenset(section.algorithms),
        issuer=section.issuer,
        audience=section.audience,
        leeway=section.leeway,
        user_claim=section.user_claim,
        services_claim=section.services_claim or "",
    )
