"""``twistd dicomtls``: the node as a daemon."""

from __future__ import annotations

import atexit
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

from twisted.application.service import IService
from twisted.internet.defer import CancelledError
from twisted.logger import Logger
from twisted.python import usage
from twisted.python.failure import Failure

from txdicomtls import __version__
from txdicomtls.errors import ConfigurationError, DicomTLSError
from txdicomtls.interfaces import IReactor
from txdicomtls.node import load_configuration

_log = Logger()


class Options(usage.Options):
    """The command line of ``twistd dicomtls``."""

    synopsis = "[--config FILE]"
    longdesc = """A DICOM node that receives over TLS and keeps what it acknowledges.

    Try it, with certificates made for the occasion:
      txdicomtls pki init pki            (prints a configuration to copy)
      twistd -n dicomtls --config node.toml
      txdicomtls echo localhost:2762 --cert pki/client.crt --key pki/client.key --ca pki/ca.crt

    twistd -n stays in the foreground and logs to the terminal; without -n it becomes a daemon
    and logs to twistd.log.  The configuration is described in docs/configuration.md.
    SIGHUP makes it read certificates, keys, trust and revocation lists again.
    """
    optParameters = [  # noqa: RUF012  # Twisted's way of declaring options
        ["config", "c", "dicomtls.toml", "The configuration, a TOML file."],
    ]
    optFlags = [  # noqa: RUF012  # Twisted's way of declaring options
        ["check-config", None, "Check the configuration, say what is wrong with it, and exit."],
    ]

    def opt_version(self) -> None:
        """Print the version and exit."""
        print(f"txdicomtls {__version__}")  # noqa: T201  # asked for
        sys.exit(0)


def makeService(options: Options) -> IService:  # Twisted's name
    """The node that the configuration describes.

    :raises SystemExit: it cannot be used; what is wrong is on standard error, a line each.
    """
    path = Path(options["config"])
    try:
        configuration = load_configuration(path)
    except ConfigurationError as error:
        raise SystemExit(str(error)) from None
    if options["check-config"]:
        print(f"{path}: the configuration can be used")  # noqa: T201  # asked for
        raise SystemExit(0)

    # Not before now: a --help must not load OpenSSL, nor install a reactor.
    from twisted.internet import reactor

    from txdicomtls.node.memory import settle
    from txdicomtls.node.service import NodeService

    service = NodeService(cast("IReactor", reactor), configuration, on_reload=settle)

    def cannot_start(failure: Failure) -> None:
        if failure.check(CancelledError):
            return  # stopped while it was starting
        if failure.check(DicomTLSError):
            _log.critical("cannot start: {error}", error=failure.value)
        else:
            _log.failure("cannot start", failure=failure)
        _exit_with_failure()
        reactor.stop()

    service.started.addCallbacks(lambda _: settle(), cannot_start)
    reactor.addSystemEventTrigger("before", "shutdown", _heed_the_second_signal, service.hurry)
    reactor.callWhenRunning(_reload_on_hangup, service.reload)
    return service


def _reload_on_hangup(reload: Callable[[], object]) -> None:
    """Without this, SIGHUP would end the process: twistd itself leaves it alone."""
    from twisted.internet import reactor

    def told(*_: object) -> None:
        cast("IReactor", reactor).callFromThread(reload)

    signal.signal(signal.SIGHUP, told)


def _heed_the_second_signal(hurry: Callable[[], None]) -> None:
    """While the node drains: who asks again to stop does not want to wait any longer."""
    from twisted.internet import reactor

    def told_again(*_: object) -> None:
        cast("IReactor", reactor).callFromThread(hurry)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, told_again)


def _exit_with_failure() -> None:
    """Make the process end with status 1: twistd itself knows no way to say so once it runs."""

    def leave() -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(1)

    atexit.register(leave)
