"""What is measured: the rows of the table."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bench.table import size_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One thing that is measured.

    :param what: the first argument of the load generator.
    :param count: how many objects, echoes or associations.
    :param measure: which of the load generator's figures is the rate.
    :param unit: of that figure.
    :param rows: height of the image in each object, one byte a pixel.
    :param columns: its width.
    :param resumed: whether the client takes up its sessions again, where the server lets it.
    :param durable: whether servers are measured that sync what they keep.
    :param associations: how many clients store at once, each over one association.
    :param window: most operations that the client has outstanding, where the server lets it.
    """

    what: str
    count: int
    measure: str
    unit: str
    rows: int = 0
    columns: int = 0
    durable: bool = False
    associations: int = 1
    window: int = 1
    resumed: bool = False

    @property
    def title(self) -> str:
        """What is done, in words."""
        if self.what == "echo":
            return f"{self.count} echoes over one association"
        if self.what == "assoc":
            kind = "handshake that takes up a session" if self.resumed else "full handshake"
            return f"{self.count} associations of a {kind} and one echo"
        safety = ", each on the disk before it is acknowledged" if self.durable else ""
        many = f" over {self.associations} associations at once" if self.associations > 1 else ""
        if self.window > 1:
            many = f" with a window of {self.window}"
        noun = "object" if self.count == 1 else "objects"
        return f"{self.count} {noun} of {size_text(self.size)}{many}{safety}"

    @property
    def size(self) -> int:
        """Bytes of pixels in each object."""
        return self.rows * self.columns

    def quick(self) -> Row:
        """Make a row of a fifth of this one's work."""
        if self.count == 1:
            return replace(self, rows=self.rows // 5)
        return replace(self, count=self.count // 5)


def _objects(count: int, *, rows: int, columns: int, associations: int = 1, window: int = 1) -> Row:
    """Objects that are on the disk before they are acknowledged."""
    return Row(
        what="store",
        count=count,
        measure="objects_per_s",
        unit="objects/s",
        rows=rows,
        columns=columns,
        durable=True,
        associations=associations,
        window=window,
    )


ROWS = {
    "large": Row(
        what="store", count=1, measure="MB_per_s", unit="MB/s", rows=20_000, columns=25_000
    ),
    "medium": Row(
        what="store", count=500, measure="objects_per_s", unit="objects/s", rows=500, columns=1000
    ),
    "small": Row(
        what="store", count=1000, measure="objects_per_s", unit="objects/s", rows=25, columns=40
    ),
    "echoes": Row(what="echo", count=2000, measure="per_s", unit="echoes/s"),
    "associations": Row(what="assoc", count=200, measure="per_s", unit="assoc./s"),
    "resumed": Row(what="assoc", count=200, measure="per_s", unit="assoc./s", resumed=True),
    "durable": _objects(200, rows=500, columns=1000),
    "durable-small": _objects(500, rows=25, columns=40),
    "durable-window": _objects(200, rows=500, columns=1000, window=8),
    "durable-small-window": _objects(1000, rows=25, columns=40, window=8),
    "durable-8": _objects(800, rows=500, columns=1000, associations=8),
    "durable-small-8": _objects(2000, rows=25, columns=40, associations=8),
}
