"""Who a peer is, and what it may do: nodes by certificate and AE title, users by their identity."""

from __future__ import annotations

from txdicomtls.access.certificate_binding import CertificateBinding
from txdicomtls.access.credentials import (
    AssociationCredentials,
    JSONWebToken,
    KerberosTicket,
    NodeCredentials,
    SAMLAssertion,
    UserName,
    UserNameAndPasscode,
)
from txdicomtls.access.few_threads import FewThreads
from txdicomtls.access.interfaces import (
    IAssociationAvatar,
    IAssociationCredentials,
    IJSONWebToken,
    IKerberosTicket,
    IKerberosVerifier,
    INodeCredentials,
    ISAMLAssertion,
    ISAMLVerifier,
    IUserName,
    IUserNameAndPasscode,
)
from txdicomtls.access.passcodes import Passcodes, hash_passcode, parse_passcodes
from txdicomtls.access.policy import AnyPeer, KnownPeers, Peer
from txdicomtls.access.portal import PortalAccess, UnknownIdentity
from txdicomtls.access.realm import Avatar, PeerChecker, Realm, VerifiedUser
from txdicomtls.access.token_keys import TokenKey, parse_token_keys
from txdicomtls.access.tokens import JSONWebTokenChecker, TokenRules
from txdicomtls.access.users import PasscodeChecker, UserNameChecker
from txdicomtls.access.verifiers import KerberosChecker, SAMLChecker
from txdicomtls.access.watched_file import WatchedFile

__all__ = [
    "AnyPeer",
    "AssociationCredentials",
    "Avatar",
    "CertificateBinding",
    "FewThreads",
    "IAssociationAvatar",
    "IAssociationCredentials",
    "IJSONWebToken",
    "IKerberosTicket",
    "IKerberosVerifier",
    "INodeCredentials",
    "ISAMLAssertion",
    "ISAMLVerifier",
    "IUserName",
    "IUserNameAndPasscode",
    "JSONWebToken",
    "JSONWebTokenChecker",
    "KerberosChecker",
    "KerberosTicket",
    "KnownPeers",
    "NodeCredentials",
    "PasscodeChecker",
    "Passcodes",
    "Peer",
    "PeerChecker",
    "PortalAccess",
    "Realm",
    "SAMLAssertion",
    "SAMLChecker",
    "TokenKey",
    "TokenRules",
    "UnknownIdentity",
    "UserName",
    "UserNameAndPasscode",
    "UserNameChecker",
    "VerifiedUser",
    "WatchedFile",
    "hash_passcode",
    "parse_passcodes",
    "parse_token_keys",
]
