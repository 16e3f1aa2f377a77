"""Draw docs/architecture.svg from the code: its rooms, and an arrow from each to those that it imports.

    python -m docs.tools.architecture

Rooms stand above what they import. Arrows that follow from others are left out: if commands import the pipeline and
the pipeline imports vision, there is no third arrow. The same code gives the same file, byte for byte.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from html import escape
from pathlib import Path

from docs.tools.imports import Arrows, arrows, reduced

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "docs" / "architecture.svg"

WORDS = {
    "API": "Recognizer, Face, Result",
    "cameras": "Pi, USB, network, files",
    "cli": "parsers, errors, terminal",
    "commands": "run, image, log, doctor, ...",
    "convert": "Keras model to int8 .tflite",
    "core": "settings, errors, Frame, Scene, ports, registry, tasks, manifest, clock",
    "daemon": "loop, supervision, systemd",
    "demo": "portrait and drawn people",
    "engines": "CPU (LiteRT), Edge TPU",
    "journals": "file format, reader, writer",
    "picture": "reading and writing files",
    "pipeline": "detect, verify, track, classify",
    "scan": "archives as tables",
    "screens": "HDMI, desktop window",
    "sinks": "where events go",
    "testing": "fakes of every port",
    "training": "data sets, networks, figures",
    "vision": "pure functions on arrays",
    "web": "page and HTTP API",
}
OFF_DEVICE = {"convert", "training"}

BOX, GAP, ROW, HEIGHT = 190, 26, 104, 54
WIDE = {"core": 480}
LANE = 18  # the width of an arrow that passes through a row
MARGIN = 28
SWEEPS = 12  # of the ordering; more change nothing


@dataclass(frozen=True)
class Node:
    """A room, or the place where an arrow passes through a row.

    Attributes:
        name: of the room; of a passing arrow: "from > to @ row".
        row: 0 is the lowest.
        real: whether it is a room.
    """

    name: str
    row: int
    real: bool = True

    @property
    def width(self) -> int:
        """Pixels."""
        return LANE if not self.real else WIDE.get(self.name, BOX)


def draw(graph: Arrows) -> str:
    """The picture, an SVG document; `graph` is that of docs.tools.imports.arrows."""
    links = reduced(graph)
    nodes, segments = _layers(links)
    rows = _ordered(nodes, segments)
    places = _placed(rows, segments)
    width = max(x + node.width / 2 for node, x in places.items()) + MARGIN
    height = len(rows) * ROW - (ROW - HEIGHT) + 2 * MARGIN + 40
    tops = {row: MARGIN + (len(rows) - 1 - row) * ROW for row in range(len(rows))}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" '
        f'viewBox="0 0 {width:.0f} {height}" font-family="Helvetica, Arial, sans-serif">',
        "<title>The rooms of edge-emotion and what they import</title>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 8 4 0 8z" fill="#4a5560"/></marker></defs>',
        f'<rect width="{width:.0f}" height="{height}" fill="#ffffff"/>',
    ]
    for source, targets in sorted(links.items()):
        parts += [_arrow(source, target, nodes, places, tops) for target in sorted(targets)]
    parts += [_box(node, places[node], tops[node.row]) for row in rows for node in row if node.real]
    told = (
        "Blue: edge, on the device. Yellow: on a PC. An arrow means: imports. "
        "Arrows that follow from others are left out."
    )
    parts.append(f'<text x="{MARGIN}" y="{height - 16}" font-size="13" fill="#4a5560">{told}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _layers(links: Arrows) -> tuple[dict[str, Node], list[tuple[Node, Node]]]:
    """Each room in the row above all that it imports, and the arrows cut where they pass through a row."""
    depth: dict[str, int] = {}

    def row(name: str) -> int:
        if name not in depth:
            depth[name] = 1 + max((row(target) for target in links[name]), default=-1)
        return depth[name]

    nodes = {name: Node(name, row(name)) for name in sorted(links)}
    segments = []
    for source, targets in sorted(links.items()):
        for target in sorted(targets):
            path = _path(source, target, nodes)
            nodes |= {node.name: node for node in path}
            segments += list(itertools.pairwise(path))
    return nodes, segments


def _path(source: str, target: str, nodes: dict[str, Node]) -> list[Node]:
    first, last = nodes[source], nodes[target]
    between = range(first.row - 1, last.row, -1)
    return [first, *(Node(f"{source} > {target} @ {row}", row, False) for row in between), last]


def _ordered(nodes: dict[str, Node], segments: list[tuple[Node, Node]]) -> list[list[Node]]:
    """The rows, lowest first, each sorted so that few arrows cross (the barycentre method of Sugiyama et al., 1981)."""
    rows: list[list[Node]] = [[] for _ in range(1 + max(node.row for node in nodes.values()))]
    for name in sorted(nodes):
        rows[nodes[name].row].append(nodes[name])
    best, fewest = rows, _crossings(rows, segments)
    for sweep in range(SWEEPS):
        order = range(1, len(rows)) if sweep % 2 == 0 else range(len(rows) - 2, -1, -1)
        rows = [list(row) for row in rows]
        for n in order:
            place = {node: i for row in rows for i, node in enumerate(row)}
            step = -1 if sweep % 2 == 0 else 1
            mean = {node: _mean(node, place, segments, node.row + step) for node in rows[n]}
            rows[n].sort(key=lambda node: (mean[node], node.name))
        if (count := _crossings(rows, segments)) < fewest:
            best, fewest = rows, count
    return best


def _mean(node: Node, place: dict[Node, int], segments: list[tuple[Node, Node]], row: int) -> float:
    near = [place[b if a == node else a] for a, b in segments if node in (a, b) and row in (a.row, b.row)]
    return sum(near) / len(near) if near else place[node]


def _crossings(rows: list[list[Node]], segments: list[tuple[Node, Node]]) -> int:
    place = {node: i for row in rows for i, node in enumerate(row)}
    pairs = [(place[a], place[b], a.row) for a, b in segments]
    return sum(
        row == other and (a - c) * (b - d) < 0 for n, (a, b, row) in enumerate(pairs) for c, d, other in pairs[n + 1 :]
    )


def _placed(rows: list[list[Node]], segments: list[tuple[Node, Node]]) -> dict[Node, float]:
    """The middle of each node, px: near those that it is joined to, without overlap, in the order of its row."""
    places: dict[Node, float] = {}
    for row in rows:
        x = 0.0
        for node in row:
            places[node] = x + node.width / 2
            x += node.width + GAP
    for _ in range(60):
        for row in rows:
            for node in row:
                near = [places[b if a == node else a] for a, b in segments if node in (a, b)]
                if near:
                    places[node] = (places[node] + sum(near) / len(near)) / 2
            _spread(row, places)
    left = min(places[node] - node.width / 2 for row in rows for node in row)
    return {node: round(x - left + MARGIN, 1) for node, x in places.items()}


def _spread(row: list[Node], places: dict[Node, float]) -> None:
    """Push neighbours apart, half from the left and half from the right, so that nothing drifts."""

    def apart(a: Node, b: Node) -> float:
        return (a.width + b.width) / 2 + GAP

    right = [places[node] for node in row]
    for n in range(1, len(row)):
        right[n] = max(right[n], right[n - 1] + apart(row[n - 1], row[n]))
    left = [places[node] for node in row]
    for n in range(len(row) - 2, -1, -1):
        left[n] = min(left[n], left[n + 1] - apart(row[n], row[n + 1]))
    for node, a, b in zip(row, left, right, strict=True):
        places[node] = (a + b) / 2


def _arrow(source: str, target: str, nodes: dict[str, Node], places: dict[Node, float], tops: dict[int, int]) -> str:
    path = _path(source, target, nodes)
    x, y = places[path[0]], float(tops[path[0].row] + HEIGHT)
    drawn = [f"M{x:.1f} {y:.1f}"]
    for node in path[1:]:
        to, top = places[node], float(tops[node.row])
        drawn.append(f"C{x:.1f} {(y + top) / 2:.1f} {to:.1f} {(y + top) / 2:.1f} {to:.1f} {top:.1f}")
        if not node.real:
            drawn.append(f"V{top + HEIGHT:.1f}")
        x, y = to, top + HEIGHT
    return (
        f'<path d="{" ".join(drawn)}" fill="none" stroke="#4a5560" stroke-width="1.4" marker-end="url(#tip)">'
        f"<title>{source} imports {target}</title></path>"
    )


def _box(node: Node, x: float, top: int) -> str:
    fill, edge = ("#fdf0dc", "#b06a00") if node.name in OFF_DEVICE else ("#e3eefb", "#1f5fa8")
    name = node.name if node.name in {*OFF_DEVICE, "API", "core"} else f"{node.name}/"
    return (
        f'<g><rect x="{x - node.width / 2:.1f}" y="{top}" width="{node.width}" height="{HEIGHT}" rx="6" fill="{fill}" '
        f'stroke="{edge}" stroke-width="1.5"/>'
        f'<text x="{x:.1f}" y="{top + 22}" text-anchor="middle" font-size="16" font-weight="bold">{escape(name)}</text>'
        f'<text x="{x:.1f}" y="{top + 42}" text-anchor="middle" font-size="12.5" fill="#333b43">'
        f"{escape(WORDS[node.name])}</text></g>"
    )


def main() -> None:
    """Write the picture."""
    PICTURE.write_text(draw(arrows(ROOT)), encoding="utf-8")
    print(f"wrote {PICTURE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
