"""Where the configuration says that the password of a private key comes from."""

from __future__ import annotations

import os

from txdicomtls.interfaces import IPasswordSource
from txdicomtls.node.configuration import PasswordSection
from txdicomtls.tls import EnvironmentPassword, FilePassword, InThread, PromptPassword


def password_source(section: PasswordSection | None, in_thread: InThread) -> IPasswordSource | None:
    """The source that a ``password`` key names; None where there is none.

    :param in_thread: runs what blocks: reading a file, asking at the terminal.
    """
    if section is None:
        return None
    if section.file is not None:
        return FilePassword(section.file, in_thread)
    if section.env is not None:
        return EnvironmentPassword(section.env, os.environ)
    return PromptPassword(in_thread)
