"""Writing down the keys of links, so that a packet analyzer can read them (SSLKEYLOGFILE).

It defeats what TLS is for, so it takes two who want it: whoever writes the
configuration, and whoever sets the environment variable of the process.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from OpenSSL import SSL
from twisted.logger import Logger

from txdicomtls.threads import InThread

#: The environment variable that programs with TLS agree on.
VARIABLE = "SSLKEYLOGFILE"


class KeyLog:
    """Appends to a file what the format of NSS has for each link.

    :param path: made with mode 0600 if it is not there.
    :param in_thread: runs the writing.
    """

    log = Logger()

    def __init__(self, path: Path, in_thread: InThread) -> None:
        self.path = path
        self._in_thread = in_thread

    def __call__(self, connection: SSL.Connection, line: bytes) -> None:
        """Write a line, soon."""
        self._in_thread(self._append, line).addErrback(
            lambda failure: self.log.warn(
                "the keys of a link cannot be written to {path}: {error}",
                path=self.path,
                error=failure.value,
            )
        )

    def _append(self, line: bytes) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        descriptor = os.open(self.path, flags, 0o600)
        try:
            os.write(descriptor, line + b"\n")
        finally:
            os.close(descriptor)


def key_log_of(
    environ: Mapping[str, str], *, allowed: bool, what: str, in_thread: InThread
) -> KeyLog | None:
    """The key log that the environment asks for, if the configuration allows it.

    :param environ: the environment, usually ``os.environ``.
    :param allowed: whether the configuration asks for it too.
    :param what: whose links these are, for the log.
    :return: None unless both ask for it; either way, who asks is told what becomes of it.
    """
    path = environ.get(VARIABLE, "")
    if not path:
        if allowed:
            KeyLog.log.warn(
                "{what} allows a key log, but {variable} is not set: no keys are written",
                what=what,
                variable=VARIABLE,
            )
        return None
    if not allowed:
        KeyLog.log.warn(
            "{variable} is set, but {what} does not allow a key log: no keys are written",
            what=what,
            variable=VARIABLE,
        )
        return None
    KeyLog.log.critical(
        "THE KEYS OF ALL LINKS of {what} are written to {path}: whoever can read that file "
        "can read what patients' data goes over these links. Unset {variable} when done.",
        what=what,
        path=path,
        variable=VARIABLE,
    )
    return KeyLog(Path(path), in_thread)
