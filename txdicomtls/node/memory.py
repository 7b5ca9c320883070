"""How a process that moves images all day is told to deal with memory."""

from __future__ import annotations

import gc

#: glibc gives back at once what is free at the end of its heap beyond 128 KiB, and takes what
#: is larger than that from the system piece by piece.  It raises both limits by itself when
#: something that large is freed, up to 32 MiB (mallopt(3), M_MMAP_THRESHOLD).
_LARGE = 16 << 20


def settle() -> None:
    """Prepare for traffic, once everything is loaded.

    Data that arrives is freed as soon as it is written.  Without a large piece freed once, the
    system takes those pages back and hands out zeroed ones for the next data: a tenth of a
    gigabyte's cost.  And what was loaded at the start stays for good, so the garbage
    collector need not look at it again.
    """
    bytes(_LARGE)  # freed at once, which is all that it is for; its pages are never touched
    gc.collect()
    gc.freeze()
