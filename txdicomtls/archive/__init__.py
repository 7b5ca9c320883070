"""Where received instances are kept: files, one for each, durable before they are acknowledged."""

from txdicomtls.archive.condition import ArchiveState
from txdicomtls.archive.events import ArchiveEvent, ArchiveEventKind, DuplicatePolicy
from txdicomtls.archive.files import FileArchive
from txdicomtls.archive.names import Layout, instance_path
from txdicomtls.archive.outcome import InstanceIndex
from txdicomtls.archive.reading import InstanceReader, Safety, Verified
from txdicomtls.archive.sink import FileSink

__all__ = [
    "ArchiveEvent",
    "ArchiveEventKind",
    "ArchiveState",
    "DuplicatePolicy",
    "FileArchive",
    "FileSink",
    "InstanceIndex",
    "InstanceReader",
    "Layout",
    "Safety",
    "Verified",
    "instance_path",
]
