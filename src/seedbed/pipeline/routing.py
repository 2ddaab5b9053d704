"""Routes: which branch a row takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from seedbed.errors import Reject, UsageError
from seedbed.pipeline.topology import Condition, Edge
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.columns.asked_for import note_columns
from seedbed.tasks.rows import Row
from seedbed.tasks.templates.expression import Expression


@dataclass(frozen=True)
class Predicate:
    """A condition as a Python function of a row."""

    function: Callable[[Row], Any]

    @property
    def text(self) -> str:
        """The name of the function."""
        return str(getattr(self.function, "__qualname__", repr(self.function)))

    def holds(self, row: Row) -> bool:
        """Whether the function returns true; its errors are raised."""
        try:
            return bool(self.function(row))
        except KeyError as error:
            note_columns(error, row)
            raise


@dataclass(frozen=True)
class Otherwise:
    """The condition of the last route: it always holds."""

    text: str = "otherwise"

    def holds(self, row: Row) -> bool:
        """Return True."""
        return True


class HasSteps(Protocol):
    """A target of a route besides a single step: a `Pipeline`."""

    @property
    def steps(self) -> tuple[BaseStep, ...]:
        """Its steps, in order."""


@dataclass(frozen=True)
class Route:
    """A branch, and the condition for rows to take it."""

    when: Condition
    branch: BaseStep | HasSteps


def when(condition: str | Callable[[Row], Any], branch: BaseStep | HasSteps) -> Route:
    """Return a route for rows that meet a condition.

        a >> [when("lang == 'en'", b), when(lambda row: row["score"] > 3, c), otherwise(d)] >> e

    A condition is a Jinja2 expression over the row's columns, or a function of the row. A row takes the first
    route whose condition holds. If none holds, the row is rejected.
    """
    return Route(Expression(condition) if isinstance(condition, str) else Predicate(condition), branch)


def otherwise(branch: BaseStep | HasSteps) -> Route:
    """Return the route for rows that meet no other condition; it must be the last.

        a >> [when("lang == 'en'", b), otherwise(Pass())] >> e

    Without it, rows that meet no condition are rejected.
    """
    return Route(Otherwise(), branch)


def chosen_branch(fork: str, routes: Sequence[tuple[str, Condition]], row: Row) -> str:
    """Return the step that a row goes to: the first route whose condition holds.

    Raises Reject if none holds, and whatever a condition raises.
    """
    for child, condition in routes:
        if condition.holds(row):
            return child
    tried = ", ".join(repr(condition.text) for _, condition in routes)
    expressions = (condition for _, condition in routes if isinstance(condition, Expression))
    never = dict.fromkeys(filter(None, (one.never_equal(row) for one in expressions)))
    raise Reject(f"no route after '{fork}' takes this row: none of {tried} holds", *never)


def route_problems(fork: str, edges: Sequence[Edge]) -> Iterator[UsageError]:
    """Yield what keeps the edges after a step from being branches for every row, or ordered routes."""
    place = f"after '{fork}'" if fork else "at the start"
    plain = [edge.child for edge in edges if edge.when is None]
    routed = [edge for edge in edges if edge.when is not None]
    if plain and routed:
        yield UsageError(
            f"{place}, '{plain[0]}' receives every row, but '{routed[0].child}' has a condition",
            "give every branch a condition, or none",
        ).of_step(plain[0])
    for edge in routed[:-1]:
        if isinstance(edge.when, Otherwise):
            fact = f"{place}, no row reaches a route after `otherwise`"
            yield UsageError(fact, "put `otherwise` last").of_step(edge.child)
