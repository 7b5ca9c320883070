"""Draw the upper layer state machine from the table that the code runs on, so that the two agree.

``write(directory)`` makes ``state-machine.svg``, the ordinary course of an
association, and ``state-table.html``, every cell of PS3.8 Table 9-10.  An action
AA-n stands in nearly every state, so the picture leaves those to the table.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from html import escape
from pathlib import Path

from txdicomtls.association.actions import Action
from txdicomtls.association.states import Event, State
from txdicomtls.association.table import TRANSITIONS

#: Column and row of each state by number: requestor on the left, acceptor on the right.
PLACES = {
    1: (2, 0),
    4: (0.7, 1),
    2: (3.1, 1),
    5: (0.85, 2),
    3: (3.2, 2),
    6: (2.2, 3),
    7: (1, 4),
    8: (2.9, 4),
    9: (0.45, 5),
    10: (1.7, 5),
    11: (0, 6),
    12: (1.7, 6),
    13: (3.9, 6),
}
#: Where an arrow would cross a box: the point, in columns and rows, that it bends towards.
BENDS = {(2, 13): (4.6, 2), (11, 1): (-1.15, -0.4), (13, 1): (5, -0.6)}

COLUMN, ROW, WIDTH, HEIGHT, MARGIN = 194, 108, 172, 66, 12

STYLE = """
text { font: 10.5px sans-serif; fill: #222; text-anchor: middle; }
.name { font-weight: bold; font-size: 12px; }
.label { font-size: 10.5px; fill: #14487a; stroke: #fff; stroke-width: 4px; paint-order: stroke; }
rect { fill: #f2f6fa; stroke: #55779a; }
.ready rect { fill: #dff2e1; stroke: #3f8a4a; }
path { fill: none; stroke: #8799ab; stroke-width: 1.2; marker-end: url(#arrow); }
#arrow path { fill: #8799ab; stroke: none; marker-end: none; }
"""

Point = tuple[float, float]


def spoken(action: Action) -> str:
    """The standard's spelling of an action: AE-1."""
    return action.name.replace("_", "-")


def centre(column: float, row: float) -> Point:
    """The middle of a place, in pixels."""
    return MARGIN + WIDTH / 2 + column * COLUMN, MARGIN + HEIGHT / 2 + row * ROW


def edge_of_box(middle: Point, towards: Point) -> Point:
    """Where the line from the middle of a box leaves it."""
    x, y = towards[0] - middle[0], towards[1] - middle[1]
    scale = min(WIDTH / 2 / abs(x) if x else 9e9, HEIGHT / 2 / abs(y) if y else 9e9)
    return middle[0] + x * scale, middle[1] + y * scale


def arrows() -> dict[tuple[int, int], list[str]]:
    """The labels, "event action", by the numbers of the two states."""
    found: dict[tuple[int, int], list[str]] = {}
    for (state, event), transition in TRANSITIONS.items():
        if not transition.action.name.startswith("AA_"):
            for following in transition.next_states:
                label = f"{event.value} {spoken(transition.action)}"
                found.setdefault((state.value, following.value), []).append(label)
    return found


def draw_arrow(begin: int, end: int, labels: list[str]) -> str:
    """One arrow between two boxes; what stays in its state is written in the box instead."""
    start, stop = centre(*PLACES[begin]), centre(*PLACES[end])
    bend = BENDS.get((begin, end))
    through = centre(*bend) if bend else ((start[0] + stop[0]) / 2, (start[1] + stop[1]) / 2)
    (x1, y1), (x2, y2) = edge_of_box(start, through), edge_of_box(stop, through)
    # The label sits in the middle of the quadratic curve.
    x = x1 / 4 + through[0] / 2 + x2 / 4
    y = y1 / 4 + through[1] / 2 + y2 / 4 + 4
    return (
        f'<path d="M{x1:.0f},{y1:.0f} Q{through[0]:.0f},{through[1]:.0f} {x2:.0f},{y2:.0f}"/>'
        f'<text class="label" x="{x:.0f}" y="{y:.0f}">{", ".join(labels)}</text>'
    )


def draw_state(state: State, staying: list[str]) -> str:
    """One box: its number and the short form of the standard's title."""
    x, y = centre(*PLACES[state.value])
    lines = textwrap.wrap(state.title.split(" (")[0], 27)
    if staying:
        lines.append(", ".join(staying))
    top = y - 6.5 * len(lines)
    text = "".join(
        f'<text x="{x:.0f}" y="{top + 14 + 12 * number:.0f}">{escape(line)}</text>'
        for number, line in enumerate(lines)
    )
    return (
        f'<g class="{"ready" if state is State.STA6 else "state"}">'
        f'<rect x="{x - WIDTH / 2:.0f}" y="{y - HEIGHT / 2:.0f}" width="{WIDTH}" height="{HEIGHT}"'
        f' rx="8"/><text class="name" x="{x:.0f}" y="{top + 1:.0f}">Sta{state.value}</text>'
        f"{text}</g>"
    )


def picture() -> str:
    """The SVG."""
    labels = arrows()
    width, height = 4 * COLUMN + WIDTH + 2 * MARGIN, 6 * ROW + HEIGHT + 2 * MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">',
        f"<style>{STYLE}</style>",
        '<marker id="arrow" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">',
        '<path d="M0,0 L8,4 L0,8 z"/></marker>',
        *(draw_arrow(*pair, texts) for pair, texts in labels.items() if pair[0] != pair[1]),
        *(draw_state(state, labels.get((state.value, state.value), [])) for state in State),
        "</svg>",
    ]
    return "\n".join(parts)


def rows() -> Iterator[str]:
    """The rows of the table: one for each event, a cell for each state."""
    for event in Event:
        yield f"<tr><th>{event.value}</th><th class=title>{escape(event.title)}</th>"
        for state in State:
            transition = TRANSITIONS.get((state, event))
            if transition is None:
                yield "<td></td>"
                continue
            following = "/".join(str(after.value) for after in transition.next_states)
            kind = "abort" if transition.action.name.startswith("AA_") else "course"
            yield (
                f'<td class={kind} title="{escape(transition.action.title)}">'
                f"{spoken(transition.action)}<br>Sta{following}</td>"
            )
        yield "</tr>"


def table() -> str:
    """The HTML table; an action's own text shows where the pointer rests on it."""
    heads = "".join(f'<th title="{escape(state.title)}">Sta{state.value}</th>' for state in State)
    return "\n".join(
        [
            '<div class="state-table"><table>',
            f"<thead><tr><th></th><th>Event</th>{heads}</tr></thead><tbody>",
            *rows(),
            "</tbody></table></div>",
        ]
    )


def write(directory: Path) -> None:
    """Write both files.

    :param directory: made if it is not there.
    """
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "state-machine.svg").write_text(picture(), encoding="utf-8")
    (directory / "state-table.html").write_text(table(), encoding="utf-8")
