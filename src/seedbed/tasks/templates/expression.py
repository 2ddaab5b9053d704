"""Expressions over the columns of a row, in a sandbox: conditions of routes, and what steps compute."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jinja2 import TemplateSyntaxError, Undefined, UndefinedError
from jinja2.exceptions import SecurityError

from seedbed.errors import InvalidRowError, UsageError
from seedbed.suggestions import did_you_mean
from seedbed.tasks.rows import Row
from seedbed.tasks.templates.called_filters import filter_instead
from seedbed.tasks.templates.comparisons import equalities, never_equal
from seedbed.tasks.templates.conversions import NotANumber
from seedbed.tasks.templates.direct_expression import direct_function
from seedbed.tasks.templates.render_bounds import BoundError, begin_rendering
from seedbed.tasks.templates.template import compile_expression, needed_variables, optional_variables

_NAMED = 50
"""Columns that an error names."""
# Neither `==` nor `!=`, `>=`, `<=`.
_SINGLE = re.compile(r"(?<![=!<>])=(?!=)")


@dataclass(frozen=True)
class Expression:
    """A Jinja2 expression over the columns of a row, such as `lang == 'en' and score > 3`.

        Expression("text | length > 200").holds({"text": "short"})  # False
        Expression("score * 2").value({"score": 3})  # 6

    It runs in a sandbox with bounds on work and size, so it may come from a file that a stranger wrote.
    Raises UsageError if the text isn't an expression.
    """

    text: str

    def __post_init__(self) -> None:
        try:
            compile_expression(self.text)
        except TemplateSyntaxError as error:
            raise UsageError(
                f"{self.text!r} is not an expression: {_told(error.message or '', self.text)}",
                "write an expression over the columns of a row: \"lang == 'en'\"",
            ) from error

    @property
    def columns(self) -> frozenset[str]:
        """The columns that the expression needs."""
        return needed_variables(self.source)

    @property
    def optional_columns(self) -> frozenset[str]:
        """The columns that rows may lack, as in `lang is defined` and `lang | default('en')`."""
        return optional_variables(self.source)

    @property
    def source(self) -> str:
        """The template that shows the value of the expression."""
        return f"{{{{ {self.text} }}}}"

    def holds(self, row: Row) -> bool:
        """Whether the expression is true for the row; raises as `value` does."""
        return bool(_function(self.text)(row))

    def value(self, row: Row) -> Any:
        """Return the value of the expression for a row.

        Raises InvalidRowError if this row has none, for example because a column is missing, and UsageError
        for what the sandbox forbids.
        """
        return _function(self.text)(row)

    @property
    def asks_equality(self) -> bool:
        """Whether a column is compared with a constant by `==` or `in`."""
        return bool(equalities(self.source))

    def never_equal(self, row: Row) -> str:
        """Return why it can't hold for a row, if a column is compared with constants of another type.

            Expression("score == '4'").never_equal({"score": 4})
            # "'score' is a number here, and '4' is text"

        Empty if that's not so. For rows for which it doesn't hold, to say what's wrong.
        """
        return never_equal(self.source, row)

    def function(self) -> Callable[[Row], Any]:
        """Return `value` as a function, for many rows: looking it up takes as long as a comparison.

        length = Expression("text | length").function()
        [length(row) for row in rows]
        """
        return _function(self.text)

    def _sandboxed(self, row: Row) -> Any:
        begin_rendering()
        try:
            made = compile_expression(self.text)(row)
            if isinstance(made, Undefined):
                # An undefined value raises its error, which names the column, only when it's used.
                bool(made)
            return made
        except BoundError as error:
            raise InvalidRowError(f"the expression {self.text!r} does too much: {error}") from error
        except SecurityError as error:
            raise UsageError(f"the expression {self.text!r} is not allowed: {error}") from error
        except UndefinedError as error:
            raise self._unknown(error, row) from error
        except NotANumber as error:
            raise InvalidRowError(
                f"the expression {self.text!r} has no value: {error.fact}", error.advice
            ) from error
        except Exception as error:
            raise InvalidRowError(
                f"the expression {self.text!r} has no value: {type(error).__name__}: {error}",
                *_remedies(error),
            ) from error

    def _unknown(self, error: UndefinedError, row: Row) -> InvalidRowError:
        missing = sorted(self.columns - row.keys())
        advice = [
            line for name in missing for line in filter_instead(name, self.text) or did_you_mean(name, row)
        ]
        if missing:
            advice.append(f"columns here: {_listed(row)}")
        return InvalidRowError(f"the expression {self.text!r} has no value: {error}", *advice)


def _remedies(error: Exception) -> list[str]:
    """Return what to do about values of two types: texts of a CSV file, and cells that are empty."""
    said = str(error) if isinstance(error, TypeError) else ""
    found = []
    if "'str'" in said and ("'int'" in said or "'float'" in said):
        found.append("make a number of a text first: `column | int`, `column | float`")
    if "'NoneType'" in said:
        found.append("leave out what is None first: `column != None and ...`")
    return found


def _listed(row: Row) -> str:
    names = [str(name) for name in row]
    more = f" and {len(names) - _NAMED:,} others" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more or "none"


@lru_cache(maxsize=256)
def _function(text: str) -> Callable[[Row], Any]:
    return direct_function(text, Expression(text)._sandboxed)


def _told(message: str, text: str) -> str:
    """Return what Jinja2 says of an expression, which it takes for a part of a template, in other words."""
    if "end of template" in message:
        return "it ends too early"
    if message == "chunk after expression":
        return "a single = compares nothing: write ==" if _SINGLE.search(text) else "it goes on after its end"
    return message
