"""Computes how large the result of a template's filter would be, before running it.

As for operators and methods (`operation_bounds`): what runs in C can't be stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from seedbed.tasks.templates.operation_bounds import check_percent, replaced_size, whole_size
from seedbed.tasks.templates.render_bounds import (
    BoundError,
    check_bits,
    check_size,
    counted,
    shallow_size,
    step,
    text_size,
)

_MAX_INDENT = 1000
"""Spaces of indentation of `tojson`."""
_STEPS_OF_PRETTY = 4
"""Steps for a character that `pprint` writes."""

_Args = tuple[Any, ...]
_Kwargs = Mapping[str, Any]


def _given(args: _Args, kwargs: _Kwargs, place: int, name: str, default: Any) -> Any:
    """Return a filter's parameter, which a template gives by its place or its name."""
    return args[place] if len(args) > place else kwargs.get(name, default)


def _center(args: _Args, kwargs: _Kwargs) -> _Args:
    check_size(text_size(args[0]) + whole_size(_given(args, kwargs, 1, "width", 80)))
    return args


def _indent(args: _Args, kwargs: _Kwargs) -> _Args:
    width = _given(args, kwargs, 1, "width", 4)
    wide = len(width) if isinstance(width, str) else whole_size(width)
    text = str(args[0])
    check_size(len(text) + wide * (len(text.splitlines()) + 1))
    return args


def _wordwrap(args: _Args, kwargs: _Kwargs) -> _Args:
    # For each line of a long word, textwrap copies the rest of the word.
    text = str(args[0])
    width = max(whole_size(_given(args, kwargs, 1, "width", 79)), 1)
    separator = _given(args, kwargs, 3, "wrapstring", None)
    longest = max(map(len, text.split()), default=0)
    step(longest * len(text) // (width * 10_000))
    check_size(len(text) + (len(text) // width + text.count("\n") + 1) * len(separator or "\n"))
    return args


def _replace(args: _Args, kwargs: _Kwargs) -> _Args:
    old, new = _given(args, kwargs, 1, "old", ""), _given(args, kwargs, 2, "new", "")
    check_size(replaced_size(str(args[0]), str(old), str(new)))
    return args


def _join(args: _Args, kwargs: _Kwargs) -> _Args:
    values = list(counted(args[0]))
    separator = _given(args, kwargs, 1, "d", "")
    check_size(sum(map(text_size, values)) + text_size(separator) * len(values))
    return (values, *args[1:])


def _format(args: _Args, kwargs: _Kwargs) -> _Args:
    check_percent(str(args[0]), dict(kwargs) if kwargs else args[1:])
    return args


def _batch(args: _Args, kwargs: _Kwargs) -> _Args:
    if _given(args, kwargs, 2, "fill_with", None) is not None:
        check_size(16 * whole_size(_given(args, kwargs, 1, "linecount", 0)))
    return args


def _round(args: _Args, kwargs: _Kwargs) -> _Args:
    # It raises 10 to the precision.
    check_bits(4 * whole_size(_given(args, kwargs, 1, "precision", 0)))
    return args


def _sum(args: _Args, kwargs: _Kwargs) -> _Args:
    start = _given(args, kwargs, 2, "start", 0)
    values = list(counted(args[0]))
    if not isinstance(start, int | float):
        # Each sum of lists copies the previous sum.
        size = shallow_size(start) + sum(map(shallow_size, values))
        step(size * len(values) // 1000)
    return (values, *args[1:])


def _tojson(args: _Args, kwargs: _Kwargs) -> _Args:
    wide = whole_size(_given(args, kwargs, 1, "indent", 0))
    check_size(text_size(args[0]) * 6)
    if wide > _MAX_INDENT:
        raise BoundError(f"it indents by more than {_MAX_INDENT:,}")
    check_size(text_size(args[0]) // 8 * wide)
    return args


def _striptags(args: _Args, kwargs: _Kwargs) -> _Args:
    # It copies the rest of the text for each of them.
    text = str(args[0])
    step((text.count("<!--") + text.count("<")) * len(text) // 100_000)
    return args


def _shown(args: _Args, kwargs: _Kwargs) -> _Args:
    check_size(text_size(args[0]))
    return args


def _pprint(args: _Args, kwargs: _Kwargs) -> _Args:
    # It's written in Python, and takes two to four microseconds for a character.
    step(_STEPS_OF_PRETTY * text_size(args[0]))
    return args


FILTER_CHECKS: Mapping[str, Callable[[_Args, _Kwargs], _Args]] = MappingProxyType(
    {
        "batch": _batch,
        "center": _center,
        "format": _format,
        "indent": _indent,
        "join": _join,
        "pprint": _pprint,
        "replace": _replace,
        "round": _round,
        "string": _shown,
        "striptags": _striptags,
        "sum": _sum,
        "tojson": _tojson,
        "wordwrap": _wordwrap,
    }
)
"""Checks to run before a filter: each returns the filter's arguments, or raises BoundError."""
