"""The arguments of the ``dicomtls:`` endpoint strings.

The files that a string names are read when its endpoint is used.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from enum import Enum
from functools import partial
from pathlib import Path
from typing import TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ServerEndpoint, TCP6ServerEndpoint

from txdicomtls.interfaces import IPasswordSource, IReactor
from txdicomtls.net.endpoints import DICOM_TLS_PORT, ClientEndpoint, ServerEndpoint
from txdicomtls.threads import in_thread_of
from txdicomtls.tls import (
    DEFAULT_PROFILE,
    ClientCertificate,
    CredentialFiles,
    EnvironmentPassword,
    FilePassword,
    InThread,
    Preference,
    Revocation,
    Security,
    SecurityFiles,
    Stapling,
    TrustFiles,
)

Choice = TypeVar("Choice", bound=Enum)


def server_endpoint_from_strings(
    reactor: IReactor,
    port: str = str(DICOM_TLS_PORT),
    *,
    interface: str = "",
    backlog: str = "128",
    client_certificate: str = "required",
    **files: str,
) -> ServerEndpoint:
    """The endpoint of ``dicomtls:PORT:certificate=FILE:key=FILE:trust=FILE``.

    :param port: TCP port; 0 for any that is free.
    :param interface: address to listen on; all IPv4 ones by default.
    :param client_certificate: ``required``, ``optional`` or ``none``.
    :param files: see :func:`security_from_strings`.
    :raises ValueError: an argument is missing, unknown or wrong; the text names it.
    """
    if "certificate" not in files:
        msg = "dicomtls: certificate=FILE is missing: a server must have a certificate and a key"
        raise ValueError(msg)
    wanted = _choice("client_certificate", client_certificate, ClientCertificate)
    tcp_endpoint = TCP6ServerEndpoint if ":" in interface else TCP4ServerEndpoint
    return ServerEndpoint(
        reactor,
        tcp_endpoint(reactor, _port(port), _number("backlog", backlog), interface),
        security_from_strings(reactor, wanted, **files),
    )


def client_endpoint_from_strings(
    reactor: IReactor,
    host: str = "",
    port: str = str(DICOM_TLS_PORT),
    *,
    timeout: str = "10",
    **files: str,
) -> ClientEndpoint:
    """The endpoint of ``dicomtls:HOST:PORT:certificate=FILE:key=FILE:trust=FILE``.

    :param host: DNS name or IP address; the peer's certificate must be for it.
    :param timeout: seconds for the transport connection.
    :param files: see :func:`security_from_strings`; without certificate and key we stay
        anonymous, which most nodes refuse.
    :raises ValueError: an argument is missing, unknown or wrong; the text names it.
    """
    if not host:
        msg = "dicomtls: the host is missing, as in dicomtls:pacs.example:2762:trust=ca.crt"
        raise ValueError(msg)
    return ClientEndpoint(
        reactor,
        host,
        _port(port),
        security_from_strings(reactor, **files),
        timeout=_number("timeout", timeout),
    )


def security_from_strings(
    reactor: IReactor,
    client_certificate: ClientCertificate = ClientCertificate.REQUIRED,
    /,
    **files: str,
) -> Callable[[], Deferred[Security]]:
    """How to get the security that the arguments of an endpoint string describe.

    Known are ``certificate``, ``key`` and ``chain``; ``trust``, ``pinned`` and ``crls`` (files
    and directories); ``revocation`` (``none``, ``leaf`` or ``chain``); ``stapling``
    (``ignored``, ``checked`` or ``required``, for servers that we connect to); ``profile``,
    ``cipher_suites`` and ``preference`` (``server`` or ``client``); ``verify_name=no``, with
    which a server may be anybody whom the trust vouches for; ``resumption=no``; and where the
    password of the key comes from: ``password_file`` or ``password_env``.  Several values are
    separated by commas.

    :raises ValueError: an argument is missing, unknown or wrong; the text names it.
    """
    unknown = sorted(set(files) - _KNOWN)
    if unknown:
        msg = f"dicomtls: unknown argument {unknown[0]}; known are {', '.join(sorted(_KNOWN))}"
        raise ValueError(msg)
    if "trust" not in files and "pinned" not in files:
        msg = "dicomtls: trust=FILE is missing: the CA certificates that peers must come from"
        raise ValueError(msg)
    if "certificate" not in files and "key" in files:
        msg = "dicomtls: certificate=FILE is missing: a key goes with its certificate"
        raise ValueError(msg)
    if "crls" in files and files.get("revocation", "none") == "none":
        msg = "dicomtls: there are crls, and they are not looked at: add revocation=leaf or chain"
        raise ValueError(msg)
    for needless in ("chain", "password_file", "password_env"):
        if needless in files and "certificate" not in files:
            msg = f"dicomtls: {needless} goes with a certificate: name it with certificate=FILE"
            raise ValueError(msg)
    if "password_file" in files and "password_env" in files:
        msg = "dicomtls: password_file and password_env are two sources: leave one of them"
        raise ValueError(msg)
    in_thread = in_thread_of(reactor)
    described = SecurityFiles(
        credentials=_credentials(files, in_thread),
        trust=TrustFiles(
            authorities=_paths(files.get("trust", "")),
            pinned=_paths(files.get("pinned", "")),
            crls=_paths(files.get("crls", "")),
            revocation=_choice("revocation", files.get("revocation", "none"), Revocation),
            stapling=_choice("stapling", files.get("stapling", "checked"), Stapling),
        ),
        profile=files.get("profile", DEFAULT_PROFILE.name),
        cipher_suites=_several(files.get("cipher_suites", "")),
        preference=_choice("preference", files["preference"], Preference)
        if "preference" in files
        else None,
        client_certificate=client_certificate,
        verify_names=_yes("verify_name", files.get("verify_name", "yes")),
        resumption=_yes("resumption", files.get("resumption", "yes")),
    )
    return partial(described.load, in_thread)


_KNOWN = frozenset(
    (
        *("certificate", "key", "chain", "password_file", "password_env"),
        *("trust", "pinned", "crls", "revocation", "stapling"),
        *("profile", "cipher_suites", "preference", "verify_name", "resumption"),
    )
)


def _credentials(files: Mapping[str, str], in_thread: InThread) -> tuple[CredentialFiles, ...]:
    if "certificate" not in files:
        return ()
    password: IPasswordSource | None = None
    if "password_file" in files:
        password = FilePassword(Path(files["password_file"]), in_thread)
    elif "password_env" in files:
        password = EnvironmentPassword(files["password_env"], os.environ)
    return (
        CredentialFiles(
            certificate=Path(files["certificate"]),
            private_key=Path(files["key"]) if "key" in files else None,
            chain=_paths(files.get("chain", "")),
            password=password,
        ),
    )


def _several(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(",") if part)


def _paths(text: str) -> tuple[Path, ...]:
    return tuple(Path(name) for name in _several(text))


def _yes(name: str, text: str) -> bool:
    if text not in ("yes", "no"):
        msg = f"dicomtls: {name} must be yes or no, not {text!r}"
        raise ValueError(msg)
    return text == "yes"


def _port(text: str) -> int:
    port = _number("port", text)
    if not 0 <= port <= 65535:
        msg = f"dicomtls: port must be 0 to 65535, not {text}"
        raise ValueError(msg)
    return port


def _number(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        msg = f"dicomtls: {name} must be a number, not {text!r}"
        raise ValueError(msg) from None


def _choice(name: str, text: str, choices: type[Choice]) -> Choice:
    try:
        return choices[text.upper()]
    except KeyError:
        known = ", ".join(choice.name.lower() for choice in choices)
        msg = f"dicomtls: {name} must be one of {known}, not {text!r}"
        raise ValueError(msg) from None
