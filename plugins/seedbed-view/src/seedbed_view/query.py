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
    """Words to search for, an expression, values that columns must have, the order, and the page.

    `place` is where the page begins: after (or before, with `back`) the row of this number; with `sort` also
    its value in that column.
    """

    words: str = ""
    where: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    sort: str = ""
    down: bool = False
    place: tuple[Any, ...] = ()
    back: bool = False

    @classmethod
    def of(cls, given: QueryParams) -> Query:
        """Return the query of an address; raise UsageError for one that no page has made."""
        values = {
            name[len(_FACET) :]: _value(text) for name, text in given.items() if name.startswith(_FACET)
        }
        place = _value(given["at"]) if given.get("at") else []
        if not isinstance(place, list) or not all(isinstance(one, str | int | float) for one in place):
            raise UsageError("the place in the address isn't one that a page has made")
        return cls(
            given.get("q", "").strip(),
            given.get("where", "").strip(),
            values,
            given.get("sort", ""),
            given.get("down") == "1",
            tuple(place),
            given.get("back") == "1",
        )

    def parameters(self, **changes: Any) -> dict[str, Any]:
        """Return the query as parameters of an address, with changes; a page begins at the first row."""
        values = {**self.values, **changes.pop("values", {})}
        now = {
            "q": self.words,
            "where": self.where,
            "sort": self.sort,
            "down": "1" if self.down else "",
            **{f"{_FACET}{name}": _text(value) for name, value in values.items() if value is not None},
        }
        return {**now, **changes}


def place_text(place: tuple[Any, ...]) -> str:
    """Return a place as it stands in an address."""
    return _text(list(place))


def _text(value: Any) -> str:
    return orjson.dumps(value).decode()


def _value(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise UsageError(f"{text!r} in the address isn't JSON") from error
