"""The graph of a checked pipeline, for engines to read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, NamedTuple, Protocol

from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.rows import Row

MergeKind = Literal["join", "union"]


class Condition(Protocol):
    """Decides whether a row takes a route."""

    @property
    def text(self) -> str:
        """The condition as its author wrote it, for messages and fingerprints."""

    def holds(self, row: Row) -> bool:
        """Whether the row takes the route; raises InvalidRowError if it lacks a column."""


class Parent(NamedTuple):
    """A step whose rows another step receives: all of them, or those that take a route."""

    step: str
    when: Condition | None = None


class Merge(NamedTuple):
    """How the rows of several parents become the input of one step.

    `join`: one row of each parent, all made from one row of step `fork`, become one row. `union`: rows aren't
    joined, since each row of `fork` takes only one route. `renames` has, for a parent, the columns that are
    renamed at the join.
    """

    kind: MergeKind
    fork: str
    renames: Mapping[str, Mapping[str, str]] = {}


class Node(NamedTuple):
    """A step in the graph.

    `merge` is None for a source (no parents), for a step with one parent, and for a CombineStep, which
    receives the rows of each parent as a separate input.
    """

    step: BaseStep
    parents: tuple[Parent, ...] = ()
    merge: Merge | None = None

    @property
    def name(self) -> str:
        """The name of the step."""
        return self.step.name


class Edge(NamedTuple):
    """An edge from a step to one that receives its rows."""

    parent: str
    child: str
    when: Condition | None = None


@dataclass(frozen=True)
class Topology:
    """The nodes of a pipeline, parents before children, and its edges, those of a step in route order."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    @cached_property
    def leaves(self) -> tuple[str, ...]:
        """The steps whose rows no other step receives."""
        return tuple(node.name for node in self.nodes if not self._below[node.name])

    def node(self, name: str) -> Node:
        """Return the node of a step."""
        return self._by_name[name]

    def children(self, name: str) -> tuple[str, ...]:
        """Return the steps that receive the rows of a step."""
        return tuple(edge.child for edge in self._below[name])

    def routes(self, name: str) -> tuple[tuple[str, Condition], ...]:
        """Return the routes after a step, in the order in which a row tries them; none at a plain fork."""
        return tuple((edge.child, edge.when) for edge in self._below[name] if edge.when is not None)

    def with_steps(self, steps: Mapping[str, BaseStep]) -> Topology:
        """Return the same graph with other steps of the same names, such as copies."""
        return replace(self, nodes=tuple(node._replace(step=steps[node.name]) for node in self.nodes))

    @cached_property
    def _by_name(self) -> dict[str, Node]:
        return {node.name: node for node in self.nodes}

    @cached_property
    def _below(self) -> dict[str, list[Edge]]:
        return {node.name: [edge for edge in self.edges if edge.parent == node.name] for node in self.nodes}
