"""Runs the reactor for a command, and makes its exit status of what came of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import react

from txdicomtls.cli.interruption import INTERRUPTED, Interruption, on_sigint
from txdicomtls.cli.main import FAILURE, report_error
from txdicomtls.errors import AssociationError, DicomTLSError, NoPresentationContext
from txdicomtls.interfaces import IReactor
from txdicomtls.uids import uid_name

#: What a command does: given the reactor, and what says whether it is to end.  The result says
#: whether all went well.
Work = Callable[[IReactor, Interruption], Coroutine[Deferred[Any], Any, bool]]


def run(work: Callable[[IReactor], Coroutine[Deferred[Any], Any, bool]]) -> None:
    """Run the reactor for as long as the work takes, then exit.

    :param work: given the reactor; says whether all went well, which decides the exit status.
        What it raises of ours becomes one line.  Ctrl-C cancels it.
    """
    run_interruptible(lambda reactor, _: work(reactor))


def run_interruptible(work: Work) -> None:
    """Likewise, for work that can come to an end in order when somebody presses Ctrl-C."""
    react(lambda reactor: Deferred.fromCoroutine(_main(reactor, work)))


async def _main(reactor: IReactor, work: Work) -> None:
    def end_at_once() -> None:
        working.cancel()

    interruption = Interruption(end_at_once)
    # The reactor leaves a handler of SIGINT alone that is there before it runs.
    with on_sigint(lambda: reactor.callFromThread(interruption.ask)):
        working = Deferred.fromCoroutine(work(reactor, interruption))
        try:
            well = await working
        except CancelledError:
            if not interruption.asked:
                raise
            well = False
        except NoPresentationContext as error:
            raise SystemExit(report_error(_not_offered(error))) from None
        except DicomTLSError as error:
            status = report_error(error)
            raise SystemExit(INTERRUPTED if interruption.asked else status) from None
        except BrokenPipeError:
            # Whoever read our output has enough.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(FAILURE) from None
    if interruption.asked:
        raise SystemExit(INTERRUPTED)
    if not well:
        raise SystemExit(FAILURE)


def _not_offered(error: NoPresentationContext) -> AssociationError:
    return AssociationError(
        f"the node does not offer {uid_name(error.abstract_syntax)}, or not to us: that is decided "
        "by its configuration, and by the AE title and certificate that we show"
    )
