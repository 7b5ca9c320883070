"""What pyOpenSSL has gained since version 23, as far as txdicomtls uses it.

Where pyOpenSSL had its own classes for certificates, keys and revocation lists, it now takes and
gives those of cryptography; here they are turned from the one into the other.  Functions of OpenSSL
for which the cryptography of that age has no binding are called through ctypes.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import wraps
from typing import Any

from cryptography import x509
from OpenSSL import SSL, _util, crypto

# Of ssl.h: SSL_CTRL_CLEAR_MODE, SSL_CTRL_SET_GROUPS_LIST, SSL_CTRL_GET_NEGOTIATED_GROUP.
_CLEAR_MODE, _SET_GROUPS_LIST, _GET_NEGOTIATED_GROUP = 78, 92, 134

_POINTER, _INT, _LONG = ctypes.c_void_p, ctypes.c_int, ctypes.c_long

# Functions of OpenSSL without a binding: the type of the result, those of the arguments.
_FUNCTIONS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "SSL_CTX_ctrl": (_LONG, (_POINTER, _INT, _LONG, _POINTER)),
    "SSL_CTX_get_security_level": (_INT, (_POINTER,)),
    "SSL_CTX_set_num_tickets": (_INT, (_POINTER, ctypes.c_size_t)),
    "SSL_CTX_set_security_level": (None, (_POINTER, _INT)),
    "SSL_ctrl": (_LONG, (_POINTER, _INT, _LONG, _POINTER)),
    "SSL_set_info_callback": (None, (_POINTER, _POINTER)),
    "SSL_group_to_name": (ctypes.c_char_p, (_POINTER, _INT)),
}

_Method = Callable[..., Any]


class _Library:
    """The bindings that cryptography has, and those that it lacks."""

    def __init__(self, old: Any) -> None:  # noqa: ANN401  # cffi makes it
        self._old = old
        libssl = ctypes.CDLL("libssl.so.3")  # the one that is in use already
        for name, (result, arguments) in _FUNCTIONS.items():
            function = getattr(libssl, name)
            function.restype, function.argtypes = result, arguments
            setattr(self, name, _taking_pointers(function))

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # whatever there is
        return getattr(self._old, name)

    # These two are macros in C.
    def SSL_CTX_set1_curves_list(self, context: object, names: bytes) -> int:
        return int(self.SSL_CTX_ctrl(context, _SET_GROUPS_LIST, 0, names))

    def SSL_get_negotiated_group(self, ssl: object) -> int:
        return int(self.SSL_ctrl(ssl, _GET_NEGOTIATED_GROUP, 0, None))


def _taking_pointers(function: _Method) -> _Method:
    """Let a function of ctypes take the pointers of cffi."""

    def call(*arguments: object) -> Any:  # noqa: ANN401  # each has its own result
        return function(*map(_plain, arguments))

    return call


def _plain(argument: object) -> object:
    if isinstance(argument, _util.ffi.CData):
        return int(_util.ffi.cast("uintptr_t", argument))
    return argument


def _old_fashioned(value: Any) -> Any:  # noqa: ANN401  # one of several kinds, or an old one
    """Turn what cryptography has made into what pyOpenSSL had for it."""
    if isinstance(value, x509.Certificate):
        return crypto.X509.from_cryptography(value)
    if isinstance(value, x509.CertificateRevocationList):
        return crypto.CRL.from_cryptography(value)  # type: ignore[attr-defined]  # gone since
    if hasattr(value, "private_bytes"):
        return crypto.PKey.from_cryptography_key(value)
    return value


def _new_fashioned(value: Any) -> Any:  # noqa: ANN401  # one certificate, several, or none
    """Turn certificates and names of pyOpenSSL into those of cryptography."""
    if isinstance(value, list):
        return [_new_fashioned(each) for each in value]
    if isinstance(value, crypto.X509Name):
        return x509.Name.from_bytes(value.der())
    return None if value is None else value.to_cryptography()


def _taking(old: _Method) -> _Method:
    @wraps(old)
    def method(self: object, value: object) -> Any:  # noqa: ANN401  # as the old one
        return old(self, _old_fashioned(value))

    return method


def _giving(old: _Method) -> _Method:
    @wraps(old)
    def method(self: object, *, as_cryptography: bool = False) -> Any:  # noqa: ANN401  # likewise
        value = old(self)
        return _new_fashioned(value) if as_cryptography else value

    return method


_TAKING = (
    (SSL.Context, ("use_certificate", "use_privatekey", "add_extra_chain_cert", "add_client_ca")),
    (SSL.Connection, ("use_certificate", "use_privatekey")),
    (crypto.X509Store, ("add_cert", "add_crl")),
)

_GIVING = (
    "get_certificate",
    "get_client_ca_list",
    "get_peer_cert_chain",
    "get_peer_certificate",
    "get_verified_chain",
)


def _set_tls13_ciphersuites(context: Any, names: bytes) -> None:  # noqa: ANN401  # untyped
    if _util.lib.SSL_CTX_set_ciphersuites(context._context, names) != 1:  # noqa: SLF001  # as below
        _util.exception_from_error_queue(SSL.Error)


def _clear_mode(context: Any, mode: int) -> int:  # noqa: ANN401  # likewise
    return int(_util.lib.SSL_CTX_ctrl(context._context, _CLEAR_MODE, mode, None))  # noqa: SLF001


def _get_group_name(connection: Any) -> str | None:  # noqa: ANN401  # likewise
    ssl = connection._ssl  # noqa: SLF001  # there is no method for it
    number = _util.lib.SSL_get_negotiated_group(ssl)
    # Nothing was negotiated where the key was sent under the RSA key of the certificate.
    name = _util.lib.SSL_group_to_name(ssl, number) if number else None
    return None if name is None else name.decode("ascii")


def _set_info_callback(connection: Any, callback: Callable[[Any, int, int], None]) -> None:  # noqa: ANN401  # likewise
    def tell(_: object, where: int, result: int) -> None:
        callback(connection, where, result)

    # OpenSSL keeps only the address.
    connection._info_callback = _util.ffi.callback("void (*)(const SSL *, int, int)", tell)  # noqa: SLF001
    _util.lib.SSL_set_info_callback(connection._ssl, connection._info_callback)  # noqa: SLF001


def _verification_codes() -> type:
    """The errors of the verification by the names of pyOpenSSL 24."""
    prefix = "X509_V_"
    names = [name for name in dir(_util.lib._old) if name.startswith(f"{prefix}ERR_")]  # noqa: SLF001
    codes = {name.removeprefix(prefix): getattr(_util.lib, name) for name in names}
    return type("X509VerificationCodes", (), codes | {"OK": 0})


def install() -> None:
    """Give the pyOpenSSL of this process what it lacks."""
    _util.lib = _Library(_util.lib)
    for taker, names in _TAKING:
        for name in names:
            setattr(taker, name, _taking(getattr(taker, name)))
    for name in _GIVING:
        setattr(SSL.Connection, name, _giving(getattr(SSL.Connection, name)))
    additions: tuple[tuple[object, str, object], ...] = (
        (SSL.Context, "set_tls13_ciphersuites", _set_tls13_ciphersuites),
        (SSL.Context, "clear_mode", _clear_mode),
        (SSL.Connection, "get_group_name", _get_group_name),
        (SSL.Connection, "set_info_callback", _set_info_callback),
        (SSL, "X509VerificationCodes", _verification_codes()),
        (SSL, "OP_LEGACY_SERVER_CONNECT", 0x4),
    )
    for owner, name, value in additions:
        setattr(owner, name, value)
