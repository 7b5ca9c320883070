"""The arithmetic of the benchmark, and its results as plain text.

A ratio is taken within a round, between measurements made one right after the other, and only
then is the median taken: what else the machine did in that minute slowed down both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

_COLUMNS = "  {:<14}{:>10}{:>10}{:>10}  {:<9}{:>9}{:>10}{:>10}{:>10}"
_HEADINGS = ("", "median", "least", "most", "", "ratio", "CPU s", "peak MB", "growth MB")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One server in one round.

    :param round_number: the round; -1 is the one that warms the servers up.
    :param server: its name.
    :param rate: what it did in a second, in the unit of the row.
    :param cpu_seconds: what it used for the whole row; scaled up where it was given a part.
    """

    round_number: int
    server: str
    rate: float
    cpu_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Memory of one server process over all rounds of a row, in bytes.

    :param before: resident when it was ready.
    :param peak: the most that was ever resident.
    """

    before: int
    peak: int

    @property
    def growth(self) -> int:
        """How far the row took it beyond where it stood when it was ready."""
        return self.peak - self.before


@dataclass(slots=True, kw_only=True)
class RowResult:
    """Everything that was measured in one row.

    :param title: what was done.
    :param unit: of the rates.
    :param measurements: in the order in which they were made.
    :param memory: of each server.
    :param failures: why a server was left out, one line each.
    """

    title: str
    unit: str
    measurements: list[Measurement] = field(default_factory=list)
    memory: dict[str, Memory] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    @property
    def servers(self) -> list[str]:
        """Those that were measured."""
        return list(dict.fromkeys(each.server for each in self.measurements))

    def leave_out(self, server: str, reason: str) -> None:
        """Forget what was measured of a server that failed, and say why.

        :param server: its name.
        :param reason: what happened.
        """
        self.failures.append(f"{server} left out: {reason}")
        self.measurements = [each for each in self.measurements if each.server != server]

    def drop_warm_up(self) -> None:
        """Forget the measurements that only warmed the servers up."""
        self.measurements = [each for each in self.measurements if each.round_number >= 0]

    def rates(self, server: str) -> dict[int, float]:
        """The rate of a server in each round."""
        return {e.round_number: e.rate for e in self.measurements if e.server == server}

    def cpu_seconds(self, server: str) -> float:
        """The median of the CPU seconds of a server."""
        return median(e.cpu_seconds for e in self.measurements if e.server == server)


def median_ratio(ours: dict[int, float], theirs: dict[int, float]) -> float | None:
    """Compare two servers.

    :param ours: rates by round.
    :param theirs: rates by round.
    :return: the median of the ratios ours / theirs of the rounds that have both; None where
        there is no such round.
    """
    both = ours.keys() & theirs.keys()
    return median(ours[each] / theirs[each] for each in both) if both else None


def rotated(names: Sequence[str], round_number: int) -> list[str]:
    """Order the servers for a round, so that each goes first, second, third in turn.

    :param names: the servers.
    :param round_number: counted from 0.
    """
    first = round_number % len(names) if names else 0
    return [*names[first:], *names[:first]]


def render(row: RowResult, ours: str) -> str:
    """Write a row as a table.

    :param row: what was measured.
    :param ours: the server that all others are compared with; a ratio is ours / theirs.
    :return: lines of text.
    """
    lines = [row.title, *(f"  {each}" for each in row.failures)]
    if row.servers:
        lines.append(_COLUMNS.format(*_HEADINGS).rstrip())
    lines += [_line(row, server, ours) for server in row.servers]
    return "\n".join(lines)


def _line(row: RowResult, server: str, ours: str) -> str:
    rates = row.rates(server)
    ratio = None if server == ours else median_ratio(row.rates(ours), rates)
    memory = row.memory.get(server)
    return _COLUMNS.format(
        server,
        number(median(rates.values())),
        number(min(rates.values())),
        number(max(rates.values())),
        row.unit,
        "" if ratio is None else f"{ratio:.2f}",
        f"{row.cpu_seconds(server):.2f}",
        "" if memory is None else number(memory.peak / 1e6),
        "" if memory is None else number(memory.growth / 1e6),
    ).rstrip()


def number(value: float) -> str:
    """Write a number with three digits that matter, or all those before the point."""
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def size_text(size: int) -> str:
    """Write a size in bytes with the unit that suits it."""
    for unit, factor in (("MB", 1e6), ("kB", 1e3)):
        if size >= factor / 10:
            return f"{size / factor:.3g} {unit}"
    return f"{size} bytes"
