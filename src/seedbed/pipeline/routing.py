"""Routes: which branch a single row takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from seedbed.errors import UsageError
from seedbed.pipeline.topology import Condition, Edge
from seedbed.tasks.expression import Expression
from seedbed.tasks.rows import Row
from seedbed.tasks.steps import BaseStep


@dataclass(frozen=True)
class Predicate:
    """A condition in Python: a function of a row."""

    function: Callable[[Row], Any]

    @property
    def text(self) -> str:
        """The name of the function."""
        return str(getattr(self.function, "__qualname__", repr(self.function)))

    def holds(self, row: Row) -> bool:
        """Whether the function says so; what it raises is raised."""
        return bool(self.function(row))


@dataclass(frozen=True)
class Otherwise:
    """The condition of the last route: it always holds."""

    text: str = "otherwise"

    def holds(self, row: Row) -> bool:
        """Say yes."""
        return True


class HasSteps(Protocol):
    """What a route may lead to besides a single step: a `Pipeline`."""

    @property
    def steps(self) -> tuple[BaseStep, ...]:
        """Its steps, in order."""


@dataclass(frozen=True)
class Route:
    """A branch, and the condition that a row takes it on."""

    when: Condition
    branch: BaseStep | HasSteps


def when(condition: str | Callable[[Row], Any], branch: BaseStep | HasSteps) -> Route:
    """Return the route of rows that a condition holds for.

        a >> [when("lang == 'en'", b), when(lambda row: row["score"] > 3, c), otherwise(d)] >> e

    A condition is a Jinja2 expression over the columns of the row, or a function of it. A row takes the
    first route whose condition holds; without one it is rejected.
    """
    return Route(Expression(condition) if isinstance(condition, str) else Predicate(condition), branch)


def otherwise(branch: BaseStep | HasSteps) -> Route:
    """Return the route of the rows that no other condition holds for; it stands last."""
    return Route(Otherwise(), branch)


def check_routes(fork: str, edges: Sequence[Edge]) -> None:
    """Raise UsageError unless the edges behind a step are branches for every row, or ordered routes."""
    place = f"behind '{fork}'" if fork else "at the beginning"
    plain = [edge.child for edge in edges if edge.when is None]
    routed = [edge for edge in edges if edge.when is not None]
    if plain and routed:
        raise UsageError(
            f"{place}, '{plain[0]}' receives every row and '{routed[0].child}' those of a condition",
            "give every branch a condition, or none",
        )
    for edge in routed[:-1]:
        if isinstance(edge.when, Otherwise):
            raise UsageError(f"{place}, no row comes to a route after `otherwise`", "let it stand last")
