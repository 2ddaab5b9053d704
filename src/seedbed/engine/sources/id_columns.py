"""The columns whose values are the id of a row: what counts as an id, and how it's written."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from seedbed.errors import DatasetError, InvalidRowError
from seedbed.suggestions import did_you_mean
from seedbed.tasks.rows import MAX_INTEGER, MIN_INTEGER, plain_row

MOST = 1000
"""Characters of an id at most: each call and each result of a row has it, and an index of them."""

# `7/1` is the second of the rows that a step made from row 7, and a name with a plus is that of a block.
# Other programs read ids a line at a time. So all of these are escaped with `%`.
_SPECIAL = re.compile("[%/+\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_HALVES = re.compile("[\ud800-\udfff]")
# Answers that rows share are kept under such a name, which SQL matches in any case.
_SHARED = "shared:"
_PART = re.compile(r"(.*?)((?:/\d+)*)", re.DOTALL)
_SHOWN = 80

_WAYS_OUT = (
    "give each row an id of its own, or leave out --id (`id` in Python and in files):",
    "rows are then known by what they hold",
)


class IdColumns(NamedTuple):
    """The columns that make up the id of a row, several of them separated by commas.

    IdColumns(("ticket", "lang")).of({"ticket": 17, "lang": "en"})  # "17,en"

    An id is text or a whole number, and `17` and `"17"` are the same. Characters that have a meaning in ids,
    such as `/`, are escaped as in a URL: `docs%2Fa.md`.
    """

    names: tuple[str, ...]

    def of(self, row: Any) -> str:
        """Return the id of a row; raise DatasetError, which doesn't name the row, if it has none."""
        try:
            columns = row if isinstance(row, Mapping) else plain_row(row)
        except InvalidRowError as error:
            raise DatasetError(f"has no id: {error.fact}") from error
        texts = [_escaped(_text(name, columns)) for name in self.names]
        return texts[0] if len(texts) == 1 else ",".join(text.replace(",", "%2C") for text in texts)

    def find(self, row: Any) -> str | None:
        """Return the id of a row; None if it has none."""
        try:
            return self.of(row)
        except DatasetError:
            return None

    def of_all(self, rows: Sequence[Any]) -> list[str] | None:
        """Return the ids of rows if they're ordinary ones; None if each row has to be looked at by itself."""
        # A tenth of the time of `of`: nothing here is done in Python for each row.
        columns = []
        for name in self.names:
            if (texts := _ordinary(name, rows)) is None:
                return None
            columns.append(texts)
        if len(columns) == 1:
            return columns[0]
        ids = [*map(",".join, zip(*columns, strict=True))]
        return ids if ",".join(ids).count(",") == len(ids) * len(columns) - 1 else None

    def told(self, row: Any) -> str:
        """Return the values of a row's id for people: `ticket 'T-17', lang 'en'`."""
        columns = row if isinstance(row, Mapping) else plain_row(row)
        return ", ".join(f"{name} {_shown(columns[name])}" for name in self.names)

    def meant(self, text: str) -> list[str]:
        """Return the ids that a text may stand for: an id as the input has it, or one with a part (`/1`)."""
        found = _PART.fullmatch(text)
        assert found is not None
        root, part = found.groups()
        return list(dict.fromkeys((_escaped(text), _escaped(root) + part)))


def _ordinary(name: str, rows: Sequence[Any]) -> list[str] | None:
    """Return the values of a column as they are in ids, if nothing has to be escaped or refused."""
    try:
        values = [row[name] for row in rows]
    except (KeyError, TypeError, IndexError):
        return None
    kinds = {*map(type, values)}
    if kinds == {int}:
        return [*map(str, values)]
    if kinds != {str} or "" in values or any(map(str.isspace, values)) or max(map(len, values)) > MOST:
        return None
    together = "X".join(values)
    return None if _SPECIAL.search(together) or _SHARED in together.lower() else values


def _text(name: str, row: Mapping[str, Any]) -> str:
    if name not in row:
        advice = did_you_mean(name, [*map(str, row)])
        raise DatasetError(f"has no id: it lacks the column '{name}'", *advice, *_WAYS_OUT)
    try:
        value = plain_row({name: row[name]})[name]
    except InvalidRowError as error:
        raise DatasetError(f"has no id: {error.fact}", *error.advice) from error
    if value is None or (isinstance(value, float) and math.isnan(value)):
        raise DatasetError(f"has no id: its '{name}' is null", *_WAYS_OUT)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise DatasetError(
            f"has no id: its '{name}' is {_shown(value)}, a {type(value).__name__}", *_of_type(name, value)
        )
    if isinstance(value, int) and not MIN_INTEGER <= value <= MAX_INTEGER:
        raise DatasetError(f"has no id: its '{name}' is an int of more than 64 bits", "write it as text")
    return _checked(name, str(value))


def _checked(name: str, text: str) -> str:
    if not text.strip():
        what = f"nothing but space, {_shown(text)}" if text else "empty"
        raise DatasetError(f"has no id: its '{name}' is {what}", *_WAYS_OUT)
    if len(text) > MOST:
        raise DatasetError(
            f"has no id: its '{name}' has {len(text):,} characters, and an id has {MOST:,} at most",
            "name a column of short texts or numbers",
        )
    if _HALVES.search(text):
        raise DatasetError(f"has no id: its '{name}' isn't valid Unicode (half of a surrogate pair)")
    return text


def _of_type(name: str, value: object) -> tuple[str, ...]:
    if isinstance(value, float) and value.is_integer():
        # pandas does this; the rows say nothing of it.
        return (f"whole numbers with gaps between them are read as floats: make '{name}' text, or integers",)
    return ("an id is text or a whole number",)


def _escaped(text: str) -> str:
    """Return a text with all that an id can't have written as in a URL."""
    text = _SPECIAL.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), text)
    if text[: len(_SHARED)].lower() == _SHARED:
        return text.replace(":", "%3A", 1)
    return text


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
