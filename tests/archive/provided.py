"""What tests of the archive as a provider have in common: a real index, and how to ask."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from twisted.internet.defer import Deferred

from tests.archive.cases import ArchiveCase
from tests.archive.doubles import at_once
from tests.archive.instances import data_set
from txdicomtls.archive import FileArchive
from txdicomtls.codes import Level, Root
from txdicomtls.index import Index, open_index
from txdicomtls.instance import IncomingInstance, OutgoingInstance
from txdicomtls.interfaces import Retrieval, Selection

T = TypeVar("T")

CT = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"


class ProviderCase(ArchiveCase):
    """An archive with an index in a file of SQLite, without threads."""

    def setUp(self) -> None:
        super().setUp()
        self.where = Path(self.mktemp())
        self.known = self.open_index()
        self.kept_in = self.archive(index=self.known)

    def open_index(self) -> Index:
        index = open_index(self.where)
        self.addCleanup(index.close)
        return index

    def keep(
        self,
        uid: str,
        *,
        study: str = "1.2.3",
        series: str = "1.2.3.4",
        syntax: str = EXPLICIT,
        data: bytes | None = None,
        **more: Any,
    ) -> bytes:
        """Store an instance.

        :return: its data set.
        """
        what = IncomingInstance(sop_class_uid=CT, sop_instance_uid=uid, transfer_syntax_uid=syntax)
        if data is None:
            data = data_set(what, study=study, series=series, **more)
        self.successResultOf(self.store(self.kept_in, what, data))
        return data

    def damage(self, uid: str, at: int = -1) -> None:
        """Change one bit of the file of an instance."""
        path = self.path_of(uid)
        content = bytearray(path.read_bytes())
        content[at] ^= 1
        path.write_bytes(content)

    def path_of(self, uid: str, archive: FileArchive | None = None) -> Path:
        return (archive or self.kept_in).path_of(uid)

    def result(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """What a coroutine that waits for nothing comes to."""
        found: T = self.successResultOf(Deferred.fromCoroutine(coroutine))
        return found

    def fails(self, coroutine: Coroutine[Any, Any, Any], error: type[Exception]) -> Any:
        """The error that a coroutine ends with."""
        return self.failureResultOf(Deferred.fromCoroutine(coroutine), error).value


async def all_of(results: AsyncIterable[T]) -> list[T]:
    """All results of a provider."""
    return [each async for each in results]


async def sent(selection: Awaitable[Selection]) -> list[OutgoingInstance]:
    """All instances that are selected."""
    instances = (await selection).instances
    assert isinstance(instances, AsyncIterable)
    return [each async for each in instances]


async def bytes_of(
    instance: OutgoingInstance, syntax: str = EXPLICIT, fragment: int = 1000
) -> bytes:
    """The data set of an instance as it is sent; complete only if the last block said so."""
    opened = await instance.open(syntax, fragment)
    data, ended = [], False
    async for block, last in opened.blocks():
        assert not ended
        assert last or (len(block) % fragment == 0 and len(block))
        data.append(bytes(block))
        ended = last
    assert ended
    return b"".join(data)


def retrieval(level: Level, *, root: Root = Root.STUDY, **keys: str) -> Retrieval:
    """What a C-GET asks for; several values with backslashes between them."""
    return Retrieval(
        root=root,
        level=level,
        keys={Level[name]: tuple(text.split("\\")) for name, text in keys.items()},
        relational=False,
        association=None,
    )


__all__ = ["CT", "EXPLICIT", "ProviderCase", "all_of", "at_once", "bytes_of", "retrieval", "sent"]
