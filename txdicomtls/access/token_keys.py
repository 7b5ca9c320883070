"""Keys that JSON Web Tokens are verified with, each for the algorithms that fit it and no others.

A token says by which algorithm it is signed, and whoever forges one says what he likes.  So
each key here knows what it may be used with: a public key is never a secret for an HMAC.  Which
kind a file holds is not guessed from what is in it, but follows from the algorithms that
are allowed (RFC 8725 3.1).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

from txdicomtls.errors import ConfigurationError, ConfigurationProblem

PublicKey = (
    rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | ed448.Ed448PublicKey
)

#: Algorithms with a shared secret, and the least bytes that it has (RFC 7518 3.2).
SECRET_ALGORITHMS = {"HS256": 32, "HS384": 48, "HS512": 64}

_RSA_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_EC_ALGORITHMS = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
_EDWARDS_ALGORITHM = "EdDSA"

#: Algorithms with a public key (RFC 7518 3.1, RFC 8037 3.1).
PUBLIC_KEY_ALGORITHMS = (*_RSA_ALGORITHMS, *_EC_ALGORITHMS.values(), _EDWARDS_ALGORITHM)

LEAST_RSA_BITS = 2048  # RFC 7518 3.3

_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenKey:
    """One key.

    :param key_id: its name in a JWK set (RFC 7517 4.5); empty if it has none.
    :param algorithms: what it may be used with.
    :param key: the public key or the secret.
    """

    key_id: str = ""
    algorithms: frozenset[str]
    key: PublicKey | bytes = field(repr=False)


def with_secret(algorithms: frozenset[str]) -> bool:
    """Whether these algorithms take a shared secret; otherwise they take public keys.

    :raises ValueError: there are none, unknown ones, or some of either kind.
    """
    if algorithms and algorithms <= frozenset(SECRET_ALGORITHMS):
        return True
    if algorithms and algorithms <= frozenset(PUBLIC_KEY_ALGORITHMS):
        return False
    known = ", ".join((*PUBLIC_KEY_ALGORITHMS, *SECRET_ALGORITHMS))
    raise ValueError(f"must be one kind of these, with a public key or with a secret: {known}")


def parse_token_keys(
    path: Path, content: bytes, algorithms: frozenset[str]
) -> tuple[TokenKey, ...]:
    """Read a file of keys.

    :param path: where it is from, for errors.
    :param content: a JWK set (RFC 7517), or PEM with public keys or certificates; for
        algorithms with a secret a JWK set, or the secret itself in one line.
    :param algorithms: those that are allowed.
    :return: at least one key, each with those that are allowed of its own.
    :raises ConfigurationError: it has keys that are wrong, or none of use; names all of that.
    :raises ValueError: the algorithms do not go together.
    """
    secret = with_secret(algorithms)
    if content.lstrip()[:1] == b"{":
        read = _in_jwk_set(content)
    else:
        read = _secret(content) if secret else _in_pem(content)
    found: list[TokenKey] = []
    problems = []
    for each in read:
        if isinstance(each, ConfigurationProblem):
            problems.append(each)
        elif fit := each.algorithms & algorithms:
            found.append(TokenKey(key_id=each.key_id, algorithms=fit, key=each.key))
    if not found and not problems:
        wanted = ", ".join(sorted(algorithms))
        problems.append(ConfigurationProblem("", f"there is no key for {wanted} in this file"))
    if problems:
        raise ConfigurationError(path, problems)
    return tuple(found)


Read = Iterator[TokenKey | ConfigurationProblem]


def _secret(content: bytes) -> Read:
    secret = content.rstrip(b"\r\n")
    if _is_public(secret):
        yield ConfigurationProblem("", "this is a public key, which everybody may know: no secret")
    elif fit := _fit_secret(secret):
        yield TokenKey(algorithms=fit, key=secret)
    else:
        yield _short_secret("")


def _in_pem(content: bytes) -> Read:
    for number, block in enumerate(_PEM.finditer(content), 1):
        where, label = f"key {number}", block[1]
        if label.endswith(b"PRIVATE KEY"):
            yield _private(where)
        elif label in (b"PUBLIC KEY", b"RSA PUBLIC KEY", b"CERTIFICATE"):
            try:
                if label == b"CERTIFICATE":
                    key: object = x509.load_pem_x509_certificate(block[0]).public_key()
                else:
                    key = load_pem_public_key(block[0])
            except ValueError:
                yield ConfigurationProblem(where, "is damaged")
            else:
                yield from _public(where, "", key, None)


def _in_jwk_set(content: bytes) -> Read:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        yield ConfigurationProblem("", "this is no JSON")
        return
    keys = document.get("keys", [document] if "kty" in document else None)
    if not isinstance(keys, list):
        yield ConfigurationProblem("", 'this is no JWK set: it has no list "keys"')
        return
    for number, data in enumerate(keys, 1):
        yield from _jwk(f"key {number}", data)


def _jwk(where: str, data: object) -> Read:
    if not isinstance(data, dict):
        yield ConfigurationProblem(where, "is no JWK")
        return
    operations = data.get("key_ops", ["verify"])
    verifies = isinstance(operations, list) and "verify" in operations
    for_this = data.get("use", "sig") == "sig" and verifies
    if not for_this or data.get("kty") not in ("RSA", "EC", "OKP", "oct"):
        return  # what is for something else is passed over (RFC 7517 5)
    if data["kty"] != "oct" and "d" in data:
        yield _private(where)
        return
    key_id, algorithm = data.get("kid", ""), data.get("alg")
    try:
        key = jwt.PyJWK({name: data[name] for name in data if name != "alg"}).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        yield ConfigurationProblem(where, "is damaged, or of a kind that is not taken here")
        return
    if not isinstance(key_id, str) or not isinstance(algorithm, str | None):
        yield ConfigurationProblem(where, "has a kid or an alg that is no text")
    elif not isinstance(key, bytes):
        yield from _public(where, key_id, key, algorithm)
    elif fit := _fit_secret(key):
        yield TokenKey(key_id=key_id, algorithms=_only(fit, algorithm), key=key)
    else:
        yield _short_secret(where)


def _public(where: str, key_id: str, key: object, algorithm: str | None) -> Read:
    fit: tuple[str, ...] = ()
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < LEAST_RSA_BITS:
            problem = f"has {key.key_size} bits, and less than {LEAST_RSA_BITS} prove nothing"
            yield ConfigurationProblem(where, problem)
            return
        fit = _RSA_ALGORITHMS
    elif isinstance(key, ec.EllipticCurvePublicKey):
        fit = tuple(name for curve, name in _EC_ALGORITHMS.items() if curve == key.curve.name)
    elif isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        fit = (_EDWARDS_ALGORITHM,)
    else:
        return
    yield TokenKey(key_id=key_id, algorithms=_only(frozenset(fit), algorithm), key=key)


def _only(fit: frozenset[str], algorithm: str | None) -> frozenset[str]:
    return fit if algorithm is None else fit & {algorithm}


def _fit_secret(secret: bytes) -> frozenset[str]:
    return frozenset(name for name, least in SECRET_ALGORITHMS.items() if len(secret) >= least)


def _is_public(content: bytes) -> bool:
    if b"-----BEGIN " in content or content.startswith((b"ssh-", b"ecdsa-")):
        return True
    for load in (load_der_public_key, x509.load_der_x509_certificate):
        try:
            load(content)
        except Exception:  # noqa: BLE001, S112  # whatever is wrong with it, it is no such thing
            continue
        return True
    return False


def _private(where: str) -> ConfigurationProblem:
    return ConfigurationProblem(
        where, "is a private key, which only the issuer of the tokens may have: take the public one"
    )


def _short_secret(where: str) -> ConfigurationProblem:
    least = min(SECRET_ALGORITHMS.values())
    return ConfigurationProblem(where, f"a secret has at least {least} bytes (RFC 7518 3.2)")
