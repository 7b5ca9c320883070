"""What a server process and its children used of the machine, read from Linux's /proc."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")

#: Places in /proc/PID/stat, counted from the state, which follows the name in parentheses.
_PARENT = 1
_TIMES = slice(11, 15)  # user and system time, and both again of children waited for


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Use of one process and all its descendants.

    :param cpu_seconds: user and system time since they started.
    :param resident: bytes in memory now.
    :param peak: the sum of the most that each ever had in memory, in bytes.
    """

    cpu_seconds: float
    resident: int
    peak: int

    @classmethod
    def of(cls, process_id: int) -> Usage:
        """Measure a process and its descendants.

        :param process_id: the process.
        """
        stats = _read_stats()
        family = _family(process_id, {each: int(stat[_PARENT]) for each, stat in stats.items()})
        ticks = sum(int(time) for each in family for time in stats[each][_TIMES])
        memory = [_read_memory(each) for each in family]
        return cls(
            cpu_seconds=ticks / _TICKS_PER_SECOND,
            resident=sum(each.get("VmRSS", 0) for each in memory),
            peak=sum(each.get("VmHWM", 0) for each in memory),
        )


def _read_stats() -> dict[int, list[str]]:
    stats = {}
    for directory in PROC.iterdir():
        if not directory.name.isdigit():
            continue
        try:
            text = (directory / "stat").read_text()
        except OSError:  # it ended while we looked
            continue
        stats[int(directory.name)] = text.rpartition(")")[2].split()
    return stats


def _family(ancestor: int, parents: dict[int, int]) -> list[int]:
    family = [ancestor] if ancestor in parents else []
    for member in family:  # grows while it is walked
        family += [child for child, parent in parents.items() if parent == member]
    return family


def _read_memory(process_id: int) -> dict[str, int]:
    try:
        lines = (PROC / str(process_id) / "status").read_text().splitlines()
    except OSError:  # it ended while we looked
        return {}
    fields = (line.split() for line in lines if line.endswith(" kB"))
    return {name.rstrip(":"): int(kilobytes) * 1024 for name, kilobytes, _ in fields}
