"""The graph as Mermaid: text that GitHub and many editors draw."""

from collections.abc import Mapping

from coordinator.explore.graph import Edge, Graph, Node, Shape

_FRAMES: Mapping[Shape, tuple[str, str]] = {
    Shape.START: ("((", "))"),
    Shape.STEP: ("[", "]"),
    Shape.PIVOT: ("{{", "}}"),
    Shape.TIMER: ("(", ")"),
    Shape.SIGNAL: (">", "]"),
    Shape.UPDATE: ("[[", "]]"),
    Shape.UNDO: ("[/", "/]"),
    Shape.END: ("([", "])"),
}


def mermaid(graph: Graph) -> str:
    """A flowchart: pivots are hexagons, undos slanted, signals flags, updates in two frames, the way back dotted."""
    lines = ["flowchart LR"]
    lines += [f"    {_node(node)}" for node in graph.nodes]
    lines += [f"    {_edge(edge)}" for edge in graph.edges]
    undos = [node.id for node in graph.nodes if node.shape is Shape.UNDO]
    if undos:
        lines += ["    classDef undo stroke-dasharray: 4 3", f"    class {','.join(undos)} undo"]
    return "\n".join(lines)


def _node(node: Node) -> str:
    before, after = _FRAMES[node.shape]
    return f'{node.id}{before}"{node.label}"{after}'


def _edge(edge: Edge) -> str:
    arrow = "-.->" if edge.back else "-->"
    label = f'|"{", ".join(edge.labels)}"|' if edge.labels else ""
    return f"{edge.source} {arrow}{label} {edge.target}"
