"""Hostile answers take time in proportion to their length, in processor seconds of a process with a bound."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

READ = """
import json, resource, sys, time

resource.setrlimit(resource.RLIMIT_CPU, (60, 60))

from seedbed import InvalidOutputError
from seedbed import reading

READERS = {
    "json": reading.read_json,
    "typed json": lambda text: reading.read_json(text, dict[str, int]),
    "list": reading.read_list,
    "tags": lambda text: reading.read_tags(text, "a", "b"),
    "labelled": lambda text: reading.read_labelled(text, "Label", "Other"),
    "rating": lambda text: reading.read_rating(text, 1, 5),
    "choice": lambda text: reading.read_choice(text, ["A", "B", "four"]),
    "choices": lambda text: reading.read_choices(text, ["A", "B"]),
    "refusal": reading.is_refusal,
    "fences": reading.read_fences,
    "reasoning": reading.split_reasoning,
}


def seconds(read, text):
    start = time.process_time()
    try:
        read(text)
    except InvalidOutputError:
        pass
    return time.process_time() - start


reader, units, lengths = json.loads(sys.argv[1])
read = READERS[reader]
for unit in units:
    read_units = [min(seconds(read, unit * (size // len(unit))) for _ in range(2)) for size in lengths]
    print(json.dumps([unit, read_units]))
"""
UNITS = [
    *(
        "{",
        "[",
        "[{",
        "(",
        "<think>",
        "</think>",
        "```\n",
        "`",
        "~~~\n",
        "\\",
        '"',
        "'",
        "\\boxed{",
        "[[",
        "**",
    ),
    *('{"a": "x"x', "{'a': '", "{/*", "{#", "{#\n", '{"a":1,', "[1,", '{"a":', '["a",', '","', '["""', "[“"),
    *(
        "<a>",
        "<a></a>",
        "<a ",
        "Label: x\n",
        "1. x\n",
        " - x\n",
        "- ",
        " ",
        "\n",
        "Score: ",
        "four ",
        "A ",
        "**A",
    ),
    *(
        "<|channel|>",
        "<|channel|>final<|message|>",
        "analysis",
        "a",
        "1",
        "1.",
        "4/",
        "★",
        "rate ",
        "> ",
        "\\u",
    ),
    *(
        "sorry, but ",
        "i can't ",
        "scale of 1 to ",
        '{"a":1}\n',
        '{"a":1}x{"b":',
        '```json\n{"a":1\n```\n',
        "#",
    ),
]
READERS = [
    *("json", "typed json", "list", "tags", "labelled", "rating", "choice", "choices", "refusal", "fences"),
    "reasoning",
]


def measured(reader, units, lengths):
    arguments = json.dumps([reader, units, lengths])
    shown = subprocess.run([sys.executable, "-c", READ, arguments], capture_output=True, text=True)
    assert shown.returncode == 0, shown.stderr[-500:] or "took more than 60 s of processor time"
    return [json.loads(line) for line in shown.stdout.splitlines()]


def out_of_proportion(reader, units, lengths):
    return [
        (unit, short, long)
        for unit, (short, long) in measured(reader, units, lengths)
        # Quadratic time would be 16 times as much. Below 50 ms, a pause of the process is more than that.
        if long > 0.05 and long > 9 * short
    ]


@pytest.mark.variants(4)
@pytest.mark.parametrize("reader", READERS)
def test_four_times_the_text_takes_no_more_than_about_four_times_the_time(reader):
    assert out_of_proportion(reader, ["{", "[{", "<think>", "`", "<a>"], [8_000, 32_000]) == []


@pytest.mark.slow
@pytest.mark.parametrize("reader", READERS)
def test_time_is_in_proportion_for_all_that_is_repeated(reader):
    assert out_of_proportion(reader, UNITS, [25_000, 100_000]) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit", ["{", "[{", "{#\n", "<think>", "</think>", "`", "```\n", '{"a": "x"x', "<a>"]
)
@pytest.mark.parametrize("reader", READERS)
def test_a_megabyte_is_read_within_the_bound(reader, unit):
    assert measured(reader, [unit], [1_000_000])
