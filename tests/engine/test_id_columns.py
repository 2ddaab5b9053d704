"""Ids of rows by columns: what counts as one, how it's written, and that no two rows have the same."""

from __future__ import annotations

import datetime
import re
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seedbed.engine.sources.column_ids import ColumnIds
from seedbed.engine.sources.id_columns import MOST, IdColumns
from seedbed.errors import DatasetError

TICKET = IdColumns(("ticket",))
BOTH = IdColumns(("ticket", "lang"))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(str.strip)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("T-17", "T-17"),
        (" T 17 ", " T 17 "),
        ("日本-7", "日本-7"),
        (17, "17"),
        (-3, "-3"),
        ("017", "017"),
        (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (datetime.date(2026, 11, 29), "2026-11-29"),
        ("docs/a.md", "docs%2Fa.md"),
        ("7/1", "7%2F1"),
        ("512+1", "512%2B1"),
        ("100%", "100%25"),
        ("a\nb\x1b[31m", "a%0Ab%1B[31m"),
        ("Shared:topic", "Shared%3Atopic"),
        ("invalid.3", "invalid.3"),
        ("x" * MOST, "x" * MOST),
    ],
)
def test_an_id_is_text_or_a_whole_number(value: object, written: str) -> None:
    assert TICKET.of({"ticket": value, "text": "a"}) == written


@pytest.mark.parametrize(
    ("row", "fact"),
    [
        ({"tickets": 1}, "lacks the column 'ticket'"),
        ({"ticket": None}, "'ticket' is null"),
        ({"ticket": float("nan")}, "'ticket' is null"),
        ({"ticket": ""}, "'ticket' is empty"),
        ({"ticket": " \t"}, "nothing but space"),
        ({"ticket": 17.0}, "17.0, a float"),
        ({"ticket": True}, "True, a bool"),
        ({"ticket": ["T-17"]}, "a list"),
        ({"ticket": {"id": 17}}, "a dict"),
        ({"ticket": 2**64}, "more than 64 bits"),
        ({"ticket": "x" * (MOST + 1)}, "1,001 characters"),
        ({"ticket": "\ud800"}, "isn't valid Unicode"),
        ({"ticket": object()}, "not a JSON value"),
        (None, "not a NoneType"),
    ],
)
def test_anything_else_is_no_id(row: Any, fact: str) -> None:
    with pytest.raises(DatasetError, match=re.escape(fact)):
        TICKET.of(row)
    assert TICKET.find(row) is None


def test_a_misspelt_column_and_a_column_with_gaps_are_explained() -> None:
    with pytest.raises(DatasetError, match="did you mean 'tickets'"):
        TICKET.of({"tickets": 1})
    with pytest.raises(DatasetError, match="numbers with gaps between them are read as floats"):
        TICKET.of({"ticket": 17.0})


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=2, max_size=2, unique=True))
@example([("a,b", "c"), ("a", "b,c")])
@example([("a%2Cb", "c"), ("a,b", "c")])
@example([("shared:a", "b"), ("shared%3Aa", "b")])
def test_different_values_are_different_ids_that_mean_nothing_else(pair: list[tuple[str, str]]) -> None:
    rows = [{"ticket": ticket, "lang": lang} for ticket, lang in pair]
    ids = [BOTH.of(row) for row in rows]

    assert len({*ids}) == 2
    for one in [*ids, *map(TICKET.of, rows)]:
        assert one.isprintable() or not re.search("[\x00-\x1f\x7f-\x9f]", one)
        assert not {"/", "+"} & {*one}
        assert not one.lower().startswith("shared:")


@given(st.lists(st.one_of(TEXTS, st.integers(-9, 9), st.just(""), st.none()), max_size=5))
@example(["docs/a", "b"])
@example(["a", "shared:b"])
@example(["aX", "Xb"])
@example(["a,b", "c"])
def test_many_ids_at_once_are_those_of_each_row(values: list[Any]) -> None:
    rows = [{"ticket": value} for value in values]
    for columns in (TICKET, IdColumns(("ticket", "lang"))):
        together = columns.of_all([{**row, "lang": "en"} for row in rows])
        assert together is None or together == [columns.of({**row, "lang": "en"}) for row in rows]


def test_many_ordinary_ids_need_no_second_look() -> None:
    assert TICKET.of_all([{"ticket": f"T-{n}"} for n in range(3)]) == ["T-0", "T-1", "T-2"]
    assert TICKET.of_all([{"ticket": n} for n in range(3)]) == ["0", "1", "2"]
    assert BOTH.of_all([{"ticket": n, "lang": "en"} for n in range(2)]) == ["0,en", "1,en"]


@pytest.mark.parametrize(
    ("text", "row"),
    [("docs/a.md", "docs%2Fa.md"), ("docs/a.md/1", "docs%2Fa.md/1"), ("T-17/0/1", "T-17/0/1")],
)
def test_people_may_write_an_id_as_it_stands_in_the_input(text: str, row: str) -> None:
    assert row in TICKET.meant(text)


def place(number: int) -> str:
    return f"line {number + 1}"


def taken(ids: ColumnIds, *tickets: Any) -> tuple[list[str], str]:
    named = ids.of_all([], place, [{"ticket": ticket} for ticket in tickets])
    return named.ids, str(named.error or "")


def test_rows_before_one_without_an_id_have_theirs() -> None:
    made, error = taken(ColumnIds(TICKET), "a", "b", None, "c")
    assert made == ["a", "b"]
    assert error.startswith("line 3 has no id: its 'ticket' is null")


def test_the_second_row_with_an_id_is_an_error_that_names_both() -> None:
    ids = ColumnIds(TICKET, name_of=place)
    assert taken(ids, "a", "b") == (["a", "b"], "")
    made, error = taken(ids, "c", "b")
    assert made == ["c"]
    assert error.startswith("line 2 and line 2 have the same id: ticket 'b'")


def test_an_id_of_a_row_before_a_resumed_session_is_known() -> None:
    ids = ColumnIds(TICKET, first_with=lambda row_id: ("line 1", "ticket 17"))
    ids.see("17")
    made, error = taken(ids, "16", "17")
    assert made == ["16"]
    assert "line 1 and line 2 have the same id: ticket '17'" in error
    # 17 and "17" differ in the file.
    assert "the first has ticket 17, and both are written as '17'" in error


def test_ids_that_only_have_the_same_hash_are_not_the_same() -> None:
    # The first row with it is that very row, or there's none.
    for found in (("line 1", "ticket 'a'"), None):
        ids = ColumnIds(TICKET, first_with=lambda row_id, found=found: found)
        ids.see("a")
        assert taken(ids, "a") == (["a"], "")
