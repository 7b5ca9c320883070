"""Which presentation contexts to propose (PS3.8 7.1.1.13)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from txdicomtls import uids
from txdicomtls.part10 import FileHeader
from txdicomtls.pdu import PresentationContextRQ

#: Context IDs are the odd numbers from 1 to 255.
MOST_CONTEXTS = 128


def verification_context() -> tuple[PresentationContextRQ, ...]:
    """The one context that C-ECHO needs."""
    return _numbered([(uids.VERIFICATION, uids.IMPLICIT_VR_LITTLE_ENDIAN)])


def contexts_for(headers: Iterable[FileHeader]) -> tuple[PresentationContextRQ, ...]:
    """A context for each pair of SOP class and transfer syntax among these files.

    One transfer syntax in each context: the acceptor cannot choose one that the objects
    are not in, and says of each pair whether it takes it.

    :raises ValueError: there are more than 128 pairs; see :func:`batches`.
    """
    pairs = sorted({(h.sop_class_uid, h.transfer_syntax_uid) for h in headers})
    return _numbered(pairs)


def batches(headers: Iterable[FileHeader]) -> Iterator[list[FileHeader]]:
    """Parts of these files, in order, that each fit into one association."""
    batch: list[FileHeader] = []
    pairs: set[tuple[str, str]] = set()
    for header in headers:
        pair = (header.sop_class_uid, header.transfer_syntax_uid)
        if pair not in pairs and len(pairs) == MOST_CONTEXTS:
            yield batch
            batch, pairs = [], set()
        pairs.add(pair)
        batch.append(header)
    if batch:
        yield batch


def _numbered(pairs: list[tuple[str, str]]) -> tuple[PresentationContextRQ, ...]:
    if len(pairs) > MOST_CONTEXTS:
        msg = f"{len(pairs)} presentation contexts do not fit into one association"
        raise ValueError(msg)
    return tuple(
        PresentationContextRQ(
            context_id=2 * index + 1, abstract_syntax=abstract, transfer_syntaxes=(transfer,)
        )
        for index, (abstract, transfer) in enumerate(pairs)
    )
