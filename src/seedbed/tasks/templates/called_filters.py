"""What to write in place of a function of Python, which templates and expressions have as a filter."""

from __future__ import annotations

import re

from jinja2.filters import FILTERS

_OTHER_NAMES = {"len": "length", "str": "string", "sorted": "sort"}
_FUNCTIONS = frozenset(("int", "float", "max", "min", "sum", "round", "abs", "list", *_OTHER_NAMES))


def filter_instead(name: str, source: str = "") -> tuple[str, ...]:
    """Return advice on an unknown variable that is meant as a function; `source` is where it stands.

        filter_instead("len")  # ("in place of a function of Python, write a filter: VALUE | length",)
        filter_instead("lower", "{{ lower(text) }}")  # (... "VALUE | lower",)

    A column may have the name of a filter, such as `title`, so it has to be called there.
    """
    is_called = re.search(rf"(?<![\w.]){re.escape(name)}\s*\(", source) is not None
    if name not in _FUNCTIONS and not (is_called and name in FILTERS):
        return ()
    return (f"in place of a function of Python, write a filter: VALUE | {_OTHER_NAMES.get(name, name)}",)
