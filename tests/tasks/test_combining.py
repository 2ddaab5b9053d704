from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pytest

from seedbed import Concat, InvalidRowError, Join, ParameterError
from seedbed.tasks.rows import Row

PEOPLE = [{"id": 1, "name": "Ada"}, {"id": 2, "name": "Bob"}, {"id": 3, "name": "Cem"}]
MAILS = [{"id": 2, "mail": "b1"}, {"id": 1, "mail": "a"}, {"id": 2, "mail": "b2"}, {"id": 9, "mail": "z"}]


def test_concatenated_rows_come_in_the_order_of_their_inputs() -> None:
    assert list(Concat().process(iter([{"a": 1}]), [], [{"b": 2}])) == [{"a": 1}, {"b": 2}]


def test_an_inner_join_has_each_pair_in_the_order_of_the_first() -> None:
    assert list(Join(on=["id"]).process(PEOPLE, MAILS)) == [
        {"id": 1, "name": "Ada", "mail": "a"},
        {"id": 2, "name": "Bob", "mail": "b1"},
        {"id": 2, "name": "Bob", "mail": "b2"},
    ]


def test_a_left_join_keeps_rows_without_partner_with_the_same_columns() -> None:
    joined = list(Join(on=["id"], how="left").process(PEOPLE, MAILS))

    assert joined[-1] == {"id": 3, "name": "Cem", "mail": None}
    assert len(joined) == 4
    assert list(Join(on=["id"], how="left").process(PEOPLE, [])) == PEOPLE


def test_several_inputs_are_joined_with_the_first() -> None:
    ages = [{"id": 1, "age": 7}]

    assert list(Join(on=["id"]).process(PEOPLE, MAILS, ages)) == [
        {"id": 1, "name": "Ada", "mail": "a", "age": 7}
    ]


def test_columns_that_several_inputs_have_are_numbered() -> None:
    rows = [[{"id": 1, "text": text}] for text in ("a", "b", "c")]

    assert list(Join(on=["id"]).process(*rows)) == [{"id": 1, "text": "a", "text_2": "b", "text_3": "c"}]


@pytest.mark.parametrize(
    ("rows", "joined"),
    [
        # Of another join, and of a file that has a column of that name.
        ([{"text": 1, "text_2": 2}, {"text": 3}], {"text": 1, "text_2": 2, "text_3": 3}),
        ([{"text": 1}, {"text": 2, "text_2": 3}], {"text": 1, "text_3": 2, "text_2": 3}),
        ([{"text": 1}, {"text_2": 2}, {"text": 3}], {"text": 1, "text_2": 2, "text_3": 3}),
        (
            [{"a": 1}, {"a": 2, "a_2": 3}, {"a": 4, "a_3": 5}],
            {"a": 1, "a_3": 2, "a_2": 3, "a_4": 4, "a_3_3": 5},
        ),
    ],
)
def test_no_column_takes_the_place_of_another(rows: list[Row], joined: Row) -> None:
    made = list(Join(on=["id"]).process(*([{"id": 1, **row}] for row in rows)))

    assert made == [{"id": 1, **joined}]


@pytest.mark.parametrize("as_given", [list, iter])
def test_a_column_has_one_name_in_all_rows(as_given: Callable[[list[Row]], Iterable[Row]]) -> None:
    first = [{"id": 1}, {"id": 2, "text": "a"}]
    second = [{"id": 1, "text": "b"}, {"id": 2, "text": "c"}]

    assert list(Join(on=["id"]).process(as_given(first), second)) == [
        {"id": 1, "text_2": "b"},
        {"id": 2, "text": "a", "text_2": "c"},
    ]


class Counted:
    """Rows that count how many of them are read."""

    def __init__(self) -> None:
        self.read = 0

    def __iter__(self) -> Iterator[Row]:
        for row in PEOPLE:
            self.read += 1
            yield row


def test_the_first_input_is_read_row_by_row() -> None:
    first = Counted()
    joined = iter(Join(on=["id"]).process(first, MAILS))
    next(joined)

    # All of them for their columns, and then the first one.
    assert first.read == len(PEOPLE) + 1


@pytest.mark.parametrize(
    ("left", "right", "pairs"),
    [
        (None, None, 0),
        (1, True, 0),
        (1, "1", 0),
        ([1, {"a": 2, "b": 3}], [1, {"b": 3, "a": 2}], 1),
        ("", "", 1),
        (1, 1.0, 1),
        (0, -0.0, 1),
        ([{"a": 2.0}], [{"a": 2}], 1),
        (1.5, 1, 0),
        (2**64 - 1, float(2**64), 0),
        (1e300, 1e300, 1),
    ],
)
def test_values_are_equal_as_json_and_none_equals_nothing(left: object, right: object, pairs: int) -> None:
    assert len(list(Join(on=["k"]).process([{"k": left}], [{"k": right}]))) == pairs


def test_a_row_without_the_column_is_named() -> None:
    with pytest.raises(
        InvalidRowError, match="joins on a column 'id', but a row doesn't have it\n  did you mean"
    ):
        list(Join(on=["id"]).process(PEOPLE, [{"ids": 1}]))


def test_a_join_needs_a_column() -> None:
    with pytest.raises(ParameterError):
        Join(on=[])
