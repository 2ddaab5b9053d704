"""The path of one item through the row-wise steps of a run."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from typing import Any

from seedbed.engine.failure import Failure
from seedbed.engine.segments.branch_merging import by_fork, joined, united
from seedbed.engine.segments.item_outcome import ItemOutcome
from seedbed.engine.segments.rows_in_flight import InFlight, children
from seedbed.engine.segments.step_outcome import Ahead
from seedbed.engine.segments.step_results import StepResults
from seedbed.engine.segments.turns import Turns
from seedbed.engine.sources.sources import Item
from seedbed.engine.stopping.cancellation import CANCELLED, failure_of
from seedbed.errors import InvalidRowError
from seedbed.pipeline.routing import chosen_branch
from seedbed.pipeline.topology import Merge, Node, Topology
from seedbed.store.refused_rows import kept_by_routes
from seedbed.tasks.steps import Step

Chain = list[Node]
"""Nodes in a line, each with one child: a row goes through them without waiting for its siblings."""

Finished = Mapping[str, "asyncio.Future[list[InFlight]]"]

Ways = dict[str, list["str | Failure"]]
"""For each step that routes its rows: the next step of each row, or why there is none."""


class Flow:
    """Takes items through the nodes of a segment of the graph.

    At a fork, at a join and at an ordered step, the rows of an item wait for each other. Only an ordered step
    makes them wait for another item. `kept` names the nodes whose rows are wanted. With `judged`, rows may
    still be refused afterwards, and then their prompts are needed.
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        topology: Topology,
        results: StepResults,
        kept: Iterable[str],
        judged: bool = False,
    ) -> None:
        self._judged = judged
        self._results = results
        self._topology = topology
        self._kept = frozenset(kept)
        self._chains = _chains(nodes, topology, self._kept)
        self._places = {node.name: place for place, node in enumerate(topology.nodes)}
        self._turns = {node.name: Turns() for node in nodes if is_ordered(node)}
        # Most runs are one chain. It runs in the item's own task: a task and a future for each item would be
        # processor time spent on a graph that isn't there.
        self._is_plain = (
            len(self._chains) == 1
            and not self._is_routed(self._chains[0][0])
            and self._kept == {self._chains[0][-1].name}
            and not self._turns
        )

    async def settle(self, item: Item, position: int) -> ItemOutcome:
        """Return what became of an item; raise an error that every row would meet."""
        settled = ItemOutcome(position, item.id)
        try:
            if item.failure is not None:
                settled.note(item.failure)
            elif self._is_plain:
                (chain,) = self._chains
                settled.made[chain[-1].name] = await self._one_through(chain, 0, item.in_flight, settled)
            else:
                await self._through_all(item.in_flight, settled)
        finally:
            # Also if the item failed or was filtered upstream: the items after it would wait forever.
            for turns in self._turns.values():
                turns.give_up(position)
        if not self._judged:
            # A row may wait a long time for its verdict, and its prompts are as large as the row.
            settled.let_scopes_go()
        # Branches run concurrently, so these are in order of arrival, and timing must not decide what is
        # kept.
        settled.sort_reasons(self._places)
        return settled

    def _is_routed(self, node: Node) -> bool:
        return any(self._topology.routes(parent.step) for parent in node.parents)

    async def _through_all(self, start: InFlight, settled: ItemOutcome) -> None:
        if start.node in self._kept:
            settled.made[start.node] = [start]
        first: asyncio.Future[list[InFlight]] = asyncio.get_running_loop().create_future()
        first.set_result([start])
        finished = {start.node: first}
        ways: Ways = {}
        # All chains start at once, and each waits for the futures of its parents. Tasks begin in the loop's
        # next turn, when all futures are in `finished`.
        for chain in self._chains:
            finished[chain[-1].name] = asyncio.ensure_future(
                self._when_ready(chain, start, finished, ways, settled)
            )
        await none_left([*finished.values()])

    async def _when_ready(
        self, chain: Chain, start: InFlight, finished: Finished, ways: Ways, settled: ItemOutcome
    ) -> list[InFlight]:
        head = chain[0]
        branches = [
            self._routed(parent.step, head.name, await finished[parent.step], ways, settled)
            for parent in head.parents
        ]
        if not branches:
            return await self._through(chain, [start], settled)
        rows = branches[0] if head.merge is None else self._merged(head, head.merge, branches, settled)
        return await self._through(chain, rows, settled)

    def _routed(
        self, parent: str, child: str, rows: list[InFlight], ways: Ways, settled: ItemOutcome
    ) -> list[InFlight]:
        """Return the rows that go from a parent to this child."""
        if not self._topology.routes(parent):
            return rows
        # Evaluated once: a condition that answered differently for the next child would lose or double the
        # row.
        if parent not in ways:
            ways[parent] = [self._way(parent, in_flight, settled) for in_flight in rows]
            lost = [way for way in ways[parent] if isinstance(way, Failure)]
            settled.rejections += [failure for failure in lost if failure.rejected]
            settled.failures += [failure for failure in lost if not failure.rejected]
        return [in_flight for in_flight, way in zip(rows, ways[parent], strict=True) if way == child]

    def _way(self, parent: str, in_flight: InFlight, settled: ItemOutcome) -> str | Failure:
        try:
            return chosen_branch(parent, self._topology.routes(parent), in_flight.row())
        except (Exception, *CANCELLED) as error:  # noqa: BLE001 - a condition may be an author's function
            failure = failure_of(error, "the condition")
            return settled.refusal(in_flight, parent, failure, kept_as=kept_by_routes(parent))

    def _merged(
        self, node: Node, merge: Merge, branches: list[list[InFlight]], settled: ItemOutcome
    ) -> list[InFlight]:
        if merge.kind == "union":
            return united(merge, branches)
        rows: list[InFlight] = []
        for fork, parts in by_fork(merge, branches):
            if not all(parts):
                # A branch lost this row, and that branch has already said why: no second reason here.
                continue
            try:
                rows += joined(fork, parts, node.parents, merge)
            except InvalidRowError as error:
                settled.failures.append(settled.refusal(fork, node.name, error, kept_as=node.name))
        return rows

    async def _through(self, chain: Chain, rows: list[InFlight], settled: ItemOutcome) -> list[InFlight]:
        """Take rows through a chain; note those that are wanted, and return what comes out."""
        if is_ordered(chain[0]):
            made = await self._in_order(chain[0], rows, settled)
        else:
            made = await gathered([self._one_through(chain, 0, in_flight, settled) for in_flight in rows])
        if chain[-1].name in self._kept:
            settled.made[chain[-1].name] = made
        return made

    async def _one_through(
        self, chain: Chain, number: int, in_flight: InFlight, settled: ItemOutcome
    ) -> list[InFlight]:
        # A loop, not a coroutine for each step: a row takes one frame through its chain.
        while True:
            name = chain[number].name
            made = children(in_flight, name, await self._results.apply(name, in_flight, settled))
            number += 1
            if number == len(chain):
                return made
            if len(made) != 1:
                return await gathered([self._one_through(chain, number, child, settled) for child in made])
            (in_flight,) = made

    async def _in_order(self, node: Node, rows: list[InFlight], settled: ItemOutcome) -> list[InFlight]:
        turns, name, results = self._turns[node.name], node.name, self._results
        # Before its turn: models answer many rows at once, though the step takes them one by one.
        aheads = await self._ahead(name, rows, settled) if results.prepares(name) else None
        await turns.wait_for(settled.position)
        if results.queues(name):
            # Tasks begin in the order in which they're made, so the rows of this item are in the queue before
            # the next item gets its turn. Waiting for their results would take a hop into a thread for each.
            making = (
                [results.apply(name, row, settled) for row in rows]
                if aheads is None
                else [results.apply_prepared(name, *pair, settled) for pair in zip(rows, aheads, strict=True)]
            )
            applied = [asyncio.ensure_future(one) for one in making]
            turns.give_up(settled.position)
            made = await none_left(applied)
        else:
            # One after the other: the step's state after a row is what the next row sees.
            made = [await results.apply(name, in_flight, settled) for in_flight in rows]
            turns.give_up(settled.position)
        return [child for row, parts in zip(rows, made, strict=True) for child in children(row, name, parts)]

    async def _ahead(self, name: str, rows: list[InFlight], settled: ItemOutcome) -> list[Ahead]:
        asking = [self._results.prepare(name, row, settled) for row in rows]
        # Usually there's one, which needs no task.
        return (
            [await asking[0]] if len(asking) == 1 else await none_left([*map(asyncio.ensure_future, asking)])
        )


class Unchanged(Flow):
    """The path of items through no step at all."""

    async def settle(self, item: Item, position: int) -> ItemOutcome:
        """Return the item's row unchanged."""
        if item.failure is not None:
            settled = ItemOutcome(position, item.id)
            settled.note(item.failure)
            return settled
        return ItemOutcome(position, item.id, {item.in_flight.node: [item.in_flight]})


def flow_of(
    nodes: Sequence[Node],
    topology: Topology,
    results: StepResults,
    kept: Iterable[str],
    judged: bool = False,
) -> Flow:
    """Return the flow of a segment's nodes."""
    cls = Flow if nodes else Unchanged
    return cls(nodes, topology, results, kept, judged)


def is_ordered(node: Node) -> bool:
    """Whether a node needs the rows one after the other, in their order."""
    return isinstance(node.step, Step) and node.step.ordered


def _chains(nodes: Sequence[Node], topology: Topology, kept: frozenset[str]) -> list[Chain]:
    """Return the nodes as chains, each after the chains that its first node comes from."""
    chains: list[Chain] = []
    ends: dict[str, Chain] = {}
    for node in nodes:
        chain = ends.get(node.parents[0].step) if len(node.parents) == 1 else None
        if chain is None or not _goes_on(chain[-1], node, topology, kept):
            chain = []
            chains.append(chain)
        chain.append(node)
        ends[node.name] = chain
    return chains


def _goes_on(last: Node, node: Node, topology: Topology, kept: frozenset[str]) -> bool:
    # A chain has no place to wait in order, to note rows that are kept, or to choose between routes.
    if is_ordered(last) or is_ordered(node) or last.name in kept:
        return False
    return topology.children(last.name) == (node.name,) and not topology.routes(last.name)


async def gathered(coroutines: Sequence[Coroutine[Any, Any, list[InFlight]]]) -> list[InFlight]:
    """Return the rows of all coroutines, which run concurrently, in order."""
    if len(coroutines) == 1:
        return await coroutines[0]
    parts = await none_left([asyncio.ensure_future(coroutine) for coroutine in coroutines])
    return [in_flight for part in parts for in_flight in part]


async def none_left(tasks: Sequence[asyncio.Future[Any]]) -> list[Any]:
    """Await all and return their results; if one raises, cancel the others before raising it."""
    try:
        return list(await asyncio.gather(*tasks))
    except BaseException:
        # gather() leaves the others running when one raises: they would send calls for a row that has failed.
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
