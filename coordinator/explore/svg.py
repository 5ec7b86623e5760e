"""The graph as a picture: SVG that stands alone, in light and in dark.

Three bands from top to bottom: the way forward from left to right, each step's undo under it, the ends of the way back.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple
from xml.sax.saxutils import escape

from coordinator.explore.graph import START, Edge, Graph, Node, Shape

_WIDTH, _HEIGHT = 150, 34
_ACROSS, _DOWN, _ASIDE = 290, 70, 44
"""From column to column, from row to row; and, in a column, from row to row too, so that no arrow runs behind a box."""
_BAND, _MARGIN = 70, 40

_STYLE = """\
text{font:12px system-ui,Helvetica,Arial,sans-serif;fill:#1f2328;text-anchor:middle;dominant-baseline:central}
.label{font-size:10px;fill:#57606a;paint-order:stroke;stroke:#fff;stroke-width:4px}
rect,polygon,circle{fill:#f6f8fa;stroke:#57606a}.pivot{fill:#fff8c5}.undo{stroke-dasharray:4 3}.end{fill:#ddf4ff}
path{fill:none;stroke:#57606a}.back{stroke:#bc4c00;stroke-dasharray:5 3}
@media (prefers-color-scheme:dark){text{fill:#e6edf3}.label{fill:#9198a1;stroke:#0d1117}
rect,polygon,circle{fill:#161b22;stroke:#9198a1}.pivot{fill:#3b2f00}.end{fill:#0c2d4b}
path{stroke:#9198a1}.back{stroke:#f0883e}}"""


class _Spot(NamedTuple):
    """The middle of a node."""

    x: float
    y: float


def svg(graph: Graph) -> str:
    """The picture."""
    spots = _laid_out(graph)
    width = max(spot.x for spot in spots.values()) + _WIDTH / 2 + _MARGIN
    height = max(spot.y for spot in spots.values()) + _HEIGHT / 2 + _MARGIN
    drawn = [_curve(edge, spots) for edge in graph.edges] + [_box(node, spots[node.id]) for node in graph.nodes]
    labels = [_label(edge, spots, place) for place, edge in _placed(graph.edges) if edge.labels]
    arrow = '<path d="M0 0 8 4 0 8z" style="fill:context-stroke;stroke:none"/>'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
            f'width="{width:g}" height="{height:g}" role="img">',
            f"<style>{_STYLE}</style>",
            '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" '
            f'orient="auto-start-reverse">{arrow}</marker></defs>',
            *drawn,
            *labels,
            "</svg>",
        ]
    )


def _laid_out(graph: Graph) -> Mapping[str, _Spot]:
    """Steps in columns, by the longest way to them; undos under their steps; the ends of the way back at the bottom."""
    columns = _columns(graph)
    stacks: dict[int, list[str]] = {}
    for node in graph.nodes:
        if node.id in columns:
            stacks.setdefault(columns[node.id], []).append(node.id)
    tallest = max(len(stack) for stack in stacks.values())
    spots = {
        id: _Spot(_x(column) + place * _ASIDE, _MARGIN + _HEIGHT / 2 + (place + (tallest - len(stack)) / 2) * _DOWN)
        for column, stack in stacks.items()
        for place, id in enumerate(stack)
    }
    top = _MARGIN + tallest * _DOWN + _BAND
    under: dict[int, int] = {}
    undos = [node for node in graph.nodes if node.shape is Shape.UNDO]
    for node in sorted(undos, key=lambda undo: [len(undo.id), undo.id]):
        step = node.id.replace("undo_", "step_", 1)
        column = columns.get(step, 0)
        place = under.get(column, 0)
        spots[node.id] = _Spot(_x(column) + place * _ASIDE, top + place * _DOWN)
        under[column] = place + 1
    bottom = top + max(under.values(), default=0) * _DOWN + _BAND
    for place, node in enumerate(node for node in graph.nodes if node.id not in spots):
        spots[node.id] = _Spot(_x(place + 0.5), bottom)
    return spots


def _columns(graph: Graph) -> Mapping[str, int]:
    """Columns of the way forward. Edges that lead to what was seen earlier, around a loop, move nothing."""
    seen = {node.id: place for place, node in enumerate(graph.nodes)}
    forward = [edge for edge in graph.edges if not edge.back and seen[edge.source] < seen[edge.target]]
    columns: dict[str, int] = {}
    for node in graph.nodes:
        before = [columns[edge.source] + 1 for edge in forward if edge.target == node.id and edge.source in columns]
        if before or node.shape is Shape.START:
            columns[node.id] = max(before, default=0)
    for node in graph.nodes:
        if node.shape is Shape.END and node.id in columns:
            columns[node.id] = max(columns.values()) + 1
    return columns


def _x(column: float) -> float:
    return _MARGIN + _WIDTH / 2 + column * _ACROSS


def _ends(edge: Edge, spots: Mapping[str, _Spot]) -> tuple[_Spot, _Spot, bool]:
    """Where the edge leaves and arrives, and whether it runs across rather than down."""
    source, target = spots[edge.source], spots[edge.target]
    if source.x == target.x or (abs(target.y - source.y) > _DOWN * 1.2 and edge.back):
        down = _HEIGHT / 2 if target.y > source.y else -_HEIGHT / 2
        return _Spot(source.x, source.y + down), _Spot(target.x, target.y - down), False
    forward = target.x > source.x
    half = _HEIGHT / 2 + 4 if edge.source == START.id else _WIDTH / 2
    leaves, arrives = (half, -_WIDTH / 2) if forward else (-half, _WIDTH / 2)
    return _Spot(source.x + leaves, source.y), _Spot(target.x + arrives, target.y), True


def _curve(edge: Edge, spots: Mapping[str, _Spot]) -> str:
    start, end, across = _ends(edge, spots)
    halfway = ((end.x - start.x) / 2, 0) if across else (0, (end.y - start.y) / 2)
    points = [start.x, start.y, start.x + halfway[0], start.y + halfway[1]]
    points += [end.x - halfway[0], end.y - halfway[1], end.x, end.y]
    a, b, c, d, e, f, g, h = (f"{point:g}" for point in points)
    kind = ' class="back"' if edge.back else ""
    words = f"<title>{escape(', '.join(edge.labels))}</title>" if edge.labels else ""
    return f'<path{kind} marker-end="url(#arrow)" d="M{a} {b}C{c} {d} {e} {f} {g} {h}">{words}</path>'


def _placed(edges: Iterable[Edge]) -> Iterator[tuple[int, Edge]]:
    """Each edge with how many labels stand at those before it that leave the same box."""
    before: dict[str, int] = {}
    for edge in edges:
        place = before.get(edge.source, 0)
        before[edge.source] = place + bool(edge.labels)
        yield place, edge


def _label(edge: Edge, spots: Mapping[str, _Spot], place: int) -> str:
    start, end, _ = _ends(edge, spots)
    # Nearer to where it leaves: several edges may arrive at one place, and long ones pass under others.
    part = (0.35 if abs(end.y - start.y) < _BAND + _DOWN else 0.12) + 0.12 * (place % 3)
    x, y = start.x + (end.x - start.x) * part, start.y + (end.y - start.y) * part
    lines = [escape(label) for label in edge.labels]
    return _text("label", x, y - 6 * (len(lines) - 1), lines)


def _text(kind: str, x: float, y: float, lines: Iterable[str]) -> str:
    spans = "".join(f'<tspan x="{x:g}" y="{y + 12 * place:g}">{line}</tspan>' for place, line in enumerate(lines))
    return f'<text class="{kind}">{spans}</text>'


def _box(node: Node, spot: _Spot) -> str:
    left, top, right, bottom = spot.x - _WIDTH / 2, spot.y - _HEIGHT / 2, spot.x + _WIDTH / 2, spot.y + _HEIGHT / 2
    match node.shape:
        case Shape.START:
            frame = f'<circle cx="{spot.x:g}" cy="{spot.y:g}" r="{_HEIGHT / 2 + 4:g}"/>'
        case Shape.PIVOT:
            corners = f"{left:g},{spot.y:g} {left + 12:g},{top:g} {right - 12:g},{top:g} {right:g},{spot.y:g}"
            frame = f'<polygon class="pivot" points="{corners} {right - 12:g},{bottom:g} {left + 12:g},{bottom:g}"/>'
        case Shape.SIGNAL:
            corners = f"{left:g},{top:g} {right:g},{top:g} {right:g},{bottom:g} {left:g},{bottom:g}"
            frame = f'<polygon class="signal" points="{corners} {left + 12:g},{spot.y:g}"/>'
        case Shape.UPDATE:
            sides = f"M{left + 6:g} {top:g}V{bottom:g}M{right - 6:g} {top:g}V{bottom:g}"
            frame = f'<rect class="update" x="{left:g}" y="{top:g}" width="{_WIDTH}" height="{_HEIGHT}"/>'
            frame += f'<path d="{sides}"/>'
        case _:
            place = f'x="{left:g}" y="{top:g}" width="{_WIDTH}" height="{_HEIGHT}"'
            corner = _HEIGHT / 2 if node.shape in (Shape.END, Shape.TIMER) else 4
            frame = f'<rect class="{node.shape}" {place} rx="{corner:g}"/>'
    return frame + _text("name", spot.x, spot.y, [escape(node.label)])
