"""In which transfer syntaxes instances are kept: known without asking the database each time.

An acceptor that is asked for a C-GET chooses one transfer syntax for each SOP class before anybody
knows which instances it is about, and may not wait for a database then.  So what the
database knows is kept here, and what arrives is added at once.
"""

from __future__ import annotations

from collections.abc import Callable

from txdicomtls import uids
from txdicomtls.index import InstanceRecord


class StoredSyntaxes:
    """The transfer syntaxes of each SOP class, those of most instances first.

    :param read: those of one SOP class, from the database; blocks.
    """

    def __init__(self, read: Callable[[str], list[str]]) -> None:
        self._read = read
        self._known: dict[str, list[str]] = {}

    def load(self) -> None:
        """Read what there is.  Blocks: to be called in a thread, now and then.

        :raises txdicomtls.errors.IndexUnavailable: it cannot be read.
        :raises txdicomtls.errors.QueryTimeout: likewise.
        """
        for sop_class in sorted(uids.STORAGE_SOP_CLASSES):
            found = self._read(sop_class)
            if found:
                self._known[sop_class] = found

    def note(self, record: InstanceRecord) -> None:
        """An instance is new; may be called in any thread."""
        known = self._known.setdefault(record.sop_class_uid, [])
        if record.transfer_syntax_uid not in known:
            known.append(record.transfer_syntax_uid)

    def __call__(self, sop_class_uid: str) -> list[str]:
        """Those of one SOP class; empty where there is no instance."""
        return self._known.get(sop_class_uid, [])
