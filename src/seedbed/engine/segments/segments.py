"""The graph of a run in segments: a source and its row-wise steps, up to a step that needs all rows."""

from __future__ import annotations

from dataclasses import dataclass, field

from seedbed.errors import UsageError
from seedbed.pipeline.topology import Edge, Node, Parent, Topology
from seedbed.tasks.generator_task import GeneratorTask
from seedbed.tasks.join_steps import CombineStep
from seedbed.tasks.passing import Pass
from seedbed.tasks.steps import GeneratorStep, GlobalStep

INPUT = ""
"""Stands for the run's input in place of a step's name."""


@dataclass
class Segment:
    """Steps that an item goes through without waiting for others.

    `source` is the node that the rows come from, None for the run's input; `nodes` are the row-wise ones.
    `kept` names the nodes whose rows the run keeps: its leaves, and what a step that needs all rows reads.
    """

    source: Node | None
    nodes: list[Node] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The name of the step that the rows come from."""
        if self.source is not None:
            return self.source.name
        return self.nodes[0].name if self.nodes else INPUT

    def counted(self, leaf: str) -> str:
        """Return the step whose rows are counted: the dataset's leaf, or the first that is kept."""
        return leaf if leaf in self.kept else self.kept[0]

    def is_whole(self, topology: Topology, leaf: str) -> bool:
        """Whether it takes the run's input to the dataset, through all steps."""
        return self.source is None and len(self.nodes) == len(topology.nodes) and self.kept == [leaf]

    @property
    def is_barrier(self) -> bool:
        """Whether its rows are made from all rows of earlier segments."""
        return self.source is not None and is_barrier(self.source)

    @property
    def generator(self) -> GeneratorStep | None:
        """The step that makes the rows without input, if one does."""
        step = self.source.step if self.source is not None else None
        return step if isinstance(step, GeneratorStep) else None


def is_barrier(node: Node) -> bool:
    """Whether a node needs all rows of its parents at once."""
    return isinstance(node.step, (GlobalStep, CombineStep))


def is_indexed(node: Node) -> bool:
    """Whether a node makes its rows by index, each on its own, from what it samples."""
    step = node.step
    return isinstance(step, GeneratorTask) and step.is_indexed and not step.only_samples


def segments_of(topology: Topology) -> list[Segment]:
    """Return the segments of a graph, each after those whose rows it needs."""
    segments: list[Segment] = []
    home: dict[str, Segment] = {}
    for node in topology.nodes:
        parents = [parent.step for parent in node.parents]
        if is_barrier(node):
            if not parents:
                # The step comes first, over the input: that has to be in the store whole before it starts.
                segments.append(Segment(None, kept=[INPUT]))
            for parent in parents:
                _keep(home[parent], parent)
        if is_barrier(node) or not parents:
            segment = _begun(node)
            segments.append(segment)
        else:
            segment = home[parents[0]]
            segment.nodes.append(node)
        home[node.name] = segment
    for leaf in topology.leaves:
        _keep(home[leaf], leaf)
    return segments


def _begun(node: Node) -> Segment:
    if isinstance(node.step, GeneratorStep) or is_barrier(node):
        # An indexed task is applied row by row, so it's also a node: its rows then have results of their own.
        # Other generators and barriers yield finished rows.
        return Segment(node, [node] if is_indexed(node) else [])
    return Segment(None, [node])


def _keep(segment: Segment, name: str) -> None:
    if name not in segment.kept:
        segment.kept.append(name)


def counted_leaf(topology: Topology, named: str | None) -> str:
    """Return the leaf whose rows are the dataset; raise UsageError if the caller has to name it."""
    leaves = topology.leaves
    if named is None and len(leaves) == 1:
        return leaves[0]
    listed = ", ".join(leaves)
    if named is None:
        raise UsageError(
            f"the pipeline ends in {len(leaves)} steps: {listed}",
            "say which one's rows are the dataset: --leaf NAME on the command, leaf='NAME' in Python",
        )
    if named not in leaves:
        raise UsageError(f"the pipeline doesn't end in '{named}'", f"it ends in {listed}")
    return named


def upstream(topology: Topology, name: str) -> frozenset[str]:
    """Return a step and all steps that its rows come from."""
    # Each step once: the number of ways to it doubles at each fork above it.
    found, waiting = {name}, [name]
    while waiting:
        step = waiting.pop()
        above = {parent.step for parent in topology.node(step).parents} if step != INPUT else set()
        waiting += above - found
        found |= above
    return frozenset(found)


def joined_before_barriers(topology: Topology) -> Topology:
    """Return the graph with a joining step before each step over all rows at which branches meet.

    A barrier reads whole tables from the store, and can't join rows by their fork itself.
    """
    nodes: list[Node] = []
    edges = list(topology.edges)
    for node in topology.nodes:
        if is_barrier(node) and node.merge is not None:
            meeting = Node(Pass(name=f"before {node.name}"), node.parents, node.merge)
            edges = [edge._replace(child=meeting.name) if edge.child == node.name else edge for edge in edges]
            edges.append(Edge(meeting.name, node.name))
            nodes.append(meeting)
            node = Node(node.step, (Parent(meeting.name),))
        nodes.append(node)
    return Topology(tuple(nodes), tuple(edges))
