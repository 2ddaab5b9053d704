"""Fields that hold an expression, a template or the name of a column, checked when a step is made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from seedbed import Expression, PromptTemplate, Row, UsageError


def _checked(kind: Callable[[str], Any]) -> Callable[[str], str]:
    def check(text: str) -> str:
        try:
            kind(text)
        except UsageError as error:
            raise ValueError(error.fact) from error
        return text

    return check


@lru_cache(maxsize=256)
def value_of(text: str) -> Callable[[Row], Any]:
    """Return the function that evaluates an expression, the same for each row.

    A step keeps none of its own: when its parameters are changed, it would be that of the older text.
    """
    return Expression(text).function()


ExpressionText = Annotated[str, AfterValidator(_checked(Expression))]
"""A Jinja2 expression over the columns of a row: `score > 3`."""

TemplateText = Annotated[str, AfterValidator(_checked(PromptTemplate))]
"""A Jinja2 template of text: `Question: {{ question }}`."""

ColumnName = Annotated[str, Field(min_length=1)]
"""The name of a column, which isn't empty."""


def check_distinct(columns: Iterable[str]) -> None:
    """Raise ValueError if a step would make two columns of one name: the first one would be lost."""
    twice = next((name for name, count in Counter(columns).items() if count > 1), None)
    if twice is not None:
        raise ValueError(f"two columns would have the name {twice!r}: give one of them another name")
