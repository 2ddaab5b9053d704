"""How much work a template may do, and how large a value it may make.

One step of work is a turn of a loop, a call of a macro, or a large operation's hundred characters. Steps are
counted and not timed: a row must not fail on one machine and be made on another.
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
"""Characters of a text that a template makes; an item of a list counts as sixteen."""

MAX_BITS = 8192
"""Bits of an integer: beyond these it could not be shown, and arithmetic takes longer than a step."""

_ITEM = 16
_CHARACTERS_A_STEP = 100
# For what no count foresees. Reading the clock costs as much as ten steps, so that it's read now and then.
_SECONDS = 10.0
_STEPS_BETWEEN_LOOKS = 1024


class BoundError(SecurityError):
    """A template is about to do more than any prompt needs."""


class _Work(threading.local):
    steps = 0
    next_look = _STEPS_BETWEEN_LOOKS
    begun: float | None = None


_work = _Work()


def begin_rendering() -> None:
    """Count the steps of this thread from zero."""
    _work.steps = 0
    _work.next_look = _STEPS_BETWEEN_LOOKS
    _work.begun = None


def step(count: int = 1) -> None:
    """Count steps; raise BoundError where they are too many."""
    _work.steps += count
    if _work.steps >= _work.next_look:
        _look()


def _look() -> None:
    if _work.steps > MAX_STEPS:
        raise BoundError(f"it takes more than {MAX_STEPS:,} steps")
    # The thread's own time: a busy machine is no reason to fail a row.
    now = time.thread_time()
    if _work.begun is None:
        _work.begun = now
    if now - _work.begun > _SECONDS:
        raise BoundError(f"it takes more than {_SECONDS:.0f} s")
    _work.next_look = _work.steps + _STEPS_BETWEEN_LOOKS


def check_size(size: int) -> None:
    """Raise BoundError where a value of so many characters must not be made; count the work of making it."""
    if size > MAX_SIZE:
        raise BoundError(f"it makes a value of {_shown(size)} characters, and {MAX_SIZE:,} are the most")
    if size > _CHARACTERS_A_STEP:
        step(size // _CHARACTERS_A_STEP)


def check_bits(bits: int) -> None:
    """Raise BoundError where an integer of so many bits must not be made."""
    if bits > MAX_BITS:
        raise BoundError(f"it makes a number of {_shown(bits)} bits, and {MAX_BITS:,} are the most")


def check_made(value: Any) -> Any:
    """Return a value that a filter, a method or a literal made; raise BoundError where it's too large.

    Lists are looked through to the bottom: one that holds another twice, again and again, is small in memory
    and without end when it's shown or compared.
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
    """Yield the values, each of which is a step."""
    for value in values:
        step()
        yield value


def shallow_size(value: Any) -> int:
    """Return the characters of a text, or what the items of a list count as."""
    if isinstance(value, str | bytes):
        return len(value)
    return _ITEM * len(value) if isinstance(value, list | tuple | dict) else 0


def text_size(value: Any) -> int:
    """Return about how many characters a value has when it's shown, or more than may be."""
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
    """Return the most characters that a number has when it's formatted; little for what is no number."""
    if isinstance(value, int):
        return _ITEM + value.bit_length() // 3
    # '%f' writes 1e308 with all of its digits.
    return 400 if isinstance(value, float) and abs(value) > 1e16 else 2 * _ITEM


def _shown(count: int) -> str:
    return f"{count:,}" if count < 10**15 else "10^15 or more"
