"""The filters `int` and `float`, which fail for what isn't a number unless they're given a default."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any

STRICT = ("int", "float")

_NO_NUMBER: Any = object()


class NotANumber(Exception):
    """A value that a filter can make no number of: a fact, the same for all, and advice that shows it."""

    def __init__(self, name: str, value: object) -> None:
        shown = "None" if value is None else f"{value!r:.60}"
        self.fact = f"what `{name}` gets is not a number"
        self.advice = f"it is {shown}; for a number in its place: | {name}(0)"
        super().__init__(self.fact)


def strict(name: str, kept: Callable[..., Any]) -> Callable[..., Any]:
    """Return one of Jinja2's filters that raises NotANumber where Jinja2's own would say 0.

    An empty cell, or `n/a` in a column of numbers, would become a number that nobody measured.
    """

    def converted(value: Any, *args: Any, **kwargs: Any) -> Any:
        if args or "default" in kwargs:
            return kept(value, *args, **kwargs)
        made = kept(value, _NO_NUMBER, **kwargs)
        if made is _NO_NUMBER:
            raise NotANumber(name, value)
        return made

    return update_wrapper(converted, kept)
