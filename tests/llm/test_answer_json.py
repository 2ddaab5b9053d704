"""What servers send in place of JSON is read where an answer is in it."""

from __future__ import annotations

import json
from contextlib import suppress

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.processor_time import processor_seconds

from seedbed.llm.answer_json import read_json

CASES = {
    "JSON": (b'{"a": 1}', {"a": 1}, ""),
    "white space": (b"  \n\n {}", {}, ""),
    "a mark": (b"\xef\xbb\xbf{}", {}, "a byte order mark"),
    "UTF-16": ('{"a": "\u00e9"}'.encode("utf-16"), {"a": "\u00e9"}, "a byte order mark"),
    "NaN": (b'{"a": NaN, "b": -Infinity, "c": [Infinity]}', {"a": None, "b": None, "c": [None]}, "NaN"),
    "half a pair": (b'{"a": "x\\ud83d", "\\ud83d": 1}', {"a": "x\ufffd", "\ufffd": 1}, "surrogate"),
    "a whole pair": (b'{"a": "\\ud83d\\ude00", "b": NaN}', {"a": "\U0001f600", "b": None}, "NaN"),
    "Latin-1": ('{"a": "na\u00efve"}'.encode("latin-1"), {"a": "na\ufffdve"}, "UTF-8"),
    "a control character": (b'{"a": "x\ty\x01"}', {"a": "x\ty\x01"}, ""),
    "NUL": (b'{"a": "x\\u0000y"}', {"a": "x\0y"}, ""),
    "comments": (b": WAIT\n\n: WAIT\r\n\r\n{}", {}, "comments"),
    "done": (b'{"a": 1}\n\ndata: [DONE]\n\n', {"a": 1}, "more after"),
    "a large number": (
        b'{"a": 99999999999999999999, "b": NaN}',
        {"a": 1e20, "b": None},
        "NaN",
    ),
}


@pytest.mark.parametrize(("body", "value", "mended"), CASES.values(), ids=CASES)
def test_a_body_that_is_not_quite_json_is_read(body, value, mended):
    read = read_json(body)
    assert read.value == value
    assert mended in read.mended
    assert bool(read.mended) is bool(mended) or body.startswith(b'{"a": "x')
    orjson.dumps(read.value)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b'{"a": ', b"{} {}", b"{}x", b"data: x\n\n", b"[" * 100_000, b"hello"]
)
def test_what_holds_no_json_is_an_error(body):
    with pytest.raises(ValueError):  # noqa: PT011 - whichever, callers say what it means
        read_json(body)


def test_events_that_no_empty_line_parts_are_read_one_by_one():
    read = read_json(b'data: {"a": 1}\ndata: {"b": 2}\r\ndata: [DONE]\n')
    assert read.value == [{"a": 1}, {"b": 2}]
    assert read.is_stream


def test_events_are_read_as_a_list_of_their_values():
    body = b': hi\n\nevent: x\nid: 1\ndata: {"a":\ndata: 1}\n\ndata:{"b": NaN}\r\n\r\ndata: [DONE]\n\n'
    read = read_json(body)
    assert read.value == [{"a": 1}, {"b": None}]
    assert read.is_stream


@given(
    st.recursive(st.none() | st.floats() | st.text() | st.integers(), st.lists, max_leaves=9), st.booleans()
)
def test_what_python_dumps_is_read_and_can_be_sent_again(value, ascii):
    encoded = json.dumps([value], ensure_ascii=ascii).encode("utf-8", "surrogatepass")
    read = read_json(encoded).value
    assert isinstance(read, list)
    with suppress(TypeError):
        assert orjson.loads(orjson.dumps(read)) == orjson.loads(
            orjson.dumps(read_json(orjson.dumps(read)).value)
        )


@given(st.binary(max_size=80))
def test_any_bytes_are_a_value_or_a_value_error(body):
    with suppress(ValueError):
        read_json(body)


def test_lines_of_one_event_keep_the_spaces_of_a_text_that_goes_over_them():
    assert read_json(b'data: {"a": "x \ndata:  y"}\n\n').value == [{"a": "x \n y"}]


@pytest.mark.parametrize("number", [2, 3])
def test_events_that_no_empty_line_parts_are_events(number):
    assert read_json(b'data: {"a": 1}\n' * number).value == [{"a": 1}] * number


@pytest.mark.parametrize("number", [-(2**63), -(2**63) - 1, 2**64 - 1, 2**64])
def test_numbers_are_the_same_whatever_surrounds_the_json(number):
    plain, marked = (read_json(start + f"[{number}]".encode()).value for start in (b"", b"\xef\xbb\xbf"))
    assert plain == marked
    assert [type(one) for one in plain] == [type(one) for one in marked]


@pytest.mark.parametrize("number", ["9" * 400, "-" + "9" * 400, "9" * 5000, "1e999", "-1e999"])
def test_a_number_that_no_float_holds_costs_no_answer(number):
    read = read_json(f'{{"a": {number}, "b": 1}}'.encode())
    assert read.value == {"a": None, "b": 1}
    assert read.mended


@pytest.mark.parametrize("depth", [300, 600, 900, 1020, 5000])
def test_nesting_that_cannot_be_read_is_a_value_error(depth):
    with suppress(ValueError):
        read_json(b'{"a": ' + b"[" * depth + b"NaN" + b"]" * depth + b"}")


@pytest.mark.parametrize("filler", [b" ", b"\n", b":", b":\n", b"[DONE]", b"data: [DONE]\n", b"data: "])
def test_what_follows_the_json_is_read_in_proportion_to_its_length(filler):
    body = b'{"a": 1}' + filler * (200_000 // len(filler)) + b"x\ny"

    def read() -> None:
        with suppress(ValueError):
            read_json(body)

    # 0.01 s; minutes if it's read again from each place.
    assert processor_seconds(read) < 1
