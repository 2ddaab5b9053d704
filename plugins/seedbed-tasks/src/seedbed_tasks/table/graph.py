"""The order in which columns are made, found from what each of them reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from seedbed import did_you_mean

_OF_TEMPLATES = frozenset({"range", "dict", "lipsum", "cycler", "joiner", "namespace"})
"""Functions that templates and expressions have without any column."""


def in_order(needs: Mapping[str, frozenset[str]]) -> list[str]:
    """Return the columns, each after those that it needs; raise ValueError if that can't be."""
    for name, needed in needs.items():
        for other in sorted(needed - needs.keys() - _OF_TEMPLATES):
            hint = "".join(f"; {line}" for line in did_you_mean(other, needs))
            raise ValueError(f"column '{name}' reads '{other}', but there is no such column{hint}")
    made: dict[str, None] = {}
    for name in needs:
        _visit(name, needs, made, ())
    return list(made)


def _visit(
    name: str, needs: Mapping[str, frozenset[str]], made: dict[str, None], way: tuple[str, ...]
) -> None:
    if name in made:
        return
    if name in way:
        circle = (*way[way.index(name) :], name)
        raise ValueError(f"columns read each other in a circle: {' -> '.join(map(repr, circle))}")
    for other in sorted(needs[name] & needs.keys()):
        _visit(other, needs, made, (*way, name))
    made[name] = None


def above(names: frozenset[str], needs: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Return the columns with all that they are made from."""
    return frozenset(_closure(names, needs))


def below(names: frozenset[str], needs: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Return the columns with all that are made from them."""
    followers: dict[str, set[str]] = {name: set() for name in needs}
    for name, needed in needs.items():
        for other in needed & needs.keys():
            followers[other].add(name)
    return frozenset(_closure(names, {name: frozenset(some) for name, some in followers.items()}))


def _closure(names: frozenset[str], step: Mapping[str, frozenset[str]]) -> Iterator[str]:
    found, left = set(names), list(names)
    while left:
        name = left.pop()
        yield name
        new = (step.get(name, frozenset()) & step.keys()) - found
        found |= new
        left += new
