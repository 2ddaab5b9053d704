"""Routes: which branch a row takes."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from inspect import getattr_static
from types import FunctionType
from typing import Any, Protocol

from seedbed.errors import Reject, UsageError
from seedbed.pipeline.topology import Condition, Edge
from seedbed.plugins.authoring.signatures import Called, fault_of
from seedbed.plugins.owner import line_of
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.columns.asked_for import note_columns
from seedbed.tasks.rows import Row
from seedbed.tasks.templates.expression import Expression

_CALLED = Called(("row",), "def condition(row):")
_FORM = "write a function that takes a row, and returns true or false"


@dataclass(frozen=True)
class Predicate:
    """A condition as a Python function of a row."""

    function: Callable[[Row], Any]

    @classmethod
    def of(cls, function: Callable[[Row], Any]) -> Predicate:
        """Return the condition; raise UsageError for what can't be called with a row, or is to be awaited."""
        made = cls(function)
        # Of an object of the author's, its method says how it's called.
        method = getattr_static(type(function), "__call__", None)
        fault = (
            fault_of(method, _CALLED, own=(None,))
            if isinstance(method, FunctionType)
            else fault_of(function, _CALLED)
        )
        if fault:
            raise UsageError(f"the condition {made.text} {fault}", *line_of(function), _FORM)
        return made

    @property
    def text(self) -> str:
        """The name of the function, or of the class that makes it one."""
        named = self.function.func if isinstance(self.function, partial) else self.function
        # Not `repr`, which has an address: the name is kept with the run.
        return str(getattr(named, "__qualname__", type(named).__qualname__))

    def holds(self, row: Row) -> bool:
        """Whether the function returns true; its errors are raised."""
        try:
            found = self.function(row)
        except KeyError as error:
            note_columns(error, row)
            raise
        if isinstance(found, Coroutine | Generator):
            # It would be true of every row.
            found.close()
            kind = type(found).__name__
            raise UsageError(
                f"the condition {self.text} returned a {kind}, and a {kind} is always true", _FORM
            )
        return bool(found)


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
    if isinstance(condition, str):
        return _route(Expression(condition), branch)
    if isinstance(condition, BaseStep) or not callable(condition):
        raise UsageError(
            f"the condition of a route is {condition!r}",
            'give an expression or a function of the row, and then the step: when("score > 3", step)',
        )
    return _route(Predicate.of(condition), branch)


def otherwise(branch: BaseStep | HasSteps) -> Route:
    """Return the route for rows that meet no other condition; it must be the last.

        a >> [when("lang == 'en'", b), otherwise(Pass())] >> e

    Without it, rows that meet no condition are rejected.
    """
    return _route(Otherwise(), branch)


def _route(condition: Condition, branch: BaseStep | HasSteps) -> Route:
    # Of names, classes and functions, `>>` says how to make a step of them.
    if isinstance(branch, BaseStep | str) or callable(branch) or hasattr(branch, "steps"):
        return Route(condition, branch)
    raise UsageError(
        f"the route of {condition.text!r} leads to {branch!r}",
        "give it a step, or several: first >> second, or Pass() >> [one, another]",
    )


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
