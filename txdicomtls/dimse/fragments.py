"""Messages into P-DATA-TF PDUs for the peer, one fragment in each (PS3.8 9.3.5, Annex E).

Every fragment has an even length and none is empty, but for the one that says that
a data set has ended where nothing of it is left to send.
"""

from __future__ import annotations

from txdicomtls.dimse.command import encode_command
from txdicomtls.dimse.messages import Message
from txdicomtls.errors import LocalProtocolError
from txdicomtls.pdu.encode import data_header

#: What a PDV takes of the PDU besides its data: length, context ID, message control
#: header (PS3.8 9.3.5.1).
PDV_OVERHEAD = 6

#: The smallest maximum length that leaves room for a fragment of even length.
SMALLEST_MAX_LENGTH = PDV_OVERHEAD + 2

#: We use no more of what the peer allows: it would gain nothing, and all of it waits in memory.
LARGEST_LENGTH = 1 << 20


def fragment_size(max_length: int) -> int:
    """Most bytes of a message that one PDU can carry; always even.

    :param max_length: what the peer announced as its maximum length; 0 is unlimited (PS3.8 D.1).
    :raises LocalProtocolError: not even two bytes would fit.
    """
    if 0 < max_length < SMALLEST_MAX_LENGTH:
        raise LocalProtocolError(
            f"the peer's maximum length of {max_length} leaves no room for data in a PDU"
        )
    return (min(max_length or LARGEST_LENGTH, LARGEST_LENGTH) - PDV_OVERHEAD) & ~1


def command_fragments(context_id: int, message: Message, max_length: int) -> list[bytes]:
    """The PDUs that carry the command set of a message.

    :param context_id: presentation context.
    :param message: only its command set; the data set goes through :func:`data_fragments`.
    :param max_length: what the peer announced as its maximum length; 0 is unlimited.
    :return: complete PDUs, in order.
    :raises LocalProtocolError: a value of the message cannot be sent, or no fragment fits.
    """
    size = fragment_size(max_length)
    command_set = encode_command(message)
    pdus = []
    for start in range(0, len(command_set), size):
        fragment = command_set[start : start + size]
        last = start + size >= len(command_set)
        pdus.append(data_header(context_id, True, last, len(fragment)) + fragment)
    return pdus


def data_fragments(
    context_id: int, data: bytes | memoryview, *, last: bool, max_length: int
) -> list[bytes | memoryview]:
    """The PDUs that carry a piece of a data set, as buffers to be written one after the other.

    :param context_id: presentation context.
    :param data: the next bytes of the data set; views of it are returned, no copies.
    :param last: the data set ends with it.
    :param max_length: what the peer announced as its maximum length; 0 is unlimited.
    :return: for each PDU its header, then the view that goes in it; nothing where there is
        no data and more is to come.
    :raises LocalProtocolError: the length of the piece is odd, or no fragment fits.
    """
    size = fragment_size(max_length)
    view = memoryview(data)
    total = len(view)
    if total % 2:
        raise LocalProtocolError(f"a data set has an even length, so has each piece; not {total}")
    if not total and not last:
        return []
    buffers: list[bytes | memoryview] = []
    # All PDUs but the last have the same header.
    final = max(total - 1, 0) // size * size
    if final:
        header = data_header(context_id, False, False, size)
        for start in range(0, final, size):
            buffers += (header, view[start : start + size])
    buffers += (data_header(context_id, False, last, total - final), view[final:])
    return buffers
