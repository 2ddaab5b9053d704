"""The order of a graph's steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from seedbed.errors import UsageError


def in_order(parents: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the steps, each after its parents, otherwise in the given order; UsageError for a cycle."""
    order: dict[str, None] = {}
    waiting = list(parents)
    while waiting:
        ready = next((name for name in waiting if all(parent in order for parent in parents[name])), None)
        if ready is None:
            circle = _circle({name: [p for p in parents[name] if p not in order] for name in waiting})
            fact = f"the steps form a cycle: {' >> '.join(circle)}"
            raise UsageError(fact, "remove one of these links").of_step(circle[0])
        order[ready] = None
        waiting.remove(ready)
    return list(order)


def _circle(parents: Mapping[str, list[str]]) -> list[str]:
    """Return a path from a step back to itself; every step must have a parent."""
    name = next(iter(parents))
    way: list[str] = []
    while name not in way:
        way.append(name)
        name = parents[name][0]
    return [name, *reversed(way[way.index(name) :])]


def connected(parents: Mapping[str, Iterable[str]]) -> set[str]:
    """Return the first step and all steps connected to it, upstream or downstream."""
    neighbours: dict[str, set[str]] = {name: set() for name in parents}
    for name, above in parents.items():
        for parent in above:
            neighbours[name].add(parent)
            neighbours[parent].add(name)
    reached: set[str] = set()
    edge = set(list(parents)[:1])
    while edge:
        reached |= edge
        edge = {near for name in edge for near in neighbours[name]} - reached
    return reached
