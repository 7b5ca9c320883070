"""What a data set is, found out while it passes on its way to the disk, without decoding it.

Every byte is counted, hashed and walked over once: the data set must end exactly where its
encoding says that it does (PS3.5 7), and must be the instance that its request names.  Pixel
data is skipped by counting; of all other elements only those are kept that the index wants.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from txdicomtls import uids
from txdicomtls.dataset import Walker, Wanted
from txdicomtls.errors import CannotUnderstand, MalformedDataSet, MismatchedInstance
from txdicomtls.instance import IncomingInstance

_SOP_CLASS_UID = 0x00080016
_SOP_INSTANCE_UID = 0x00080018
_IDENTITY: frozenset[Wanted] = frozenset((_SOP_CLASS_UID, _SOP_INSTANCE_UID))


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """A data set that is complete and right.

    :param size: its bytes.
    :param sha256: of those, in hexadecimal.
    :param values: the wanted elements, raw, by tag.
    :param items: the wanted elements of each item of sequences, likewise.
    """

    size: int
    sha256: str
    values: Mapping[int, bytes] = field(repr=False)
    items: Mapping[int, Sequence[Mapping[int, bytes]]] = field(repr=False, default_factory=dict)


class Inspection:
    """Looks at the bytes of one data set.  All its methods are for the thread that writes them.

    A data set that does not say which instance it is, is let pass; whoever needs to know says
    so.  One in a private transfer syntax cannot be walked: of that only the length is judged.

    :param instance: what the request says that it is.
    :param wanted: the elements to keep.
    """

    def __init__(self, instance: IncomingInstance, wanted: frozenset[Wanted] = frozenset()) -> None:
        self._instance = instance
        self._hash = sha256()
        self._size = 0
        self._walker: Walker | None = None
        if instance.transfer_syntax_uid in uids.TRANSFER_SYNTAXES:
            try:
                both = wanted if wanted >= _IDENTITY else wanted | _IDENTITY
                self._walker = Walker(instance.transfer_syntax_uid, wanted=both)
            except MalformedDataSet as error:
                raise _not_understood(error) from error

    def feed(self, data: memoryview) -> None:
        """Look at the next bytes.

        :raises CannotUnderstand: they cannot be what comes next in a data set.
        """
        self._size += len(data)
        if self._walker is not None:
            try:
                self._walker.feed(data)
            except MalformedDataSet as error:
                raise _not_understood(error) from error
        self._hash.update(data)

    def end(self) -> Contents:
        """Say that the data set is complete.

        :return: what it is.
        :raises CannotUnderstand: it is empty, its length is odd (PS3.5 7.1), or it is truncated.
        :raises MismatchedInstance: it is another instance than the request says.
        """
        if not self._size:
            raise CannotUnderstand("the data set is empty")
        if self._size % 2:
            raise CannotUnderstand(f"the data set has an odd length: {self._size} bytes")
        values: Mapping[int, bytes] = {}
        items: Mapping[int, Sequence[Mapping[int, bytes]]] = {}
        if self._walker is not None:
            try:
                self._walker.end()
            except MalformedDataSet as error:
                raise _not_understood(error) from error
            values, items = self._walker.values, self._walker.items
            self._check_identity(values)
        return Contents(size=self._size, sha256=self._hash.hexdigest(), values=values, items=items)

    def _check_identity(self, values: Mapping[int, bytes]) -> None:
        for tag, expected in (
            (_SOP_CLASS_UID, self._instance.sop_class_uid),
            (_SOP_INSTANCE_UID, self._instance.sop_instance_uid),
        ):
            said = values.get(tag, b"").strip(b"\0 ")
            if said not in (b"", expected.encode("ascii")):
                raise MismatchedInstance(
                    "the data set says that it is another instance than the request does"
                )


def _not_understood(error: MalformedDataSet) -> CannotUnderstand:
    return CannotUnderstand(f"the data set cannot be understood: {error}")
