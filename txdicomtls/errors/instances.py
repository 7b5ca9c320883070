"""Errors of instances, the files that hold them and the data sets in those."""

from __future__ import annotations

from pathlib import Path

from txdicomtls.errors.root import DicomTLSError


class NotADicomFile(DicomTLSError):
    """A file to be sent is missing, unreadable or not DICOM (PS3.10 7.1).

    :param path: the file.
    :param problem: why it cannot be sent.
    """

    def __init__(self, path: str | Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = str(path)
        self.problem = problem


class StorageError(DicomTLSError):
    """An instance could not be kept; each subclass stands for one status (PS3.4 B.2.3, PS3.7 C)."""


class ArchiveInUse(StorageError):
    """Another process uses the archive, and what was asked for needs it alone.

    :param path: its directory.
    """

    def __init__(self, path: str | Path) -> None:
        super().__init__(f"{path}: this archive is in use already, by another process")
        self.path = str(path)


class OutOfResources(StorageError):
    """No room, no permission, or the disk failed: a later try may succeed (status 0xA700)."""


class DuplicateInstance(StorageError):
    """This SOP Instance UID is already kept, with other bytes (status 0x0111)."""


class MismatchedInstance(StorageError):
    """The data set says that it is another instance than the request does (status 0xA900)."""


class InvalidInstance(StorageError):
    """The SOP Instance UID is not a valid UID (status 0x0117)."""


class CannotUnderstand(StorageError):
    """What arrived cannot be a data set, for example its length is odd (status 0xC000)."""


class UnknownInstance(DicomTLSError):
    """No instance with this SOP Instance UID is kept (status 0x0112)."""


class DamagedInstance(DicomTLSError):
    """An instance that was kept is not what it was: its file is missing, altered or unreadable.

    :param problem: what is wrong with the file.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(f"an instance that was kept is damaged: its file {problem}")
        self.problem = problem


class MalformedDataSet(DicomTLSError):
    """The bytes of a data set are not what its transfer syntax says (PS3.5 7).

    :param problem: what is wrong; no value of an element, only its tag.
    :param tag: the element, as 0x00100010; None where it is not about one.
    :param offset: bytes from the start of the data set.
    """

    def __init__(self, problem: str, *, tag: int | None = None, offset: int = 0) -> None:
        at = f" in element ({tag >> 16:04X},{tag & 0xFFFF:04X})" if tag is not None else ""
        super().__init__(f"{problem}{at}, at byte {offset}")
        self.problem = problem
        self.tag = tag
        self.offset = offset


class InvalidKey(DicomTLSError):
    """A key of an identifier cannot be matched on (PS3.4 C.2.2.2).

    :param problem: what is wrong; not its value, which may be about a patient.
    :param tag: the element, as 0x00100010.
    """

    def __init__(self, problem: str, *, tag: int) -> None:
        super().__init__(f"({tag >> 16:04X},{tag & 0xFFFF:04X}) is no key: {problem}")
        self.problem = problem
        self.tag = tag
