"""Rows whose columns change on the way, and what formats that cannot hold all of it agree on."""

from __future__ import annotations

import json
from typing import Any

from seedbed.tasks.rows import Row

MANY = 1000

DRIFT: dict[str, list[Row]] = {
    "a column absent at first": [{"a": 1}] * MANY + [{"a": 2, "late": "here"}],
    "None a thousand times, then text": [{"a": None}] * MANY + [{"a": "text"}],
    "None only": [{"a": None, "b": 1}] * 3,
    "int then float": [{"a": 1}] * MANY + [{"a": 2.5}],
    "float then int": [{"a": 2.5}, {"a": 2**53}],
    "float and an int it cannot hold": [{"a": 2.5}, {"a": 2**53 + 1}],
    "ints of 64 bits": [{"a": 2**64 - 1, "b": -(2**63)}, {"a": 0, "b": 2**63 - 1}],
    "ints that need a sign and 64 bits": [{"a": -1}, {"a": 2**64 - 1}],
    "an empty list, then texts": [{"a": []}] * MANY + [{"a": ["x", None, "y"]}],
    "empty lists only": [{"a": []}, {"a": None}, {"a": [[], []]}],
    "a dictionary whose keys change": [{"a": {"x": 1}}, {"a": {"y": "z"}}, {"a": None}, {"a": {"x": 2.5}}],
    "empty dictionaries": [{"a": {}}, {"a": None}, {"a": {}}],
    "an empty dictionary, then keys": [{"a": {}}, {"a": {"x": {}}}],
    "int and text mixed": [{"a": 1}, {"a": "1"}, {"a": None}, {"a": "null"}],
    "bool and int mixed": [{"a": True}, {"a": 1}, {"a": False}],
    "mixed inside": [{"a": [{"x": 1}, {"x": "1"}]}, {"a": [{"x": [1, "a", None]}]}],
    "a list, then a dictionary": [{"a": [1]}, {"a": {"x": 1}}, {"a": 3}],
    "a column that goes away": [{"a": 1, "b": [1.5]}] * 3 + [{"a": 2}] * MANY,
    "columns in another order": [{"a": 1, "b": 2}, {"b": 3, "a": 4}],
    "a map with many keys": [{"a": {f"key {i}": i}} for i in range(300)],
    "lists nested deeply": [{"a": json.loads("[" * 40 + "]" * 40)}],
    "chat messages": [{"messages": [{"role": "user", "content": "hi"}]}, {"messages": []}],
    "odd names": [{"": 1, "a.b": {"": 2, "c,d": 3}, 'x"\r\ny': "z"}],
    "odd text": [{"a": 'quote " comma , line\r\nend \u2028 \x00 é 🌱', "b": "x"}, {"a": " ", "b": "\ufeff"}],
    "one long cell": [{"a": "x" * 300_000, "b": 1}],
}


def without_none(value: Any) -> Any:
    """Drop the keys whose value is None: Parquet cannot tell them from missing ones."""
    if isinstance(value, dict):
        return {key: without_none(item) for key, item in value.items() if item is not None}
    return [without_none(item) for item in value] if isinstance(value, list) else value


def assert_csv_agrees(cells: list[Row], rows: list[Row]) -> None:
    """The documented encoding: text as it is, JSON for other values, empty for None and empty text."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    assert len(cells) == len(rows)
    for cell_row, row in zip(cells, rows, strict=True):
        assert list(cell_row) == columns
        for name, cell in cell_row.items():
            value = row.get(name)
            if value is None or isinstance(value, str):
                assert cell == (value or None)
            else:
                assert exactly(json.loads(cell)) == exactly(value)


def exactly(value: Any) -> str:
    """Tell True from 1, and keys in another order as the same."""
    return json.dumps(value, sort_keys=True)
