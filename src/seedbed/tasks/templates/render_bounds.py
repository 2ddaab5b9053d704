"""How much work a template may do, and how large a value it may make.

One step of work is a turn of a loop, a call of a macro, or a hundred characters of a large operation. Steps
are counted, not timed: a row must not succeed on one machine and fail on another.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterable, Mapping
from typing import Any

from jinja2.exceptions import SecurityError

MAX_STEPS = 2_000_000
"""Steps of one rendering: about a second of work, a hundred times what prompts of a megabyte take."""

MAX_SIZE = 2**24
"""The most characters of a text that a template makes; an item of a list counts as sixteen."""

MAX_BITS = 8192
"""The most bits of an integer; a larger one can't be shown, and its arithmetic takes more than a step."""

_ITEM = 16
"""What an item of a list counts as, in characters."""
_CHARACTERS_A_STEP = 100
# For work that the count of steps misses. Reading the clock costs as much as ten steps, so it's read rarely.
_SECONDS = 10.0
_STEPS_BETWEEN_LOOKS = 1024


class BoundError(SecurityError):
    """A template is about to do more work than any prompt needs."""


class _Work(threading.local):
    steps = 0
    next_look = _STEPS_BETWEEN_LOOKS
    begun: float | None = None


_work = _Work()


def begin_rendering() -> None:
    """Start counting this thread's steps at zero."""
    _work.steps = 0
    _work.next_look = _STEPS_BETWEEN_LOOKS
    _work.begun = None


def step(count: int = 1) -> None:
    """Count steps; raise BoundError if there are too many."""
    _work.steps += count
    if _work.steps >= _work.next_look:
        _look()


def _look() -> None:
    if _work.steps > MAX_STEPS:
        raise BoundError(f"it takes more than {MAX_STEPS:,} steps")
    # The thread's processor time, so that a busy machine doesn't fail a row.
    now = time.thread_time()
    if _work.begun is None:
        _work.begun = now
    if now - _work.begun > _SECONDS:
        raise BoundError(f"it takes more than {_SECONDS:.0f} s")
    _work.next_look = _work.steps + _STEPS_BETWEEN_LOOKS


def check_size(size: int) -> None:
    """Raise BoundError if a value of so many characters is too large; else count the work of making it."""
    if size > MAX_SIZE:
        raise BoundError(f"it makes a value of {_shown(size)} characters, but the limit is {MAX_SIZE:,}")
    if size > _CHARACTERS_A_STEP:
        step(size // _CHARACTERS_A_STEP)


def check_bits(bits: int) -> None:
    """Raise BoundError if an integer of so many bits is too large."""
    if bits > MAX_BITS:
        raise BoundError(f"it makes a number of {_shown(bits)} bits, but the limit is {MAX_BITS:,}")


def check_made(value: Any) -> Any:
    """Return a value that a filter, a method or a literal made; raise BoundError if it's too large.

    Lists are checked at all depths: a list that contains another one twice, and so on, is small in memory but
    grows exponentially when it's shown or compared.
    """
    if isinstance(value, str | bytes):
        check_size(len(value))
    elif isinstance(value, list | tuple | dict):
        check_size(text_size(value))
    elif isinstance(value, Generator):
        return counted(value)
    elif isinstance(value, int):
        check_bits(value.bit_length())
    return value


def counted(values: Iterable[Any]) -> Generator[Any]:
    """Yield the values; each counts as a step."""
    for value in values:
        step()
        yield value


def shallow_size(value: Any) -> int:
    """Return the number of characters of a text, or what the items of a list count as."""
    if isinstance(value, str | bytes):
        return len(value)
    return _ITEM * len(value) if isinstance(value, list | tuple | dict) else 0


def text_size(value: Any) -> int:
    """Return roughly how many characters a value has when shown, or any number above the limit."""
    size = 0
    left = [value]
    while left:
        found = left.pop()
        if isinstance(found, str | bytes):
            size += len(found) + _ITEM
        elif isinstance(found, list | tuple):
            size += _ITEM
            left.extend(found)
        elif isinstance(found, Mapping):
            size += _ITEM
            left.extend(found)
            left.extend(found.values())
        else:
            size += number_size(found)
        if size + len(left) * _ITEM > MAX_SIZE:
            return max(size + len(left) * _ITEM, MAX_SIZE + 1)
    return size


def number_size(value: Any) -> int:
    """Return the most characters that a formatted number can have; a small number for other values."""
    if isinstance(value, int):
        return _ITEM + value.bit_length() // 3
    # '%f' writes 1e308 with all its digits.
    return 400 if isinstance(value, float) and abs(value) > 1e16 else 2 * _ITEM


def _shown(count: int) -> str:
    return f"{count:,}" if count < 10**15 else "10^15 or more"
