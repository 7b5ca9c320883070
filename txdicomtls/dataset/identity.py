"""What a data set says it is, read while it arrives: SOP Class UID and SOP Instance UID.

Theory of operation.  The two elements, (0008,0016) and (0008,0018), stand near the beginning
of every data set, because elements come in the order of their tags (PS3.5 7.1).  So a reader
takes the first bytes, walks from element to element until it is past them, and is done:
nothing else is decoded, and of a deflated data set only its beginning is inflated.

It reads no further than :data:`MOST`.  A data set that has not come to the two elements by
then, or hides them behind a sequence of undefined length, is one that does not say what it is.
So is every data set in a transfer syntax that the standard does not know.
"""

from __future__ import annotations

import struct
import zlib

from txdicomtls import uids
from txdicomtls.dataset.encoding import DEFLATED

#: Bytes that may stand before the two elements; real data sets have a few hundred.
MOST = 1 << 14

_SOP_CLASS_UID = (0x0008, 0x0016)
_SOP_INSTANCE_UID = (0x0008, 0x0018)
_UNDEFINED = 0xFFFFFFFF

#: Value representations with a length of 32 bits (PS3.5 7.1.2).
_LONG = frozenset(
    (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")
)


class IdentityReader:
    """Reads the two UIDs from the bytes of one data set.

    :param transfer_syntax_uid: how it is encoded (PS3.5 10).
    :ivar sop_class_uid: empty where it does not say.
    :ivar sop_instance_uid: likewise.
    :ivar done: whether no more bytes are needed.
    """

    def __init__(self, transfer_syntax_uid: str) -> None:
        self.sop_class_uid = ""
        self.sop_instance_uid = ""
        self.done = transfer_syntax_uid not in uids.TRANSFER_SYNTAXES
        self._explicit = transfer_syntax_uid != uids.IMPLICIT_VR_LITTLE_ENDIAN
        self._order = ">" if transfer_syntax_uid == uids.EXPLICIT_VR_BIG_ENDIAN else "<"
        self._inflater = (
            zlib.decompressobj(-zlib.MAX_WBITS) if transfer_syntax_uid in DEFLATED else None
        )
        self._head = bytearray()
        self._at = 0

    def read(self, data: memoryview) -> None:
        """Take the next bytes; sets :attr:`done` once no more are needed."""
        room = MOST - len(self._head)
        if self._inflater is None:
            self._head += data[:room]
        else:
            try:
                self._head += self._inflater.decompress(data, room)
            except zlib.error:
                self.done = True
                return
        while not self.done and self._element():
            pass
        if len(self._head) >= MOST:
            self.done = True

    def contradicts(self, sop_class_uid: str, sop_instance_uid: str) -> bool:
        """Whether what was read so far names another instance than this; silence does not."""
        return self.sop_class_uid not in ("", sop_class_uid) or (
            self.sop_instance_uid not in ("", sop_instance_uid)
        )

    def _element(self) -> bool:
        """Walk over one element; False where more bytes are needed first."""
        head, at = self._head, self._at
        if len(head) < at + 8:
            return False
        tag = struct.unpack_from(self._order + "HH", head, at)
        if tag > _SOP_INSTANCE_UID:
            self.done = True
            return False
        if not self._explicit:
            (length,) = struct.unpack_from("<L", head, at + 4)
            start = at + 8
        elif bytes(head[at + 4 : at + 6]) in _LONG:
            if len(head) < at + 12:
                return False
            (length,) = struct.unpack_from(self._order + "L", head, at + 8)
            start = at + 12
        else:
            (length,) = struct.unpack_from(self._order + "H", head, at + 6)
            start = at + 8
        if length == _UNDEFINED:
            self.done = True
            return False
        if len(head) < start + length:
            return False
        if tag in (_SOP_CLASS_UID, _SOP_INSTANCE_UID):
            value = bytes(head[start : start + length]).rstrip(b"\0 ").decode("latin-1")
            if tag == _SOP_CLASS_UID:
                self.sop_class_uid = value
            else:
                self.sop_instance_uid = value
        self._at = start + length
        return True
