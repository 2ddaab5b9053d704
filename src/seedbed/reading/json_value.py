"""The JSON value in an answer, wherever it is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, overload

from seedbed.errors import InvalidOutputError
from seedbed.reading.fences import Fence, fences_of
from seedbed.reading.fitting import describe
from seedbed.reading.loose_json import LooseJSONError, parse_loose, strict_value
from seedbed.reading.malformed import malformed
from seedbed.reading.thinking import split_reasoning

if TYPE_CHECKING:
    from pydantic import TypeAdapter, ValidationError

T = TypeVar("T")

# Only where JSON may follow, since each place is tried.
_BEGIN = re.compile(
    r"""\{(?=\s*+(?:["'“”`}#]|[^\W\d]|//|/\*|$))|\[(?=\s*+(?:["'“”`\[\]{\d.+#-]|[tfnTFNuI]|//|/\*|$))"""
)
_BRACKET_OR_TEXT = re.compile(r"""[\[{]|[\]}]|"(?:[^"\\\n]|\\.)*+\"""")
_JSON_LANGUAGES = ("json", "json5", "jsonc", "jsonl", "ndjson", "javascript", "js")
_LAST = 9
_PATIENCE = 2
_TRY = 100
"""How often a text may be read in vain, and the characters that each try counts as besides: hostile texts
take linear time."""


class _Found(NamedTuple):
    rank: int
    start: int
    end: int
    value: Any
    is_strict: bool


class _Failed(NamedTuple):
    rank: int
    start: int
    error: LooseJSONError


@overload
def read_json(text: str) -> Any: ...


@overload
def read_json(text: str, type: type[T]) -> T: ...


def read_json(text: str, type: Any = None) -> Any:
    r"""Return the JSON value in an answer; with a type, which pydantic validates, an instance of it.

        read_json('Here it is:\n```json\n{"colour": "red",}\n```')         # {"colour": "red"}
        read_json("[{'name': 'Ada', 'born': 1815}]", list[Person])

    Text around it, fences, comments, single quotes, trailing commas, Python's literals, missing commas
    between lines and inner quotes without a backslash are accepted. A value in a fence of JSON comes first,
    then one in a fence without a language, in the text, and in fences of other languages. Of several in the
    same kind of place, the one that fits the type is returned; without a type, the longest.

    Raises InvalidOutputError if there's none, if none fits, if two that fit differ, or if the answer ends
    before the value does: a value that is cut off is never returned.
    """
    if type is not None:
        try:
            # Nearly every answer is JSON and nothing else.
            return _adapter(type).validate_json(text.strip())
        except _validation_error() as error:
            kind = error.errors(include_url=False, include_context=False, include_input=False)[0]["type"]
            if kind != "json_invalid" and text.lstrip()[:1] in ("{", "["):
                raise InvalidOutputError(describe(error), text=text) from error
    answer = split_reasoning(text).answer.strip()
    found, failed = _candidates(answer)
    if type is None:
        return _longest(answer, found, failed)
    return _fitting(answer, found, failed, _adapter(type))


def _longest(answer: str, found: Sequence[_Found], failed: Sequence[_Failed]) -> Any:
    if not found:
        raise _nothing(answer, failed)
    best = min(found, key=lambda one: (one.rank, one.start - one.end))
    _check_not_cut(answer, best, failed)
    return best.value


def _fitting(
    answer: str, found: Sequence[_Found], failed: Sequence[_Failed], adapter: TypeAdapter[Any]
) -> Any:
    fits: list[tuple[_Found, Any]] = []
    error: ValidationError | None = None
    found = [*found, *_lines(answer, found, failed)]
    for one in sorted(found, key=lambda one: (one.rank, one.start - one.end)):
        if fits and one.rank > fits[0][0].rank:
            break
        try:
            fits.append((one, adapter.validate_json(_encoded(answer, one))))
        except _validation_error() as why:
            error = error or why
    if not fits:
        if error is None or any(why.error.is_cut and why.error.is_meant for why in failed):
            raise _nothing(answer, failed)
        raise InvalidOutputError(describe(error), text=answer) from error
    _check_not_cut(answer, fits[0][0], failed)
    if any(value != fits[0][1] for _, value in fits):
        raise InvalidOutputError(
            f"the answer has {len(fits)} JSON values that fit, and they differ: give only one", text=answer
        )
    return fits[0][1]


def _lines(answer: str, found: Sequence[_Found], failed: Sequence[_Failed]) -> Sequence[_Found]:
    """Return the list of all values, for models that write one object in each line instead of a list."""
    if len(found) < 2 or any(one.error.is_meant for one in failed):
        return ()
    if len({one.rank for one in found}) > 1 or not all(isinstance(one.value, dict) for one in found):
        return ()
    # After all single values: a type may take a list as well as one object.
    return (_Found(_LAST, found[0].start, found[-1].end, [one.value for one in found], False),)


def _encoded(answer: str, one: _Found) -> str:
    # As JSON, not as a Python value: pydantic takes a date as text from JSON alone. JSON in a text, as some
    # models write it, is read out of the text.
    if isinstance(one.value, str) and one.value.lstrip()[:1] in ("{", "["):
        return one.value
    return answer[one.start : one.end] if one.is_strict else json.dumps(one.value)


def _check_not_cut(answer: str, best: _Found, failed: Sequence[_Failed]) -> None:
    """Raise InvalidOutputError if a value as likely as the best one begins after it and is cut off."""
    later = [one for one in failed if one.start > best.start and one.rank <= best.rank and one.error.is_meant]
    if any(one.error.is_cut for one in later):
        raise _nothing(answer, later)


def _nothing(answer: str, failed: Sequence[_Failed]) -> InvalidOutputError:
    meant = sorted(failed, key=lambda one: (not one.error.is_meant, not one.error.is_cut, one.rank))
    if not meant:
        return malformed("the answer is not JSON: it has no object and no list", answer)
    error = meant[0].error
    if error.is_cut:
        return malformed(f"the answer is not JSON: it's cut off ({error.what}); be brief", answer)
    place = answer[error.position : error.position + 30].splitlines() or [""]
    return malformed(f"the answer is not JSON ({error.what} at {place[0]!r})", answer)


def _candidates(answer: str) -> tuple[list[_Found], list[_Failed]]:
    """Return the JSON values in an answer, none inside of another, and what only began as JSON."""
    found: list[_Found] = []
    failed: list[_Failed] = []
    fences = fences_of(answer) if "```" in answer or "~~~" in answer else []
    if scalar := _scalar(answer, fences):
        return [scalar], []
    at, left = 0, _PATIENCE * len(answer) + 100_000
    while left > 0 and (begin := _BEGIN.search(answer, at)):
        start = begin.start()
        rank = _rank(start, fences)
        try:
            value, at, is_strict = _value(answer, start)
            found.append(_Found(rank, start, at, value, is_strict))
        except LooseJSONError as error:
            failed.append(_Failed(rank, start, error))
            left -= error.position - start + _TRY
            # What is inside of a broken value isn't the answer: go on where the value ends.
            at = _balanced_end(answer, start) if error.is_meant or error.position - start > 500 else start + 1
            left -= at - start
    return found, failed


def _value(answer: str, start: int) -> tuple[Any, int, bool]:
    try:
        return *strict_value(answer, start), True
    except ValueError:
        return *parse_loose(answer, start), False


def _scalar(answer: str, fences: Sequence[Fence]) -> _Found | None:
    """Return the value of an answer that is a number, text or literal in JSON, alone or in its only fence."""
    places = [(0, answer), *((one.start, one.text) for one in fences if len(fences) == 1 and one.is_closed)]
    for start, text in places:
        stripped = text.strip()
        if stripped[:1] in ("", "{", "["):
            continue
        try:
            value = json.loads(stripped)
        except (ValueError, RecursionError):
            continue
        begin = start + text.index(stripped)
        return _Found(0, begin, begin + len(stripped), value, True)
    return None


def _balanced_end(answer: str, start: int) -> int:
    """Return where the brackets that open at `start` are closed, or the end of the answer."""
    depth = 0
    for found in _BRACKET_OR_TEXT.finditer(answer, start):
        if found[0] in ("{", "["):
            depth += 1
        elif found[0] in ("}", "]"):
            depth -= 1
            if depth == 0:
                return found.end()
    return len(answer)


def _rank(start: int, fences: Sequence[Fence]) -> int:
    for fence in _around(start, fences):
        if fence.language in _JSON_LANGUAGES:
            return 0
        return 1 if not fence.language else 3
    return 2


def _around(start: int, fences: Sequence[Fence]) -> Iterator[Fence]:
    from bisect import bisect_right

    place = bisect_right(fences, start, key=lambda one: one.start) - 1
    if place >= 0 and start < fences[place].end:
        yield fences[place]


def _validation_error() -> type[ValidationError]:
    # Python asks for it only when something is raised: an import for each answer takes as long as reading it.
    from pydantic import ValidationError

    return ValidationError


@lru_cache(maxsize=256)
def _adapter(type: Any) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(type)
