"""A JSON value is found wherever it is in an answer, and a broken one never passes for a whole one."""

from __future__ import annotations

import contextlib
import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from seedbed import InvalidOutputError
from seedbed.reading import read_json

AROUND = {
    "nothing": "{}",
    "spaces": "  {} \n",
    "a fence": "```json\n{}\n```",
    "a fence with words": "Here you are:\n```\n{}\n```\nAnything else?",
    "words before": "Sure! {}",
    "words after": "{}\n\nI hope this helps.",
    "thoughts before": '<think>Maybe {"a": 1, "b": 2, "c": [3, 4, 5, 6, 7, 8, 9]}?</think>\n{}',
}
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.dictionaries(TEXTS, TEXTS | st.integers(-(2**63), 2**64 - 1) | st.lists(TEXTS), min_size=1)


@pytest.mark.parametrize("case", AROUND)
@given(value=VALUES)
def test_json_is_found_in_what_stands_around_it(case, value):
    for indent in (None, 2):
        assert read_json(AROUND[case].replace("{}", json.dumps(value, indent=indent))) == value


@given(value=VALUES, data=st.data())
def test_an_answer_that_is_cut_off_anywhere_gives_nothing(value, data):
    text = json.dumps(value)
    cut = text[: data.draw(st.integers(1, len(text) - 1))]
    for answer in (cut, f"```json\n{cut}", f"```json\n{cut}\n```", f"Here: {cut}"):
        with pytest.raises(InvalidOutputError):
            read_json(answer)
        with pytest.raises(InvalidOutputError):
            read_json(answer, dict[str, object])


@given(value=VALUES)
def test_what_python_prints_is_read_as_what_it_was(value):
    assert read_json(repr(value)) == value


@given(text=st.text("{}[]\"'`,:\\ \n/*#aT1<think>", max_size=60))
def test_any_text_gives_a_value_or_the_error(text):
    for types in ((), (dict[str, int],)):
        with contextlib.suppress(InvalidOutputError):
            read_json(text, *types)


def test_a_fence_inside_of_a_value_is_part_of_it():
    value = {"code": "```python\nprint()\n```", "language": "```"}
    assert read_json(f"```json\n{json.dumps(value)}\n```") == value
    assert read_json(json.dumps(value, indent=1)) == value


def test_a_fence_inside_of_the_json_is_no_fence_around_it():
    answer = '{"code": "see", "text": "\n```json\n{}\n```\n"}'
    assert read_json(answer) == {"code": "see", "text": "\n```json\n{}\n```\n"}
    assert read_json("Here:\n```json\n{}\n```\nand so on") == {}


class Event(BaseModel):
    on: date
    seats: tuple[int, int]


def test_a_mended_value_is_validated_like_json():
    event = Event(on=date(2026, 11, 28), seats=(1, 2))
    assert read_json("{'on': '2026-11-28', 'seats': [1, 2,]}", Event) == event
    assert read_json(event.model_dump_json(), Event) == event


def test_the_error_says_what_does_not_fit_or_where_reading_ended():
    with pytest.raises(InvalidOutputError, match=r"does not fit \(seats: Field required\)"):
        read_json('{"on": "2026-11-28"}', Event)
    with pytest.raises(InvalidOutputError, match=r"not JSON \(no value at 'oops"):
        read_json('{"on": oops, "seats": [1, 2]}', Event)
