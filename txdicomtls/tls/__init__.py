"""Secure links (PS3.15 Annex B): profiles, credentials, trust, introspection, lifecycle."""

from __future__ import annotations

from txdicomtls.threads import InThread
from txdicomtls.tls.credentials import Credentials, load_credentials
from txdicomtls.tls.diagnosis import FIRST_BYTES, explain
from txdicomtls.tls.lifecycle import LinkDeadlines, LinkLifecycle, LinkState, TransportActions
from txdicomtls.tls.names import verify_server_name
from txdicomtls.tls.passwords import (
    EnvironmentPassword,
    FilePassword,
    FixedPassword,
    PromptPassword,
)
from txdicomtls.tls.profiles import (
    DEFAULT_PROFILE,
    PROFILES,
    Profile,
    TLSVersion,
    profile_named,
)
from txdicomtls.tls.secure_link import SecureLink, introspect
from txdicomtls.tls.security import ClientCertificate, Security, load_security
from txdicomtls.tls.suites import SuiteDescription, describe_suite
from txdicomtls.tls.transport import (
    READ_SIZE,
    WRITE_SIZE,
    TLSTransport,
    TLSTransportFactory,
    wrap_factory,
)
from txdicomtls.tls.trust import Trust, load_trust

__all__ = [
    "DEFAULT_PROFILE",
    "FIRST_BYTES",
    "PROFILES",
    "READ_SIZE",
    "WRITE_SIZE",
    "ClientCertificate",
    "Credentials",
    "EnvironmentPassword",
    "FilePassword",
    "FixedPassword",
    "InThread",
    "LinkDeadlines",
    "LinkLifecycle",
    "LinkState",
    "Profile",
    "PromptPassword",
    "SecureLink",
    "Security",
    "SuiteDescription",
    "TLSTransport",
    "TLSTransportFactory",
    "TLSVersion",
    "TransportActions",
    "Trust",
    "describe_suite",
    "explain",
    "introspect",
    "load_credentials",
    "load_security",
    "load_trust",
    "profile_named",
    "verify_server_name",
    "wrap_factory",
]
