"""Where the configuration says that the password of a private key comes from."""

from __future__ import annotations

from collections.abc import Mapping

from txdicomtls.interfaces import IPasswordSource, IReactor
from txdicomtls.node.tls_sections import PasswordSection
from txdicomtls.threads import InThread
from txdicomtls.tls.password_command import CommandPassword
from txdicomtls.tls.passwords import (
    EnvironmentPassword,
    FilePassword,
    PromptPassword,
    SystemdCredential,
)


def password_source(
    section: PasswordSection | None,
    reactor: IReactor,
    in_thread: InThread,
    environ: Mapping[str, str],
) -> IPasswordSource | None:
    """The source that a ``password`` key names; None where there is none.

    :param reactor: runs a command.
    :param in_thread: runs what blocks: reading a file, asking at the terminal.
    :param environ: the environment, usually ``os.environ``.
    :raises ValueError: systemd has no credentials of such a name.
    """
    if section is None:
        return None
    if section.file is not None:
        return FilePassword(section.file, in_thread)
    if section.env is not None:
        return EnvironmentPassword(section.env, environ)
    if section.command is not None:
        return CommandPassword(section.command, reactor, environ)
    if section.credential is not None:
        return SystemdCredential(section.credential, environ, in_thread)
    return PromptPassword(in_thread)
