"""Assembles steps and the links between them into a checked topology."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from seedbed.errors import UsageError
from seedbed.pipeline.joins.column_clashes import join_renames
from seedbed.pipeline.joins.regions import Graph, merge_at, region_between
from seedbed.pipeline.order import connected, in_order
from seedbed.pipeline.routing import route_problems
from seedbed.pipeline.topology import Condition, Edge, Merge, Node, Parent, Topology
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.join_steps import CombineStep
from seedbed.tasks.passing import Pass
from seedbed.tasks.steps import GeneratorStep, GlobalStep

INPUT = "input"
"""Name of the step that passes the run's input to several others."""


class Link(NamedTuple):
    """A path of rows from a step, or from the run's input (None), to another step."""

    parent: BaseStep | None
    child: BaseStep
    when: Condition | None = None


def assemble(steps: Sequence[BaseStep], links: Sequence[Link]) -> Topology:
    """Return the topology of the steps; raise UsageError if they can't be one."""
    for problem in graph_problems(steps, links):
        raise problem
    return _topology(steps, links)


def graph_problems(steps: Sequence[BaseStep], links: Sequence[Link]) -> Iterator[UsageError]:
    """Yield what keeps the steps from being one topology: each error names its step."""
    doubled = [*_name_problems(steps)]
    yield from doubled
    if doubled:
        # A link is found by the names of its steps.
        return
    yield from _source_problems(_by_name(steps), links)
    yield from _route_problems([_edge(link) for link in links if link.parent])
    try:
        _topology(steps, links)
    except UsageError as error:
        yield error


def _topology(steps: Sequence[BaseStep], links: Sequence[Link]) -> Topology:
    by_name = _by_name(steps)
    from_input = _from_input(by_name, links)
    edges = [_edge(link) for link in links if link.parent]
    if len(from_input) > 1 or any(link.when for link in from_input):
        by_name = _with_input(by_name)
        edges = [*(Edge(INPUT, link.child.name, link.when) for link in from_input), *edges]
    parents: dict[str, list[Parent]] = {name: [] for name in by_name}
    for edge in edges:
        parents[edge.child].append(Parent(edge.parent, edge.when))
    order = in_order({name: [parent.step for parent in above] for name, above in parents.items()})
    for problem in _route_problems(edges):
        raise problem
    return Topology(_nodes(by_name, {name: parents[name] for name in order}), tuple(edges))


def _edge(link: Link) -> Edge:
    assert link.parent is not None
    return Edge(link.parent.name, link.child.name, link.when)


def _name_problems(steps: Sequence[BaseStep]) -> Iterator[UsageError]:
    if not steps:
        yield UsageError("the pipeline has no steps", "Pipeline([first, second]), or first >> second")
    unique = {id(step): step for step in steps}.values()
    for name, times in Counter(step.name for step in unique).items():
        if times > 1:
            fact = f"{times} steps have the name '{name}'"
            yield UsageError(
                fact, "give each a name of its own: `name: ...` in a file, name='...' in Python"
            ).of_step(name)


def _by_name(steps: Sequence[BaseStep]) -> dict[str, BaseStep]:
    return {step.name: step for step in steps}


def _from_input(by_name: Mapping[str, BaseStep], links: Sequence[Link]) -> list[Link]:
    """Return the links from the run's input, including those to steps that have no other source of rows."""
    linked = {link.child.name for link in links}
    unlinked = [step for name, step in by_name.items() if name not in linked]
    return [
        *(link for link in links if link.parent is None),
        *(Link(None, step) for step in unlinked if not isinstance(step, GeneratorStep)),
    ]


def _with_input(by_name: Mapping[str, BaseStep]) -> dict[str, BaseStep]:
    if INPUT in by_name:
        raise UsageError(
            f"several steps read the input of the run, so no step can have the name '{INPUT}'",
            "give it another name: `name: ...` in a file, name='...' in Python",
        )
    return {INPUT: Pass(name=INPUT), **by_name}


def _source_problems(by_name: Mapping[str, BaseStep], links: Sequence[Link]) -> Iterator[UsageError]:
    from_input = _from_input(by_name, links)
    for link in links:
        if link.parent is not None and isinstance(link.child, GeneratorStep):
            yield UsageError(
                f"step '{link.child.name}' makes rows without input, so it can't follow another step",
                "put it first; in a file, with `after: []`",
            ).of_step(link.child.name)
    for link in from_input:
        if isinstance(link.child, CombineStep):
            yield UsageError(
                f"step '{link.child.name}' combines pipelines, but no pipeline leads to it",
                f"[first, second] >> {type(link.child).__name__}(...)",
            ).of_step(link.child.name)
    generators = [name for name, step in by_name.items() if isinstance(step, GeneratorStep)]
    if generators and from_input:
        yield UsageError(
            f"step '{from_input[0].child.name}' works on rows, but no step before it makes any",
            f"put it after '{generators[0]}', or remove that step and give the run an input",
        ).of_step(from_input[0].child.name)


def _route_problems(edges: Sequence[Edge]) -> Iterator[UsageError]:
    for (parent, child), times in Counter((edge.parent, edge.child) for edge in edges).items():
        if times > 1:
            yield UsageError(
                f"{times} paths lead from '{parent}' to '{child}'",
                "combine their conditions with `or`, or put steps in between",
            ).of_step(child)
    for parent in dict.fromkeys(edge.parent for edge in edges):
        yield from route_problems(parent, [edge for edge in edges if edge.parent == parent])


def _nodes(by_name: Mapping[str, BaseStep], parents: Mapping[str, Sequence[Parent]]) -> tuple[Node, ...]:
    together = connected({name: [parent.step for parent in above] for name, above in parents.items()})
    for name in parents:
        if name not in together:
            raise UsageError(
                f"no path leads from '{next(iter(parents))}' to '{name}'",
                "run two pipelines, or combine them with Concat() or Join(on=[...])",
            ).of_step(name)
    barriers = {name for name, step in by_name.items() if isinstance(step, GlobalStep | CombineStep)}
    graph = Graph(parents, barriers)
    nodes: dict[str, Node] = {}
    for name, above in parents.items():
        node = Node(by_name[name], tuple(above))
        if len(above) > 1 and not isinstance(node.step, CombineStep):
            node = node._replace(merge=_merge(graph, name, nodes))
        nodes[name] = node
    return tuple(nodes.values())


def _merge(graph: Graph, name: str, nodes: Mapping[str, Node]) -> Merge:
    try:
        merge = merge_at(graph, name)
        if merge.kind == "union":
            return merge
        region = region_between(graph, merge.fork, name)
        return merge._replace(renames=join_renames(region, graph.above(name), nodes))
    except UsageError as error:
        raise error.of_step(name) from error.__cause__
