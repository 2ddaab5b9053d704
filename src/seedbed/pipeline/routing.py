"""Routes: which branch a single row takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from jinja2 import TemplateSyntaxError, UndefinedError
from jinja2.exceptions import SecurityError

from seedbed.errors import InvalidRowError, UsageError
from seedbed.pipeline.topology import Condition, Edge
from seedbed.suggestions import did_you_mean
from seedbed.tasks.render_bounds import BoundError, begin_rendering
from seedbed.tasks.rows import Row
from seedbed.tasks.steps import BaseStep
from seedbed.tasks.template import compile_condition, needed_variables


@dataclass(frozen=True)
class Expression:
    """A condition in the words of Jinja2, over the columns of a row: `lang == 'en' and score > 3`."""

    text: str

    def __post_init__(self) -> None:
        try:
            compile_condition(self.text)
        except TemplateSyntaxError as error:
            raise UsageError(
                f"{self.text!r} is no condition: {error.message}",
                "write an expression over the columns of a row: \"lang == 'en'\"",
            ) from error

    @property
    def columns(self) -> frozenset[str]:
        """The columns that the expression cannot do without."""
        return needed_variables(self.source)

    @property
    def source(self) -> str:
        """The template that shows the value of the expression."""
        return f"{{{{ {self.text} }}}}"

    def holds(self, row: Row) -> bool:
        """Whether the expression is true of the row.

        Raises InvalidRowError where it cannot be told, UsageError for what the sandbox forbids.
        """
        begin_rendering()
        try:
            return bool(compile_condition(self.text)(row))
        except BoundError as error:
            raise InvalidRowError(f"the condition {self.text!r} does too much: {error}") from error
        except SecurityError as error:
            raise UsageError(f"the condition {self.text!r} is not allowed: {error}") from error
        except UndefinedError as error:
            missing = sorted(self.columns - row.keys())
            advice = [line for name in missing for line in did_you_mean(name, row)]
            raise InvalidRowError(f"the condition {self.text!r} cannot be told: {error}", *advice) from error
        except Exception as error:
            raise InvalidRowError(
                f"the condition {self.text!r} cannot be told: {type(error).__name__}: {error}"
            ) from error


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
