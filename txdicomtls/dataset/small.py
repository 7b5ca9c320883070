"""Small data sets, whole in memory: identifiers and attribute lists (PS3.7 9.1, 10.1).

Whoever sends one is not trusted: it is walked to its exact end first, so that its size, depth and
structure are known to be right, and then read at once.  See :mod:`txdicomtls.dataset.reader`.
"""

from __future__ import annotations

import zlib

from pydicom.dataset import Dataset

from txdicomtls.dataset.encoding import DEFLATED, encoding_of
from txdicomtls.dataset.inflate import Inflater
from txdicomtls.dataset.levels import WalkLimits
from txdicomtls.dataset.reader import Reader
from txdicomtls.dataset.walker import Walker
from txdicomtls.dataset.writer import write

#: Small enough for one message in memory: an identifier has some dozen elements.
SMALL = WalkLimits(elements=100_000, inflated=1 << 24, ratio=250)

#: Bytes that are decoded within some 25 ms of a processor of today, whatever they are.
_QUICK = 1 << 12


def is_quick(data: bytes, transfer_syntax_uid: str) -> bool:
    """Whether a data set may be decoded where others wait meanwhile, as in a reactor.

    What is deflated is not: some hundred bytes may become a hundred thousand elements.
    """
    return len(data) <= _QUICK and transfer_syntax_uid not in DEFLATED


def decode(data: bytes, transfer_syntax_uid: str, *, limits: WalkLimits = SMALL) -> Dataset:
    """A data set of pydicom from its bytes.

    All values have been read: no later access raises, warns or guesses.  Text is str, in
    whatever character set it came; values that are not valid are kept as text.

    :param data: the whole data set.
    :param transfer_syntax_uid: how it is encoded.
    :param limits: what it may cost.
    :raises MalformedDataSet: it is not sound, exceeds a limit, has a value that cannot be read
        at all, or has encapsulated Pixel Data.

    See PS3.5 7.
    """
    encoding = encoding_of(transfer_syntax_uid)
    walker = Walker(transfer_syntax_uid, limits=limits)
    walker.feed(data)
    walker.end()
    if encoding.deflated:
        data = b"".join(Inflater(most=limits.inflated, ratio=limits.ratio).feed(data))
    return Reader(data).read(encoding)


def encode(dataset: Dataset, transfer_syntax_uid: str) -> bytes:
    """The bytes of a data set, in the character sets that it names.

    Where one of its characters has no code in them, all of it is written in Unicode
    (ISO_IR 192), and says so.

    :param dataset: is not changed.
    :param transfer_syntax_uid: how it is to be encoded.
    :return: an even number of bytes.
    :raises MalformedDataSet: no data set can be in this transfer syntax.
    :raises ValueError: an element cannot be encoded; the text has its tag and not its value.

    See PS3.5 7.
    """
    encoding = encoding_of(transfer_syntax_uid)
    data = write(dataset, encoding)
    if not encoding.deflated:
        return data
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    deflated = deflater.compress(data) + deflater.flush()
    return deflated + b"\0" * (len(deflated) % 2)
