"""Ratings in an answer: numbers on a scale."""

from __future__ import annotations

import re
from collections.abc import Iterator

from seedbed.errors import InvalidOutputError, UsageError
from seedbed.reading.malformed import malformed
from seedbed.reading.plain_text import unwrapped
from seedbed.reading.thinking import split_reasoning

_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_NUMBER = rf"(?P<number>[-+]?\d{{1,6}}(?:\.\d{{1,6}})?|{'|'.join(_WORDS)})(?!\w)"
# "4/5", "4 out of 5", and what isn't one rating: "3-4", "3 to 4", "3 or 4".
_AFTER = (
    r"(?:[*_`\]\"')]{0,4}\s{0,3}(?:/|out\s{1,3}of)\s{0,3}[*_`\[]{0,3}(?P<of>\d{1,6}(?:\.\d{1,6})?))?"
    r"(?P<more>\s?(?:[-\u2013—]|to\b|or\b)\s?\d)?(?P<percent>\s?%)?(?!\.?\d)"
)
_OPEN = r"[*_`\[\"'({<\s]{0,6}"
_CLOSE = r"[*_`\]\"')}>]{0,4}"
_LABEL = (
    r"(?:score|rating|grade|rate|mark|points?|stars?|quality|helpfulness|verdict|note|result|bewertung|"
    r"puntuación)"
)
_FIRM = r"(?:overall|final|total|result(?:ing)?)"
_COLON = (
    r"[*_`\"'\])}]{0,4}(?:\s{0,3}\([^()\n]{0,60}\))?[*_`\"']{0,3}\s{0,3}"
    r"(?:is|of|was|would be|=|:|\uff1a|→|->)+\s{0,3}(?:an?\s)?"
)

_BRACKETED = re.compile(
    rf"\[\[\s?(?:{_LABEL}\s?:\s?)?{_NUMBER}{_AFTER}\s?\]\]|"
    rf"\\boxed\{{\s?(?P<boxed>[-+]?\d{{1,6}}(?:\.\d{{1,6}})?)\s?\}}",
    re.IGNORECASE,
)
_FIRM_LABEL = re.compile(
    rf"\b{_FIRM}(?:\s\w{{1,20}})?(?:\s{_LABEL})?{_COLON}{_OPEN}{_NUMBER}{_AFTER}", re.IGNORECASE
)
_LABELLED = re.compile(rf"(?<![a-z]){_LABEL}{_COLON}{_OPEN}{_NUMBER}{_AFTER}", re.IGNORECASE)
_TAGGED = re.compile(rf"<({_LABEL})>\s{{0,20}}{_NUMBER}{_AFTER}\s{{0,20}}</\1>", re.IGNORECASE)
_HEADED = re.compile(
    rf"^[#*_ ]{{0,8}}{_LABEL}[:*_ ]{{0,6}}\n{{1,2}}{_OPEN}{_NUMBER}{_AFTER}", re.IGNORECASE | re.MULTILINE
)
_RATED = re.compile(
    rf"\b(?:rate|give|score|grade|assign|deserves|earns|merits|"
    rf"gets)\b[^\d\n.]{{0,80}}?\b{_OPEN}{_NUMBER}{_AFTER}",
    re.IGNORECASE,
)
_OUT_OF = re.compile(
    rf"(?<![\w./]){_NUMBER}(?P<close>[*_`\]\"')]{{0,4}})\s{{0,3}}(?:/|"
    rf"out\s{{1,3}}of)\s{{0,3}}[*_`\[]{{0,3}}(?P<of>\d{{1,6}}(?:\.\d{{1,6}})?)(?!\.?\d|/)(?P<more>x{{0}})(?P<percent>x{{0}})",
    re.IGNORECASE,
)
_ALONE = re.compile(rf"{_NUMBER}{_AFTER}\.?", re.IGNORECASE)
_LEADING = re.compile(rf"{_OPEN}{_NUMBER}{_AFTER}{_CLOSE}\s{{0,3}}(?:[-\u2013—:.,(\n]|$)", re.IGNORECASE)
_ANY = re.compile(rf"(?<![\w.]){_NUMBER}{_AFTER}", re.IGNORECASE)
_STARS = re.compile(r"(?:★|⭐\ufe0f?){1,10}(?![★⭐])")
_SCALE = re.compile(
    r"(?:\(\s?)?(?:on|using|in)?\s?(?:a|the)?\s?(?:scale|range)\s(?:of|from|"
    r"between)?\s?-?\d{1,6}\s?(?:to|-|\u2013|and)\s?-?\d{1,6}(?:\s?\))?",
    re.IGNORECASE,
)


def read_rating(text: str, low: float, high: float) -> int | float:
    """Return the rating in an answer, on a scale from `low` to `high`.

        read_rating("The overall score is **4/5**.", 1, 5)    # 4

    Reads "Score: 4/5", "Rating: **4**", "[[4]]", "4 out of 5", "four", stars, JSON with such a key, a number
    alone, and the only number of a text. One of a final or overall score comes before others. Raises
    InvalidOutputError if there's none, if there are several that differ ("3-4", two scores), or if it's off
    the scale.
    """
    _check_scale(low, high)
    answer = _SCALE.sub(" ", split_reasoning(text).answer).strip()
    for found in _kinds(answer):
        if found:
            return _only(text, found, low, high)
    raise malformed(
        f"the answer has no rating from {low:g} to {high:g}: write 'Rating: ' and a number", answer
    )


def _check_scale(low: float, high: float) -> None:
    if not low < high:
        raise UsageError(f"a scale from {low!r} to {high!r} has no values", "read_rating(text, 1, 5)")


def _kinds(answer: str) -> Iterator[list[re.Match[str]]]:
    """Yield the ratings in each kind of place, the surest first."""
    alone = _ALONE.fullmatch(unwrapped(answer))
    yield [alone] if alone else []
    yield list(_BRACKETED.finditer(answer))
    yield list(_TAGGED.finditer(answer))
    yield list(_FIRM_LABEL.finditer(answer))
    yield [*_LABELLED.finditer(answer), *_HEADED.finditer(answer)]
    yield list(_RATED.finditer(answer))
    yield list(_OUT_OF.finditer(answer))
    yield list(_STARS.finditer(answer))
    leading = _LEADING.match(answer)
    yield [leading] if leading else []
    yield list(_ANY.finditer(answer))


def _only(text: str, found: list[re.Match[str]], low: float, high: float) -> int | float:
    values = {_value(text, one, low, high) for one in found}
    if len(values) > 1:
        shown = ", ".join(f"{value:g}" for value in sorted(values)[:5])
        raise InvalidOutputError(f"the answer has several ratings ({shown}): give one", text=text)
    (value,) = values
    if not low <= value <= high:
        raise InvalidOutputError(f"the rating {value:g} isn't from {low:g} to {high:g}", text=text)
    return value


def _value(text: str, found: re.Match[str], low: float, high: float) -> int | float:
    groups = found.groupdict()
    if not groups:
        return len(found[0].replace("\ufe0f", ""))
    written = groups.get("boxed") or groups["number"]
    if groups.get("more") or groups.get("percent"):
        raise InvalidOutputError(f"{found[0].strip()!r} isn't one rating from {low:g} to {high:g}", text=text)
    if groups.get("of") and float(groups["of"]) != high:
        raise InvalidOutputError(f"the rating is out of {groups['of']}, not out of {high:g}", text=text)
    number = float(_WORDS.index(written.lower()) if written.lower() in _WORDS else written)
    return int(number) if number.is_integer() else number
