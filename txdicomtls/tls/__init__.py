"""Secure links (PS3.15 Annex B): profiles, credentials, trust, introspection, lifecycle."""

from __future__ import annotations

from txdicomtls.threads import InThread
from txdicomtls.tls.certificates import CertificateDescription, describe_certificate
from txdicomtls.tls.contexts import ALPN_PROTOCOL
from txdicomtls.tls.credentials import Credentials, load_credentials
from txdicomtls.tls.diagnosis import FIRST_BYTES, explain
from txdicomtls.tls.expiry import Expiration, ExpiryWarnings, expirations
from txdicomtls.tls.files import FileKind
from txdicomtls.tls.key_log import KeyLog, key_log_of
from txdicomtls.tls.keyring import Keyring
from txdicomtls.tls.keys import KeyDescription
from txdicomtls.tls.lifecycle import LinkDeadlines, LinkLifecycle, LinkState, TransportActions
from txdicomtls.tls.loading import CredentialFiles, SecurityFiles, TrustFiles, load_security
from txdicomtls.tls.names import verify_server_name
from txdicomtls.tls.password_command import CommandPassword
from txdicomtls.tls.passwords import (
    CallablePassword,
    EnvironmentPassword,
    FilePassword,
    FixedPassword,
    PromptPassword,
    SystemdCredential,
)
from txdicomtls.tls.private_keys import KeyFile, OpenedKey
from txdicomtls.tls.profile import Preference, Profile, TLSVersion
from txdicomtls.tls.profiles import DEFAULT_PROFILE, PROFILES, profile_named
from txdicomtls.tls.secure_link import SecureLink, introspect
from txdicomtls.tls.security import ClientCertificate, RotatingSecurity, Security
from txdicomtls.tls.suites import SuiteDescription, describe_suite
from txdicomtls.tls.transport import (
    READ_SIZE,
    WRITE_SIZE,
    TLSTransport,
    TLSTransportFactory,
    wrap_factory,
)
from txdicomtls.tls.trust import (
    CertificateJudge,
    ChainStep,
    Revocation,
    Stapling,
    Trust,
    load_trust,
)

__all__ = [
    "ALPN_PROTOCOL",
    "DEFAULT_PROFILE",
    "FIRST_BYTES",
    "PROFILES",
    "READ_SIZE",
    "WRITE_SIZE",
    "CallablePassword",
    "CertificateDescription",
    "CertificateJudge",
    "ChainStep",
    "ClientCertificate",
    "CommandPassword",
    "CredentialFiles",
    "Credentials",
    "EnvironmentPassword",
    "Expiration",
    "ExpiryWarnings",
    "FileKind",
    "FilePassword",
    "FixedPassword",
    "InThread",
    "KeyDescription",
    "KeyFile",
    "KeyLog",
    "Keyring",
    "LinkDeadlines",
    "LinkLifecycle",
    "LinkState",
    "OpenedKey",
    "Preference",
    "Profile",
    "PromptPassword",
    "Revocation",
    "RotatingSecurity",
    "SecureLink",
    "Security",
    "SecurityFiles",
    "Stapling",
    "SuiteDescription",
    "SystemdCredential",
    "TLSTransport",
    "TLSTransportFactory",
    "TLSVersion",
    "TransportActions",
    "Trust",
    "TrustFiles",
    "describe_certificate",
    "describe_suite",
    "expirations",
    "explain",
    "introspect",
    "key_log_of",
    "load_credentials",
    "load_security",
    "load_trust",
    "profile_named",
    "verify_server_name",
    "wrap_factory",
]
