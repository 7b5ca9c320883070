"""A thread for tests: this one."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from twisted.internet.defer import Deferred, execute

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def in_this_thread(
    function: Callable[Parameters, Result],
    /,
    *args: Parameters.args,
    **kwargs: Parameters.kwargs,
) -> Deferred[Result]:
    """Call it here and now."""
    return execute(function, *args, **kwargs)
