"""Functions that evaluate expressions, most of them without the sandbox."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jinja2.parser import Parser

from seedbed.tasks.rows import Row
from seedbed.tasks.templates.direct_source import NAMES, NotDirect, direct_source
from seedbed.tasks.templates.template import sandbox

Evaluate = Callable[[Row], Any]

# Each operation counts for 3,000 steps at most (`upper` of the longest text), and all of them for less than
# the bound of two million.
_MAX_LENGTH = 500

# `sandboxed` is called outside the handler, so that its errors don't show the one that led to it.
_FUNCTION = """
def value(row):
    if type(row) is dict:
        try:
            return {source}
        except Exception:
            pass
    return sandboxed(row)
"""


def direct_function(text: str, sandboxed: Evaluate) -> Evaluate:
    """Return a function with the results, errors and bounds of `sandboxed`, which evaluates `text` for a row.

        direct_function("score >= 1", sandboxed)({"score": 2})  # True

    A simple expression takes a tenth of the time. Its function answers only where it's certain that the
    sandbox would answer the same, and leaves the rest to it: a missing column, a value of another type, a
    large one, any error. An expression has no side effects, so it may be evaluated twice. For any other
    expression, the function is `sandboxed` itself.
    """
    if len(text) > _MAX_LENGTH:
        return sandboxed
    environment = sandbox()
    try:
        parsed = Parser(environment, text, state="variable").parse_expression()
        source = direct_source(parsed, frozenset(environment.globals))
        code = compile(_FUNCTION.format(source=source), "<expression>", "exec")
    except (NotDirect, RecursionError, MemoryError, SyntaxError):
        # The last three are limits of Python's compiler, for example on nested brackets.
        return sandboxed
    names = {**NAMES, "sandboxed": sandboxed}
    exec(code, names)
    made: Evaluate = names["value"]
    return made
