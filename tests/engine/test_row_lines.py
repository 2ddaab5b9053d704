"""Rows that are encoded together are the same as each by itself."""

from __future__ import annotations

import datetime
import math
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seedbed import InvalidRowError
from seedbed.engine.segments.row_lines import RowLines
from seedbed.store.row_blocks import entries
from seedbed.tasks.rows import Row, encode_row

TEXTS = st.one_of(st.text(max_size=5), st.sampled_from(['},{"', "},{", "],\n[", "\n", "\ud800", "{}"]))
VALUES = st.recursive(
    st.one_of(
        TEXTS,
        st.integers(),
        st.sampled_from([2**63, 2**64 - 1, 2**64, -(2**63) - 1, 0.1, 1e300, math.nan, math.inf, None, True]),
        st.just(datetime.date(2024, 1, 2)),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=2)),
    max_leaves=4,
)
ROWS = st.lists(st.dictionaries(TEXTS, VALUES, min_size=1, max_size=3), max_size=40)


def encoded(row: Row) -> bytes | None:
    try:
        return encode_row(row)
    except InvalidRowError:
        return None


@given(ROWS, st.booleans())
@example([{"a": "},{"}, {"b": '},{"'}], False)
@example([{"a": math.nan}, {"a": 2**64}], False)
@example([{"a": 1}, {"a": [{}, {"b": "\ud800"}]}], False)
def test_rows_are_the_same_together_as_each_by_itself(rows: list[Row], are_checked: bool) -> None:
    lines, singly = RowLines(are_checked=are_checked), [encoded(row) for row in rows]
    taken: list[bytes] = []
    try:
        for row, one in zip(rows, singly, strict=True):
            lines.skip(1)
            try:
                lines.add(row)
            except InvalidRowError:
                assert one is None
                lines.skip(1)
                taken.append(b"{}")
            else:
                taken.append(one or b"")
        data = lines.data()
    except orjson.JSONEncodeError:
        # One of them can't be written; with checked rows, it's known at once which.
        assert None in singly
        assert not are_checked
        return
    assert orjson.loads(data) == [orjson.loads(one) for line in taken for one in (b"{}", line)]
    assert not rows or entries(data, "lines") == [one for line in taken for one in (b"{}", line)]
    assert lines.rows() == [orjson.loads(one) for one in taken if one != b"{}"]


def test_bytes_are_known_after_a_few_rows() -> None:
    lines = RowLines()
    for _ in range(16):
        lines.add({"text": "a" * 1000})
    assert lines.size > 16_000


@pytest.mark.parametrize("value", ["text", [1], {"a": 1}])
def test_what_was_added_may_be_changed_by_its_maker_and_its_taker(value: Any) -> None:
    lines, row = RowLines(), {"value": value}
    lines.add(row)
    row["value"] = "other"
    (taken,) = lines.rows()
    assert taken == {"value": value}
    assert orjson.loads(lines.data()) == [{"value": value}]
