"""Errors of certificates, keys and configuration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from txdicomtls.errors.root import DicomTLSError


class CredentialError(DicomTLSError):
    """A certificate, key or trust file cannot be used.

    :param path: the file.
    :param problem: what is wrong with it and how to mend it.
    """

    def __init__(self, path: str | Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = str(path)
        self.problem = problem


class ProfileUnavailable(DicomTLSError, ValueError):
    """The OpenSSL in use cannot do what a security profile cannot do without."""


class WrongPassword(CredentialError):
    """The private key is encrypted and the password does not open it."""

    def __init__(self, path: str | Path) -> None:
        super().__init__(path, "the password does not open this private key")


class PasswordUnavailable(CredentialError):
    """The private key is encrypted and no password could be had."""


@dataclass(frozen=True, slots=True)
class ConfigurationProblem:
    """One thing wrong in a configuration.

    :param key: path of the key, as "listen[0].port"; empty for the file as a whole.
    :param message: what is wrong and what would be right.
    """

    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.key}: {self.message}" if self.key else self.message


class ConfigurationError(DicomTLSError):
    """The configuration cannot be used; holds every problem found, not only the first.

    :param source: file the configuration came from.
    :param problems: all of them.
    """

    def __init__(self, source: str | Path, problems: Sequence[ConfigurationProblem]) -> None:
        super().__init__("\n".join(f"{source}: {problem}" for problem in problems))
        self.source = str(source)
        self.problems = tuple(problems)


class CannotListen(DicomTLSError):
    """A port to accept associations at cannot be had.

    :param interface: the address; empty for all.
    :param port: the TCP port.
    :param problem: what the system said.
    """

    def __init__(self, interface: str, port: int, problem: str) -> None:
        super().__init__(f"cannot listen on {interface or 'any address'} port {port}: {problem}")
        self.interface = interface
        self.port = port
        self.problem = problem
