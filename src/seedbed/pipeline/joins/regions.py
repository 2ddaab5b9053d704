"""Finds where the branches of a fork meet again, and how their rows become one stream."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from seedbed.errors import UsageError
from seedbed.pipeline.topology import Merge, MergeKind, Parent


class Graph(NamedTuple):
    """Steps by name, parents first; rows after a barrier aren't made from single rows before it."""

    parents: Mapping[str, Sequence[Parent]]
    barriers: Collection[str]

    def above(self, name: str) -> list[str]:
        """Return the parents of a step."""
        return [parent.step for parent in self.parents[name]]


class Region(NamedTuple):
    """The steps between a fork and the step where its branches meet, with the edges among them."""

    fork: str
    end: str
    below: Mapping[str, Sequence[tuple[str, bool]]]
    """For each step, the steps in the region that receive its rows, and whether on a condition."""

    def open_forks(self) -> list[str]:
        """Return the forks whose branches don't meet before the end."""
        # For each step, itself and the steps that all its paths to the end go through.
        on_all = {self.end: {self.end}}
        for name in reversed([*self.below]):
            on_all[name] = {name} | set.intersection(*(on_all[child] for child, _ in self.below[name]))
        return [name for name, edges in self.below.items() if len(edges) > 1 and len(on_all[name]) == 2]

    def is_routed(self, name: str) -> bool:
        """Whether each row takes only one of the edges after a step."""
        return self.below[name][0][1]


def merge_at(graph: Graph, name: str) -> Merge:
    """Return how the rows of the parents of a step become one stream.

    Raises UsageError if they have no fork in common, or if they mix routes with plain branches.
    """
    fork = _fork(graph, name)
    region = region_between(graph, fork, name)
    return Merge(_kind(graph, region), fork)


def _kind(graph: Graph, region: Region) -> MergeKind:
    forks = region.open_forks()
    if all(region.is_routed(fork) for fork in forks):
        return "union"
    _check_join(graph, region, forks)
    return "join"


def _check_join(graph: Graph, region: Region, forks: Sequence[str]) -> None:
    for fork in forks:
        if region.is_routed(fork):
            plain = next(fork for fork in forks if not region.is_routed(fork))
            raise UsageError(
                f"branches of '{plain}' and '{fork}' meet at '{region.end}': those of '{plain}' get every "
                f"row, those of '{fork}' only some",
                f"let the branches of '{fork}' meet first, in a separate step such as Pass()",
            )
    if any(parent.when for parent in graph.parents[region.end]):
        raise UsageError(
            f"the path to '{region.end}' has a condition, but it also joins branches",
            "put a step where the branches meet, and the condition after it",
        )


def region_between(graph: Graph, fork: str, end: str) -> Region:
    """Return the steps on all paths from a fork to a step, if all paths to the step go through the fork."""
    inside, edge = {fork}, {end}
    while edge:
        inside |= edge
        edge = {parent for name in edge for parent in graph.above(name)} - inside
    below: dict[str, list[tuple[str, bool]]] = {name: [] for name in graph.parents if name in inside}
    for name in below:
        for parent in graph.parents[name] if name != fork else ():
            below[parent.step].append((name, parent.when is not None))
    del below[end]
    return Region(fork, end, below)


def _fork(graph: Graph, name: str) -> str:
    common = _common(graph, name, graph.barriers)
    if common:
        return common[-1]
    passing_barriers = _common(graph, name, ())
    if passing_barriers:
        region = region_between(graph, passing_barriers[-1], name)
        barrier = next(step for step in region.below if step in graph.barriers)
        raise UsageError(
            f"the branches that meet at '{name}' cannot be joined: '{barrier}' makes other rows in between",
            "use Join(on=[...]) or Concat() to combine them",
        )
    raise UsageError(
        f"the branches that meet at '{name}' have no fork in common",
        "use Join(on=[...]) or Concat() to combine them",
    )


def _common(graph: Graph, name: str, barriers: Collection[str]) -> list[str]:
    """Return the steps that all paths to `name` go through, after the last barrier, in order."""
    found: dict[str, list[str]] = {}
    for step in graph.parents:
        shared = _shared(found[parent] for parent in graph.above(step))
        if step == name:
            return shared
        found[step] = [*([] if step in barriers else shared), step]
    raise KeyError(name)


def _shared(ways: Iterator[list[str]]) -> list[str]:
    first = next(ways, [])
    others = list(ways)
    return [step for step in first if all(step in way for way in others)]
