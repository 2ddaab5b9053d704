"""JSON as models write it: with comments, single quotes, trailing commas, Python's literals, open quotes.

The package json-repair isn't used, because it fills in what is missing: it makes 12 of `{"score": 12` and
`hel` of `{"a": "hel`, and an answer that was cut off must not pass for a complete one. It also needs 2 s for
20 kB of braces.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

_DEEPEST = 100
_COMMENT = 500
"""Characters of a comment `/* */`; without a bound, many that aren't closed would take quadratic time."""

_SPACE = re.compile(rf"(?:\s+|//[^\n]*+|#[^\n]*+|/\*(?:[^*]|\*(?!/)){{0,{_COMMENT}}}+\*/)*+")
_BLANK = re.compile(r"\s*+")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:_\d+)*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])")
_WORD = re.compile(r"[^\W\d][\w$-]*")
_BARE_KEY = re.compile(r"([^\W\d][\w$-]*+)\s*+(?=:)")
_PLAIN = {quote: re.compile(rf"[^{quote}\\]*+") for quote in "\"'`”"}
# Those of JSON, and Python's \xe9 and \U0001f600.
_ESCAPE = re.compile(
    r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|U(00(?:0[0-9a-fA-F]|10)[0-9a-fA-F]{4})|(.))", re.DOTALL
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "0": "\0", "\n": ""}
_CLOSING = {'"': '"', "'": "'", "`": "`", "“": "”", "”": "”"}
_NEXT_KEY = re.compile(r"""\s*(?:["'“}]|//|/\*|#|[^\W\d][\w$-]*\s*:|$)""")
_NEXT_ITEM = re.compile(r"""\s*(?:["'“\[\{\]\d.+-]|//|/\*|#|(?:true|false|null|True|False|None)\b|$)""")
_LITERALS: dict[str, Any] = {
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
    "null": None,
    "None": None,
    "NULL": None,
    "undefined": None,
    "NaN": None,
    "nan": None,
    "Infinity": None,
}


class LooseJSONError(ValueError):
    """No JSON from here on. `position` is where reading ended.

    `is_cut` says that the text ended too early, and `is_meant` that what came before was JSON.
    """

    def __init__(self, what: str, position: int, *, is_cut: bool, is_meant: bool) -> None:
        super().__init__(what)
        self.what = what
        self.position = position
        self.is_cut = is_cut
        self.is_meant = is_meant


def parse_loose(text: str, start: int) -> tuple[Any, int]:
    """Return the object or list that begins at `start`, and the position after it; raise LooseJSONError."""
    parser = _Parser(text)
    return parser.value(start, 0)


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._read = 0

    def value(self, at: int, depth: int) -> tuple[Any, int]:
        if depth > _DEEPEST:
            raise LooseJSONError(f"more than {_DEEPEST} levels", at, is_cut=False, is_meant=True)
        match self._text[at : at + 1]:
            case "{":
                return self._object(at + 1, depth)
            case "[":
                return self._list(at + 1, depth)
            case '"' | "'" | "“" | "”" | "`":
                if self._text.startswith("```", at):
                    raise self._error("the fence ends", at, is_cut=True)
                return self._string(at, in_object=None)
            case "":
                raise self._error("the answer ends", at, is_cut=True)
        if number := _NUMBER.match(self._text, at):
            return _number(number[0]), number.end()
        word = _WORD.match(self._text, at)
        if word and word[0] in _LITERALS:
            return _LITERALS[word[0]], word.end()
        if word and word.end() == len(self._text):
            raise self._error("the answer ends", at, is_cut=True)
        raise self._error("no value", at)

    def _object(self, at: int, depth: int) -> tuple[dict[str, Any], int]:
        made: dict[str, Any] = {}
        while True:
            at = self._space(at)
            if self._text.startswith("}", at):
                return made, at + 1
            key, at = self._key(at)
            at = self._space(at)
            if not self._text.startswith(":", at):
                raise self._error("no colon after a key", at, is_cut=at >= len(self._text))
            self._read += 1
            made[key], at = self._member(self._space(at + 1), depth, in_object=True)
            at = self._comma(at, "}")

    def _list(self, at: int, depth: int) -> tuple[list[Any], int]:
        made: list[Any] = []
        while True:
            at = self._space(at)
            if self._text.startswith("]", at):
                return made, at + 1
            value, at = self._member(at, depth, in_object=False)
            # A number alone isn't a sign of JSON: prose has "[1" and "[2, p. 7]".
            self._read += not isinstance(value, int | float)
            made.append(value)
            at = self._comma(at, "]")

    def _member(self, at: int, depth: int, *, in_object: bool) -> tuple[Any, int]:
        if self._text[at : at + 1] in _CLOSING and not self._text.startswith("```", at):
            return self._string(at, in_object=in_object)
        return self.value(at, depth + 1)

    def _comma(self, at: int, closing: str) -> int:
        """Return the position after a comma, which may be missing between two lines or before a quote."""
        after = self._space(at)
        found = self._text[after : after + 1]
        if found in (",", ";"):
            return after + 1
        if found == closing:
            return after
        if not found or self._text.startswith("```", after):
            raise self._error("the answer ends", after, is_cut=True)
        if found in "\"'“{[" or "\n" in self._text[at:after]:
            return after
        raise self._error(f"no comma and no {closing!r}", after)

    def _key(self, at: int) -> tuple[str, int]:
        if self._text[at : at + 1] in _CLOSING and not self._text.startswith("```", at):
            return self._string(at, in_object=None)
        if bare := _BARE_KEY.match(self._text, at):
            return bare[1], bare.end()
        word = _WORD.match(self._text, at)
        ends = at >= len(self._text) or (word is not None and word.end() == len(self._text))
        raise self._error("no key", at, is_cut=ends or self._text.startswith("```", at))

    def _string(self, at: int, *, in_object: bool | None) -> tuple[str, int]:
        """Return a string. One without escapes for its inner quotes ends where JSON goes on after a quote."""
        quote = self._text[at]
        closing = _CLOSING[quote]
        if quote == '"' and self._text.startswith('"""', at):
            return self._tripled(at)
        parts: list[str] = []
        here = at + 1
        while True:
            plain = _PLAIN[closing].match(self._text, here)
            assert plain is not None
            parts.append(plain[0])
            here = plain.end()
            if here >= len(self._text):
                raise self._error("a text isn't closed", here, is_cut=True)
            if self._text[here] == "\\":
                escape = _ESCAPE.match(self._text, here)
                if escape is None:
                    raise self._error("a text isn't closed", here, is_cut=True)
                parts.append(_unescaped(escape))
                here = escape.end()
            elif self._goes_on(here + 1, in_object):
                return _whole("".join(parts)), here + 1
            else:
                parts.append(closing)
                here += 1

    def _tripled(self, at: int) -> tuple[str, int]:
        end = self._text.find('"""', at + 3)
        if end < 0:
            raise self._error("a text isn't closed", len(self._text), is_cut=True)
        return self._text[at + 3 : end], end + 3

    def _goes_on(self, at: int, in_object: bool | None) -> bool:
        """Whether JSON goes on after a quote, so that the quote is the end of its string."""
        # Comments aren't skipped here: with a quote in each, the line would be read once for each quote.
        blank = _BLANK.match(self._text, at)
        assert blank is not None
        after = blank.end()
        found = self._text[after : after + 1]
        if in_object is None:
            return found in ("", ":", ",", "}", "]")
        if found == ",":
            return (_NEXT_KEY if in_object else _NEXT_ITEM).match(self._text, after + 1) is not None
        if found in ("", "}", "]") or self._text.startswith(("//", "/*", "# "), after):
            return True
        # A comma is missing, or the fence ends.
        return "\n" in blank[0] and found in "\"'“{[`"

    def _space(self, at: int) -> int:
        space = _SPACE.match(self._text, at)
        assert space is not None
        return space.end()

    def _error(self, what: str, at: int, *, is_cut: bool = False) -> LooseJSONError:
        return LooseJSONError(what, at, is_cut=is_cut, is_meant=self._read > 0)


def _number(text: str) -> int | float | None:
    plain = text.replace("_", "").lstrip("+")
    try:
        return int(plain)
    except ValueError:
        # Python reads no integer of more than 4300 digits, and JSON has no infinity.
        number = float(plain)
        return number if math.isfinite(number) else None


def _unescaped(escape: re.Match[str]) -> str:
    if code := escape[1] or escape[2] or escape[3]:
        return chr(int(code, 16))
    return _ESCAPES.get(escape[4], escape[4])


def _whole(text: str) -> str:
    """Return a text with its surrogate pairs as the characters they stand for."""
    if not any("\ud800" <= character <= "\udfff" for character in text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def strict_value(text: str, start: int) -> tuple[Any, int]:
    """Return the JSON value that begins at `start`, and the position after it; raise ValueError."""
    try:
        return _STRICT.raw_decode(text, start)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error


def _refuse(name: str) -> None:
    raise ValueError(f"{name} isn't JSON")


_STRICT = json.JSONDecoder(parse_constant=_refuse)
