"""What is asked of the table of rows, as it stands in the address of the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.datastructures import QueryParams

from seedbed import UsageError

_FACET = "is."


@dataclass(frozen=True)
class Query:
    """Words to search for, an expression, values that columns must have, the order, the page, and columns.

    `place` is where the page begins: after (or before, with `back`) the row of this number; with `sort` also
    its value in that column. Without `columns`, the first ones are shown.
    """

    words: str = ""
    where: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    sort: str = ""
    down: bool = False
    place: tuple[Any, ...] = ()
    back: bool = False
    columns: tuple[str, ...] = ()

    @classmethod
    def of(cls, given: QueryParams) -> Query:
        """Return the query of an address; raise UsageError for one that no page has made."""
        values = {
            name[len(_FACET) :]: _value(text) for name, text in given.items() if name.startswith(_FACET)
        }
        values = {name: _storable(value) for name, value in values.items()}
        place = _value(given["at"]) if given.get("at") else []
        if place != [] and not _is_place(place, bool(given.get("sort"))):
            raise UsageError("the place in the address isn't one that a page has made")
        return cls(
            given.get("q", "").strip(),
            given.get("where", "").strip(),
            values,
            given.get("sort", ""),
            given.get("down") == "1",
            tuple(place),
            given.get("back") == "1",
            tuple(dict.fromkeys(name for name in given.getlist("column") if name)),
        )

    def parameters(self, **changes: Any) -> dict[str, Any]:
        """Return the query as parameters of an address, with changes; a page begins at the first row."""
        values = {**self.values, **changes.pop("values", {})}
        now = {
            "q": self.words,
            "where": self.where,
            "sort": self.sort,
            "down": "1" if self.down else "",
            "column": self.columns,
            **{f"{_FACET}{name}": _text(value) for name, value in values.items() if value is not None},
        }
        return {**now, **changes}


def place_text(place: tuple[Any, ...]) -> str:
    """Return a place as it stands in an address."""
    return _text(list(place))


def _storable(value: Any) -> Any:
    """Return a value as the index has it: SQLite's whole numbers have 64 bits."""
    if isinstance(value, list | dict):
        raise UsageError(f"{_text(value)} in the address isn't a value that rows can be chosen by")
    return float(value) if isinstance(value, int) and not _is_number(value) else value


def _is_place(place: Any, is_sorted: bool) -> bool:
    if not isinstance(place, list) or len(place) != 1 + is_sorted:
        return False
    number = place[-1]
    return (
        type(number) is int
        and _is_number(number)
        and all(isinstance(one, str | float) or (type(one) is int and _is_number(one)) for one in place)
    )


def _is_number(value: int) -> bool:
    return -(2**63) <= value < 2**63


def _text(value: Any) -> str:
    return orjson.dumps(value).decode()


def _value(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise UsageError(f"{text!r} in the address isn't JSON") from error
