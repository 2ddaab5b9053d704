"""JSON as servers really send it: an answer that was paid for is parsed, whatever surrounds it.

A body that wasn't quite JSON used to cost up to ten paid tries.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator
from math import isfinite
from typing import Any, NamedTuple

import orjson

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_COMMENTS = re.compile(r"(?:\s*:[^\n]*(?:\n|$))+")
_EVENT = re.compile(r"(?:data|event|id|retry):")
# Possessive: with backtracking, a megabyte of white space before a word would take hours.
_BEHIND = re.compile(r"(?:\s++|(?:data:\s*+)?\[DONE\]|:[^\n]*+)*+")
_HALF = re.compile("[\ud800-\udfff]")


class ReadJSON(NamedTuple):
    """What a body contains; `mended` says in words what was wrong with it, and is empty for valid JSON.

    `value` is a list of the events' values if `is_stream` says that events were sent.
    """

    value: Any
    mended: str = ""
    is_stream: bool = False


def read_json(body: bytes) -> ReadJSON:
    """Return the JSON value of a body; raises ValueError if there's none.

    These are accepted, too: a byte order mark, bytes that aren't UTF-8 and half surrogate pairs (both become
    U+FFFD), NaN, infinities and numbers that no float holds (null), control characters, comments of
    server-sent events before it, `[DONE]` after it, and a stream of events.

        read_json(b': waiting\\n\\n{"a": NaN}').value    # {'a': None}
    """
    try:
        # Nearly every answer is JSON, and then the rest of this module costs nothing.
        return ReadJSON(orjson.loads(body))
    except orjson.JSONDecodeError:
        return _read(body)


def _read(body: bytes) -> ReadJSON:
    mended: list[str] = []
    text = _decoded(body, mended)
    # OpenRouter sends ": OPENROUTER PROCESSING" while it waits for a provider, to keep the connection alive.
    if comments := _COMMENTS.match(text):
        mended.append("comments before the JSON")
        text = text[comments.end() :]
    text = text.strip()
    if _EVENT.match(text):
        values = [value for data in _events(text) for value in _values(data, mended)]
        return ReadJSON(values, "; ".join(dict.fromkeys(["a stream of events", *mended])), True)
    return ReadJSON(_parsed(text, mended), "; ".join(dict.fromkeys(mended)))


def _decoded(body: bytes, mended: list[str]) -> str:
    encoding = "utf-8"
    for mark, name in _MARKS:
        if body.startswith(mark):
            encoding = name
            mended.append("a byte order mark")
    try:
        return body.decode(encoding)
    except UnicodeDecodeError:
        mended.append(f"bytes that aren't {encoding.removesuffix('-sig').upper()}")
        return body.decode(encoding, "replace")


def _events(text: str) -> Iterator[str]:
    """Yield the data of each server-sent event; the lines of one belong together."""
    for block in re.split(r"\r?\n\r?\n|\r\r", text):
        lines = [line[5:].removeprefix(" ") for line in block.splitlines() if line.startswith("data:")]
        data = "\n".join(lines).strip()
        if data and data != "[DONE]":
            yield data


def _values(data: str, mended: list[str]) -> list[Any]:
    """Return the value of one event, or of several without empty lines between them, as some servers send."""
    try:
        return [_parsed(data, mended)]
    except ValueError:
        lines = data.splitlines()
        if len(lines) < 2:
            raise
        return [_parsed(line, mended) for line in lines if line.strip() not in ("", "[DONE]")]


def _parsed(text: str, mended: list[str]) -> Any:
    def constant(name: str) -> None:
        mended.append(name)

    def integer(digits: str) -> int | float | None:
        # Beyond the largest float, and with more digits than Python takes, it's as good as infinite.
        try:
            number = int(digits)
            return number if -(2**63) <= number < 2**64 else float(number)
        except (ValueError, OverflowError):
            mended.append("a number that is too large")
            return None

    def real(digits: str) -> float | None:
        number = float(digits)
        if isfinite(number):
            return number
        mended.append("a number that is too large")
        return None

    # orjson has no lenient mode. `strict=False` accepts control characters, such as a raw newline in a text.
    try:
        decoder = json.JSONDecoder(parse_constant=constant, parse_int=integer, parse_float=real, strict=False)
        value, end = decoder.raw_decode(text)
        if _BEHIND.fullmatch(text, end) is None:
            raise ValueError("more follows after it")
        if text[end:].strip():
            mended.append("more after the JSON")
        # json accepts half a surrogate pair, which neither the store nor the dataset can encode.
        return without_halves(value, lambda: mended.append("half a surrogate pair"))
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error


def without_halves(value: Any, note: Callable[[], None]) -> Any:
    """Return a JSON value with U+FFFD for each half surrogate pair; calls `note` for a text with one."""
    if isinstance(value, str):
        if _HALF.search(value) is None:
            return value
        note()
        return _HALF.sub("\ufffd", value)
    if isinstance(value, list):
        return [without_halves(item, note) for item in value]
    if isinstance(value, dict):
        return {without_halves(key, note): without_halves(item, note) for key, item in value.items()}
    return value
