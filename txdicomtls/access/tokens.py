"""JSON Web Tokens: user identity of type 5 (PS3.7 D.3.3.7, RFC 7519).

PyJWT verifies signature, issuer and audience.  The times in the token are compared here, with a
clock that is given, and so are the claims that say who the user is and what it may use.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import Deferred
from zope.interface import implementer

from txdicomtls.access.credentials import JSONWebToken
from txdicomtls.access.interfaces import IJSONWebToken
from txdicomtls.access.realm import VerifiedUser
from txdicomtls.access.token_keys import TokenKey
from txdicomtls.access.watched_file import WatchedFile
from txdicomtls.errors import ConfigurationError, CredentialError, IdentityUnavailable
from txdicomtls.threads import InThread

#: What the log says of a token, by what PyJWT says; its own texts may quote the token.
_PROBLEMS: dict[type[Exception], str] = {
    jwt.InvalidSignatureError: "its signature is wrong",
    jwt.InvalidAlgorithmError: "it is signed by an algorithm that is not allowed",
    jwt.InvalidIssuerError: "it has another issuer",
    jwt.InvalidAudienceError: "it is for another audience",
    jwt.MissingRequiredClaimError: "it lacks a claim that it must have",
}

LONGEST_USER = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRules:
    """What a token must be like.

    :param algorithms: by which it may be signed.
    :param issuer: who must have issued it.
    :param audience: for whom it may be: one of these.
    :param leeway: seconds by which the clock of the issuer may differ.
    :param user_claim: the claim that says who the user is.
    :param services_claim: the claim that lists the services that the user may use, as a list of
        texts or one text with spaces between; a token without it allows none then.  Empty for
        no such claim: all.
    """

    algorithms: frozenset[str]
    issuer: str
    audience: tuple[str, ...]
    leeway: float = 30.0
    user_claim: str = "sub"
    services_claim: str = ""


@implementer(ICredentialsChecker)
class JSONWebTokenChecker:
    """Knows users by their JSON Web Tokens.

    :param keys: the file with the keys of the issuer.
    :param rules: what a token must be like.
    :param in_thread: runs the verification; see :class:`~txdicomtls.access.FewThreads`.
    :param now: gives the time, in seconds since 1970, as ``time.time`` does.
    """

    credentialInterfaces = (IJSONWebToken,)

    def __init__(
        self,
        keys: WatchedFile[tuple[TokenKey, ...]],
        rules: TokenRules,
        in_thread: InThread,
        now: Callable[[], float],
    ) -> None:
        self._keys = keys
        self._rules = rules
        self._in_thread = in_thread
        self._now = now

    def requestAvatarId(self, credentials: JSONWebToken) -> Deferred[Any]:  # Twisted's name
        """Verify the token.

        :return: the :class:`VerifiedUser`; fails with ``UnauthorizedLogin``, or with
            :class:`~txdicomtls.errors.IdentityUnavailable` where the keys cannot be read.
        """
        return self._in_thread(self._verify, credentials.token)

    def _verify(self, token: bytes) -> VerifiedUser:
        try:
            keys = self._keys.current()
        except (CredentialError, ConfigurationError) as error:
            raise IdentityUnavailable("; ".join(str(error).splitlines())) from None
        return verify_token(token, keys, self._rules, self._now())


def verify_token(
    token: bytes, keys: tuple[TokenKey, ...], rules: TokenRules, now: float
) -> VerifiedUser:
    """Verify a token.

    :param token: as the peer sent it.
    :param keys: of the issuer.
    :param now: seconds since 1970.
    :return: the user, valid for as long as the token is.
    :raises UnauthorizedLogin: it proves nothing; the text holds nothing of the token.
    """
    try:
        claims = _signed_claims(token, keys, rules)
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
        why = _PROBLEMS.get(type(error), "it is no signed JSON Web Token")
        raise UnauthorizedLogin(f"its token is not believed: {why}") from None
    left = _time(claims, "exp") + rules.leeway - now
    if left <= 0:
        raise UnauthorizedLogin("its token has expired")
    if "nbf" in claims and _time(claims, "nbf") - rules.leeway > now:
        raise UnauthorizedLogin("its token is not valid yet")
    return VerifiedUser(
        name=_user(claims, rules), services=_services(claims, rules), valid_for=left
    )


def _signed_claims(
    token: bytes, keys: tuple[TokenKey, ...], rules: TokenRules
) -> Mapping[str, Any]:
    header = jwt.get_unverified_header(token)
    algorithm, key_id = header.get("alg"), header.get("kid")
    # The token only chooses among what is allowed.
    fit = [key for key in keys if algorithm in key.algorithms & rules.algorithms]
    if not fit:
        raise jwt.InvalidAlgorithmError
    named = [key for key in fit if key_id and key.key_id == key_id]
    # Where the token names no key, or the keys have no names, each of them may be it.
    for key in named or [each for each in fit if not (key_id and each.key_id)]:
        try:
            return jwt.decode(
                token,
                key.key,
                algorithms=[str(algorithm)],
                issuer=rules.issuer,
                audience=rules.audience,
                options={
                    "require": ["iss", "aud", "exp", rules.user_claim],
                    "verify_exp": False,  # these three by our own clock
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except jwt.InvalidSignatureError:
            continue
    raise jwt.InvalidSignatureError


def _time(claims: Mapping[str, Any], claim: str) -> float:
    value = claims[claim]
    try:
        if not isinstance(value, bool) and math.isfinite(value):
            return float(value)
    except (TypeError, OverflowError):
        pass
    raise UnauthorizedLogin(f"its token has no time for {claim}")


def _user(claims: Mapping[str, Any], rules: TokenRules) -> str:
    user = claims[rules.user_claim]
    if not isinstance(user, str) or not user.strip() or not user.isprintable():
        raise UnauthorizedLogin(f"its token has no name for {rules.user_claim}")
    if len(user) > LONGEST_USER:
        raise UnauthorizedLogin(f"its token has too long a name for {rules.user_claim}")
    return user


def _services(claims: Mapping[str, Any], rules: TokenRules) -> frozenset[str] | None:
    if not rules.services_claim:
        return None
    services = claims.get(rules.services_claim, ())
    if isinstance(services, str):
        services = services.split()
    if not isinstance(services, list | tuple) or not all(isinstance(s, str) for s in services):
        raise UnauthorizedLogin(f"its token has no list of services for {rules.services_claim}")
    return frozenset(services)
