"""Which user identities are verified (PS3.7 D.3.3.7), and by what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from zope.interface import implementedBy

from conformance.contexts import FACTS
from conformance.markdown import code, table
from txdicomtls import access
from txdicomtls.access.credentials import user_credentials
from txdicomtls.pdu import UserIdentityRQ, UserIdentityType
from txdicomtls.scu import UserIdentity

#: The key of ``[identity]`` that has the daemon verify a type; the others take a verifier.
DAEMON_KEYS = {
    UserIdentityType.USERNAME: "names",
    UserIdentityType.USERNAME_AND_PASSCODE: "users",
    UserIdentityType.JWT: "jwt",
}

_NAMES = {
    UserIdentityType.USERNAME: "user name",
    UserIdentityType.USERNAME_AND_PASSCODE: "user name and passcode",
    UserIdentityType.KERBEROS: "Kerberos service ticket",
    UserIdentityType.SAML: "SAML assertion",
    UserIdentityType.JWT: "JSON Web Token",
}

#: What the constructors of :class:`~txdicomtls.scu.UserIdentity` are called with.
_PROPOSED = {
    "name": ("joe",),
    "passcode": ("joe", "secret"),
    "kerberos": (b"ticket",),
    "saml": (b"assertion",),
    "jwt": ("token",),
}


def lines() -> Iterator[str]:
    """One row for each type."""
    constructors = proposed()
    yield from table(
        ("type", "proposed by", "verified by", "in a node by"),
        (
            (
                f"{kind.value}, {_NAMES[kind]}",
                code(f"UserIdentity.{constructors[kind]}()"),
                code(*(checker.__name__ for checker in checkers(kind))),
                code(f"[identity] {DAEMON_KEYS[kind]}") if kind in DAEMON_KEYS else "programs only",
            )
            for kind in UserIdentityType
        ),
    )


def proposed() -> dict[int, str]:
    """The constructor that makes each type."""
    return {
        getattr(UserIdentity, name)(*arguments).request.identity_type: name
        for name, arguments in _PROPOSED.items()
    }


def checkers(kind: UserIdentityType) -> list[Any]:
    """The checkers that take the credentials which an identity of this type becomes."""
    credentials = user_credentials(FACTS, UserIdentityRQ(identity_type=kind, primary=b"x"))
    assert credentials is not None  # there are credentials for every type
    shown = implementedBy(type(credentials))
    return [
        checker
        for name in access.__all__
        if (checker := getattr(access, name))
        and any(shown.isOrExtends(each) for each in getattr(checker, "credentialInterfaces", ()))
    ]
