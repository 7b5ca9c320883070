"""Where received instances are kept: files, one for each, durable before they are acknowledged."""

from txdicomtls.archive.commitment import ArchiveCommitments
from txdicomtls.archive.condition import ArchiveState
from txdicomtls.archive.conversion import Converter, convertible
from txdicomtls.archive.events import ArchiveEvent, ArchiveEventKind, DuplicatePolicy
from txdicomtls.archive.files import FileArchive
from txdicomtls.archive.names import Layout, instance_path
from txdicomtls.archive.outcome import InstanceIndex
from txdicomtls.archive.procedure_steps import ProcedureSteps
from txdicomtls.archive.query import ArchiveQueries
from txdicomtls.archive.reading import InstanceReader, Safety, Verified
from txdicomtls.archive.reports import QueuedReports
from txdicomtls.archive.retrieval import ArchiveRetrievals
from txdicomtls.archive.sink import FileSink
from txdicomtls.archive.worklist import FolderWorklist
from txdicomtls.archive.worklist_files import WorklistLimits

__all__ = [
    "ArchiveCommitments",
    "ArchiveEvent",
    "ArchiveEventKind",
    "ArchiveQueries",
    "ArchiveRetrievals",
    "ArchiveState",
    "Converter",
    "DuplicatePolicy",
    "FileArchive",
    "FileSink",
    "FolderWorklist",
    "InstanceIndex",
    "InstanceReader",
    "Layout",
    "ProcedureSteps",
    "QueuedReports",
    "Safety",
    "Verified",
    "WorklistLimits",
    "convertible",
    "instance_path",
]
