"""What an archive decides or notices on its own, for whoever keeps an audit trail."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class DuplicatePolicy(Enum):
    """What happens to an instance whose SOP Instance UID is kept already, with other bytes.

    The same bytes again are a success always.
    """

    #: The first stays; the sender is told 0x0111.
    REFUSE = "refuse"
    #: The first stays and is what is found; the other bytes lie beside it, in no index.
    KEEP_BOTH = "keep both"
    #: The new ones take the place of the first, which is removed.
    REPLACE = "replace"


class ArchiveEventKind(Enum):
    """What happened."""

    REFUSED = "other bytes of an instance that is kept were refused"
    KEPT_BOTH = "other bytes of an instance that is kept were kept beside it"
    REPLACED = "other bytes took the place of an instance that was kept"
    REPAIRED = "an instance whose file was missing or damaged was received again"
    DAMAGED = "the file of an instance is missing or damaged"
    RECOVERED = "an instance that was being kept when the archive stopped is kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveEvent:
    """One of them.

    :param kind: what happened.
    :param sop_instance_uid: to which instance.
    :param calling_ae_title: who sent it; empty where nobody did.
    :param peer: network address of the sender, likewise.
    :param kept_sha256: of the data set that was there, hexadecimal; empty where it cannot be read.
    :param received_sha256: of the data set that was sent; empty where none was.
    """

    kind: ArchiveEventKind
    sop_instance_uid: str
    calling_ae_title: str = ""
    peer: str = ""
    kept_sha256: str = ""
    received_sha256: str = ""
