"""What a row may hold, and how it is encoded."""

from __future__ import annotations

import datetime
import decimal
import enum
import json
import uuid

import pydantic
import pytest

from seedbed.errors import InvalidRowError
from seedbed.tasks.rows import check_row, encode_row


class Answer(pydantic.BaseModel):
    text: str = "a"


class Colour(enum.StrEnum):
    RED = "red"


class float64(float):  # noqa: N801
    """Like numpy's scalar: a float by inheritance, with another type."""

    def tolist(self) -> float:
        return float(self)


def self_containing_list() -> list[object]:
    value: list[object] = [1]
    value.append({"again": value})
    return value


def test_a_row_is_one_json_object_with_its_text_as_it_is():
    row = {
        "a": "žluťoučký 你好 \U0001f331\n",
        "b": [1, 2.5, None, {"c": True}],
        "d": {},
        "e": -(2**63),
        "f": 2**64 - 1,
    }
    encoded = encode_row(row)
    assert b"\n" not in encoded
    assert "你好".encode() in encoded
    assert json.loads(encoded) == row


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_json_lacks_become_null(value):
    assert encode_row({"a": value, "b": [value]}) == b'{"a":null,"b":[null]}'


@pytest.mark.parametrize(
    ("value", "kind", "advice"),
    [
        (datetime.datetime(2024, 1, 1), "a datetime", "use value.isoformat()"),
        (datetime.date(2024, 1, 1), "a date", "use value.isoformat()"),
        (decimal.Decimal("1.5"), "a Decimal", "make it text"),
        ({1, 2}, "a set", "use a list"),
        ((1, 2), "a tuple", "use a list"),
        (b"abc", "a bytes", "make it text"),
        (uuid.UUID(int=1), "a UUID", "make it text"),
        (Answer(), "an Answer", "use value.model_dump(mode='json')"),
        (Colour.RED, "a Colour", "make it text"),
        (float64(1.5), "a float64", "use value.tolist()"),
    ],
)
@pytest.mark.parametrize("nested", [False, True])
def test_a_value_that_is_not_json_is_named_by_column_and_type(value, kind, advice, nested):
    row = {"good": 1, "bad": [{"deep": value}] if nested else value}
    with pytest.raises(InvalidRowError) as caught:
        check_row(row)
    assert caught.value.fact == f"column 'bad' holds {kind}, which is not a JSON value"
    assert caught.value.advice[0].startswith(advice)


@pytest.mark.parametrize("value", [2**64, -(2**63) - 1])
def test_an_integer_beyond_64_bits_is_refused(value):
    with pytest.raises(InvalidRowError, match="column 'big' holds an int of more than 64 bits"):
        check_row({"big": [value]})


def test_a_dictionary_with_a_key_that_is_not_text_is_refused():
    with pytest.raises(InvalidRowError, match="column 'a' holds a dict whose key 1 is an int"):
        check_row({"a": {1: "x"}})
    with pytest.raises(InvalidRowError, match="the name of column 7 is an int"):
        check_row({7: "x"})


@pytest.mark.parametrize("row", [None, [], "text", [{"a": 1}]])
def test_what_is_not_a_dictionary_is_no_row(row):
    with pytest.raises(InvalidRowError, match="a row is a dictionary of columns, not"):
        check_row(row)


def test_a_row_inside_itself_is_named_by_its_column():
    row: dict[str, object] = {"model_name": "m"}
    row["output_field"] = [row]
    with pytest.raises(InvalidRowError, match="column 'output_field' contains itself"):
        check_row(row)


def test_a_list_inside_itself_is_named_by_its_column():
    with pytest.raises(InvalidRowError, match="column 'loop' contains itself"):
        check_row({"fine": [1], "loop": self_containing_list()})


def test_one_list_in_two_places_does_not_contain_itself():
    shared = [1]
    assert encode_row({"a": [shared, shared], "b": shared}) == b'{"a":[[1],[1]],"b":[1]}'


def test_a_wide_row_is_not_a_deep_one():
    check_row(
        {"messages": [{"role": "user", "parts": [[]]}] * 500, "more": [[index] for index in range(500)]}
    )


@pytest.mark.parametrize("depth", [129, 5000])
def test_deep_nesting_is_refused_and_not_mistaken_for_a_loop(depth):
    value: object = 1
    for _ in range(depth):
        value = [value]
    with pytest.raises(InvalidRowError, match="column 'deep' is nested more than 128 levels deep"):
        check_row({"deep": value})


@pytest.mark.parametrize("row", [{"a": "ok", "b": "\ud800"}, {"a": "ok", "b": ["x", {"\udfff": 1}]}])
def test_half_a_surrogate_pair_is_named_by_its_column(row):
    with pytest.raises(InvalidRowError, match="column 'b' holds text that is not valid Unicode"):
        check_row(row)
