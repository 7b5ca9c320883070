"""Takes files into an archive by the way that instances take which arrive.

Several files are on their way at once, so that the archive can commit them together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from twisted.internet.defer import Deferred, DeferredLock, gatherResults

from txdicomtls import uids
from txdicomtls.archive import FileArchive
from txdicomtls.errors import DicomTLSError, NotADicomFile, OutOfResources, StorageError
from txdicomtls.index import Index
from txdicomtls.instance import IncomingInstance
from txdicomtls.source import FileSource, open_source
from txdicomtls.threads import InThread

#: Files on their way at once.
AT_ONCE = 8

#: Paths that are looked up at once.
_PAGE = 200

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of one file.

    :param path: the file.
    :param was_there: the archive had these bytes before.
    :param passed_over: it lies in a directory, and is no instance.
    :param problem: why it was refused; empty where it was not.
    """

    path: Path
    was_there: bool = False
    passed_over: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A file that may be an instance.

    :param path: the file.
    :param is_named: it was named itself, and not only a directory that it is in.
    """

    path: Path
    is_named: bool


class Paths:
    """The files below some paths, looked up as they are asked for.

    :param paths: files and directories.
    :param in_thread: runs what blocks.
    :param stop: whether there is to be no other file.
    """

    def __init__(
        self, paths: Iterable[Path], in_thread: InThread, stop: Callable[[], bool]
    ) -> None:
        self._files = _files(paths)
        self._in_thread = in_thread
        self._stop = stop
        self._page: list[Found] = []
        self._lock = DeferredLock()

    async def next(self) -> Found | None:
        """The next one; None where there is no more."""
        await self._lock.acquire()
        try:
            if not self._page and not self._stop():
                self._page = (await self._in_thread(self._more))[::-1]
            return self._page.pop() if self._page and not self._stop() else None
        finally:
            self._lock.release()

    def end(self) -> None:
        """There is to be no other file."""
        self._stop = lambda: True

    def _more(self) -> list[Found]:
        try:
            return list(islice(self._files, _PAGE))
        except OSError as error:
            raise NotADicomFile(
                str(error.filename), (error.strerror or str(error)).lower()
            ) from error


class Importer:
    """Takes files into an archive.

    :param archive: gets them; prepared.
    :param index: of the archive.
    :param in_thread: runs what blocks.
    """

    def __init__(self, archive: FileArchive, index: Index, in_thread: InThread) -> None:
        self._archive = archive
        self._index = index
        self._in_thread = in_thread

    async def __call__(self, paths: Paths, taken: Callable[[Taken], None]) -> None:
        """Take all of them.

        :param taken: told what became of each.
        :raises DicomTLSError: it cannot go on: the archive has no room, or its index fails.
        """
        lanes = [Deferred.fromCoroutine(self._lane(paths, taken)) for _ in range(AT_ONCE)]
        # Each lane comes to its own end: what it has begun must not be left half done.
        errors = [error for error in await gatherResults(lanes) if error is not None]
        if errors:
            raise errors[0]

    async def _lane(self, paths: Paths, taken: Callable[[Taken], None]) -> DicomTLSError | None:
        try:
            while (found := await paths.next()) is not None:
                taken(await self._take(found))
        except DicomTLSError as error:
            paths.end()
            return error
        return None

    async def _take(self, found: Found) -> Taken:
        path = found.path
        try:
            source = await self._in_thread(open_source, path, _BLOCK)
        except NotADicomFile as error:
            if not found.is_named:
                return Taken(path=path, passed_over=True)
            return Taken(path=path, problem=error.problem)
        header = source.header
        if header.sop_class_uid == uids.MEDIA_STORAGE_DIRECTORY_STORAGE:
            await source.close(self._in_thread)
            return Taken(path=path, passed_over=True)
        known = await self._in_thread(self._index.get, [header.sop_instance_uid])
        try:
            await self._keep(source)
        except OutOfResources:
            raise
        except StorageError as error:
            return Taken(path=path, problem=str(error))
        except NotADicomFile as error:
            return Taken(path=path, problem=error.problem)
        return Taken(path=path, was_there=bool(known))

    async def _keep(self, source: FileSource) -> None:
        header = source.header
        instance = IncomingInstance(
            sop_class_uid=header.sop_class_uid,
            sop_instance_uid=header.sop_instance_uid,
            transfer_syntax_uid=header.transfer_syntax_uid,
            calling_ae_title=header.source_ae_title,
        )
        try:
            sink = self._archive.receive(instance)
        except BaseException:
            await source.close(self._in_thread)
            raise
        try:
            async for block, _ in source.blocks(self._in_thread):
                room = sink.write(memoryview(block))
                if room is not None:
                    await room
        except BaseException:
            sink.discard()
            raise
        await sink.finish()


def _files(paths: Iterable[Path]) -> Iterator[Found]:
    """Blocks.

    :raises OSError: a directory cannot be read.
    """
    for path in paths:
        if path.is_dir():
            for each in sorted(path.iterdir()):
                if each.is_dir() and not each.is_symlink():
                    yield from _files([each])
                elif not each.is_dir():
                    yield Found(each, is_named=False)
        else:
            yield Found(path, is_named=True)
