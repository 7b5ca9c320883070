"""A folder as the source of a modality worklist (PS3.4 K).

Theory of operation.  The folder is looked at when a worklist is asked for and the last look is
older than a second; only files that have changed are read.  All of that is in a thread, and so is
the matching, some items at a time.  What is scheduled is in memory, within limits.

Whether a step is scheduled for the one who asks is told by its keys alone: nothing that a peer
calls itself, or us, chooses a folder.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset
from twisted.internet.defer import DeferredLock
from twisted.logger import Logger
from zope.interface import implementer

from txdicomtls.archive.worklist_files import (
    SCHEDULED_PROCEDURE_STEP_SEQUENCE,
    Folder,
    WorklistLimits,
    read_folder,
)
from txdicomtls.dataset import Matcher, MatchOptions, project
from txdicomtls.errors import InvalidKey, ProcessingFailure
from txdicomtls.interfaces import IWorklistProvider, Match, QueryOptions, WorklistQuery
from txdicomtls.threads import InThread

#: Seconds between two looks at the folder.
LOOK_EVERY = 1.0

#: Items that are matched at once.
_AT_ONCE = 200

#: What it can do beyond the baseline, where it is asked for (PS3.4 K.5.1.1).
SUPPORTED = QueryOptions(multiple_values=True)


@implementer(IWorklistProvider)
class FolderWorklist:
    """Knows what is scheduled from files that others put into a folder.

    To put one there whole, write it under another name and rename it.

    :param directory: the folder.
    :param in_thread: runs a blocking call in a thread.
    :param limits: what the folder may hold.
    :param utc_offset: minutes east of UTC, for date-times that do not say.
    :param seconds: a monotonic clock.
    """

    log = Logger()
    supported = SUPPORTED

    def __init__(
        self,
        directory: Path,
        in_thread: InThread,
        *,
        limits: WorklistLimits | None = None,
        utc_offset: int = 0,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._directory = directory
        self._in_thread = in_thread
        self._limits = limits or WorklistLimits()
        self._utc_offset = utc_offset
        self._seconds = seconds
        self._folder: Folder = {}
        self._items: tuple[Dataset, ...] = ()
        self._looked_at: float | None = None
        self._looking = DeferredLock()

    async def worklist(self, query: WorklistQuery) -> AsyncGenerator[Match, None]:
        """Find what is scheduled; see :meth:`txdicomtls.interfaces.IWorklistProvider.worklist`.

        :raises InvalidKey: it cannot be answered as it is.
        :raises ProcessingFailure: the folder cannot be read.
        """
        keys = _Keys.of(query.keys, self._utc_offset)
        await self._look()
        items = self._items
        for start in range(0, len(items), _AT_ONCE):
            some = items[start : start + _AT_ONCE]
            for found in await self._in_thread(keys.answer, some):
                yield Match(found)

    async def _look(self) -> None:
        await self._looking.acquire()
        try:
            now = self._seconds()
            if self._looked_at is not None and now - self._looked_at < LOOK_EVERY:
                return
            try:
                folder = await self._in_thread(
                    read_folder, self._directory, self._folder, self._limits
                )
            except OSError as error:
                self.log.warn(
                    "{directory}: the worklist cannot be read: {problem}",
                    directory=str(self._directory),
                    problem=error.strerror,
                )
                raise ProcessingFailure("the worklist cannot be read") from error
            self._tell(folder)
            self._folder = folder
            self._items = tuple(item for file in folder.values() for item in file.items)
            self._looked_at = now
        finally:
            self._looking.release()

    def _tell(self, folder: Folder) -> None:
        """Name each file that cannot be used, once for each change of it."""
        for name, file in folder.items():
            before = self._folder.get(name)
            if file.problem and (
                before is None
                or (before.state, before.problem)
                != (
                    file.state,
                    file.problem,
                )
            ):
                self.log.warn(
                    "{name!r} is left out of the worklist: {problem}",
                    name=name,
                    problem=file.problem,
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Keys:
    """What is asked for.

    The date and the time at which a step starts are one range in a worklist, whatever was agreed on
    (PS3.4 K.6.1.2.2, Scheduled Procedure Step Start Date); and an item has one step.  So the
    keys of the step are matched by themselves.
    """

    keys: Dataset
    order: Matcher
    step: Matcher | None

    @classmethod
    def of(cls, keys: Dataset, utc_offset: int) -> _Keys:
        """Make the keys of an identifier ready.

        :raises InvalidKey: one cannot be matched on.
        """
        options = MatchOptions(combined_date_time=True, utc_offset=utc_offset)
        order, step = keys, None
        items = _steps(keys)
        if len(items) > 1:
            raise InvalidKey(
                "a sequence of more than one item", tag=SCHEDULED_PROCEDURE_STEP_SEQUENCE
            )
        if items:
            order = Dataset()
            for element in keys:
                if element.tag != SCHEDULED_PROCEDURE_STEP_SEQUENCE:
                    order[element.tag] = element
            step = Matcher.of(items[0], options)
        return cls(keys=keys, order=Matcher.of(order, options), step=step)

    def answer(self, items: Sequence[Dataset]) -> list[Dataset]:
        """Give what is asked for of those that match."""
        return [project(self.keys, item) for item in items if self._matches(item)]

    def _matches(self, item: Dataset) -> bool:
        if not self.order.matches(item):
            return False
        if self.step is None or not (self.step.keys or self.step.combined):
            return True
        return any(self.step.matches(step) for step in _steps(item))


def _steps(dataset: Dataset) -> Sequence[Dataset]:
    if SCHEDULED_PROCEDURE_STEP_SEQUENCE not in dataset:
        return ()
    element = dataset[SCHEDULED_PROCEDURE_STEP_SEQUENCE]
    return element.value or () if element.VR == "SQ" else ()
