"""What a row may hold, and how it is encoded."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import json
import uuid
from collections import OrderedDict
from decimal import Decimal
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import NamedTuple

import numpy
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_jsonable_python

from seedbed.errors import InvalidRowError
from seedbed.tasks.rows import checked_row, encode_row


class Answer(pydantic.BaseModel):
    text: str = "a"
    day: datetime.date = datetime.date(2024, 1, 2)


@dataclasses.dataclass
class Point:
    x: int
    seen: datetime.date


class Pair(NamedTuple):
    left: int
    right: Decimal


class Colour(enum.StrEnum):
    RED = "red"


class Size(enum.Enum):
    LARGE = Decimal("1.50")


class Text(str):
    """A subclass that shows itself otherwise."""

    def __str__(self) -> str:
        return "shown"


BERLIN = datetime.timezone(datetime.timedelta(hours=1))


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


FORMS = [
    (datetime.datetime(2024, 1, 2, 3, 4, 5), "2024-01-02T03:04:05"),
    (datetime.datetime(2024, 1, 2, 3, 4, 5, 600, datetime.UTC), "2024-01-02T03:04:05.000600Z"),
    (datetime.datetime(2024, 1, 2, tzinfo=BERLIN), "2024-01-02T00:00:00+01:00"),
    (datetime.date(2024, 1, 2), "2024-01-02"),
    (datetime.time(3, 4), "03:04:00"),
    (datetime.timedelta(hours=1, milliseconds=1500), "PT1H1.5S"),
    (Decimal("1.50"), "1.50"),
    (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    (Colour.RED, "red"),
    (Size.LARGE, "1.50"),
    (PurePosixPath("a/b.txt"), "a/b.txt"),
    (b"\x00\xff", "AP8="),
    (bytearray(b"ab"), "YWI="),
    ((1, (2, None)), [1, [2, None]]),
    ({"b", "a", "c"}, ["a", "b", "c"]),
    (frozenset({3, 20, 1}), [1, 3, 20]),
    (OrderedDict(a=datetime.date(2024, 1, 2)), {"a": "2024-01-02"}),
    ({Colour.RED: Size.LARGE}, {"red": "1.50"}),
    (MappingProxyType({"a": (1,)}), {"a": [1]}),
    (Answer(), {"text": "a", "day": "2024-01-02"}),
    (Point(1, datetime.date(2024, 1, 2)), {"x": 1, "seen": "2024-01-02"}),
    (Pair(1, Decimal("2")), [1, "2"]),
    (Text("plain"), "plain"),
    (numpy.float32(0.5), 0.5),
    (numpy.int8(-3), -3),
    (numpy.bool_(True), True),
    (numpy.longdouble(1.5), 1.5),
    (numpy.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
    (numpy.array([1.5, float("nan")]), [1.5, None]),
    (numpy.datetime64("2024-01-02T03:04:05.000000007"), "2024-01-02T03:04:05.000000007"),
    (numpy.datetime64("2024-01-02T03"), "2024-01-02T03:00:00"),
    (numpy.datetime64("2024-01-02"), "2024-01-02"),
    (numpy.datetime64("NaT"), None),
    (numpy.timedelta64(1500, "ns"), "PT0.0000015S"),
    (numpy.array(["2024-01-02T00:00:00"], "datetime64[ns]"), ["2024-01-02T00:00:00"]),
    (numpy.array([Decimal("1.0"), {2}], object), ["1.0", [2]]),
]


@pytest.mark.parametrize(
    ("value", "form"),
    FORMS,
    ids=[f"{number}-{type(value).__name__}" for number, (value, _) in enumerate(FORMS)],
)
@pytest.mark.parametrize("nested", [False, True])
def test_a_value_of_python_has_one_form(value, form, nested):
    check_form(value, form, nested)


@pytest.mark.parametrize("nested", [False, True])
def test_a_value_of_pandas_has_one_form(nested):
    # Imported here, as each worker of pytest collects all tests.
    import pandas

    at = "2024-01-02T03:04:05.000000007Z"
    check_form(pandas.Timestamp(at), at, nested)
    check_form(pandas.NaT, None, nested)
    check_form(pandas.NA, None, nested)
    check_form(pandas.Timedelta(1501, "ns"), "PT0.000001501S", nested)


def check_form(value, form, nested):
    row = {"good": 1, "value": [{"deep": value}] if nested else value}
    expected = {"good": 1, "value": [{"deep": form}] if nested else form}
    assert json.loads(encode_row(row)) == expected
    assert json.loads(encode_row(checked_row(row))) == expected
    assert list(row) == ["good", "value"], "the caller's row is left alone"


@given(
    st.one_of(
        st.datetimes(timezones=st.sampled_from([None, datetime.UTC, BERLIN])),
        st.dates(),
        st.times(),
        st.timedeltas(datetime.timedelta(-99999), datetime.timedelta(99999)),
        st.decimals(allow_nan=False, allow_infinity=False),
        st.uuids(),
    )
)
def test_the_form_is_that_of_typed_rows(value):
    assert checked_row({"a": value})["a"] == to_jsonable_python(value)


def test_sets_of_a_typed_row_have_one_order_in_every_process():
    class Tags(pydantic.BaseModel):
        inner: list[dict[str, set[str]]]

    words = {f"word {number}" for number in range(30)}
    row = checked_row({"tags": Tags(inner=[{"a": words}])})
    assert row["tags"] == {"inner": [{"a": sorted(words)}]}


@pytest.mark.parametrize(
    ("value", "kind"),
    [(object(), "an object"), (1j, "a complex"), ((one for one in ()), "a generator"), (len, "a builtin")],
)
@pytest.mark.parametrize("nested", [False, True])
def test_a_value_that_has_no_form_is_named_by_column_and_type(value, kind, nested):
    row = {"good": 1, "bad": [{"deep": value}] if nested else value}
    with pytest.raises(InvalidRowError) as caught:
        checked_row(row)
    assert caught.value.fact.startswith(f"column 'bad' holds {kind}")


def test_a_set_or_tuple_inside_itself_is_named_by_its_column():
    loop: list[object] = []
    loop.append((loop,))
    with pytest.raises(InvalidRowError, match="column 'loop' contains itself"):
        checked_row({"loop": loop})


@pytest.mark.parametrize("value", [2**64, -(2**63) - 1])
def test_an_integer_beyond_64_bits_is_refused(value):
    with pytest.raises(InvalidRowError, match="column 'big' holds an int of more than 64 bits"):
        checked_row({"big": [value]})


def test_a_dictionary_with_a_key_that_is_not_text_is_refused():
    with pytest.raises(InvalidRowError, match="column 'a' holds a dict whose key 1 is an int"):
        checked_row({"a": {1: "x"}})
    with pytest.raises(InvalidRowError, match="the name of column 7 is an int"):
        checked_row({7: "x"})


@pytest.mark.parametrize("row", [None, [], "text", [{"a": 1}]])
def test_what_is_not_a_dictionary_is_no_row(row):
    with pytest.raises(InvalidRowError, match="a row is a dictionary of columns, not"):
        checked_row(row)


def test_a_row_inside_itself_is_named_by_its_column():
    row: dict[str, object] = {"model_name": "m"}
    row["output_field"] = [row]
    with pytest.raises(InvalidRowError, match="column 'output_field' contains itself"):
        checked_row(row)


def test_a_list_inside_itself_is_named_by_its_column():
    with pytest.raises(InvalidRowError, match="column 'loop' contains itself"):
        checked_row({"fine": [1], "loop": self_containing_list()})


def test_one_list_in_two_places_does_not_contain_itself():
    shared = [1]
    assert encode_row({"a": [shared, shared], "b": shared}) == b'{"a":[[1],[1]],"b":[1]}'


def test_a_wide_row_is_not_a_deep_one():
    checked_row(
        {"messages": [{"role": "user", "parts": [[]]}] * 500, "more": [[index] for index in range(500)]}
    )


@pytest.mark.parametrize("depth", [129, 5000])
def test_deep_nesting_is_refused_and_not_mistaken_for_a_loop(depth):
    value: object = 1
    for _ in range(depth):
        value = [value]
    with pytest.raises(InvalidRowError, match="column 'deep' is nested more than 128 levels deep"):
        checked_row({"deep": value})


@pytest.mark.parametrize("row", [{"a": "ok", "b": "\ud800"}, {"a": "ok", "b": ["x", {"\udfff": 1}]}])
def test_half_a_surrogate_pair_is_named_by_its_column(row):
    with pytest.raises(InvalidRowError, match="column 'b' holds text that is not valid Unicode"):
        checked_row(row)
