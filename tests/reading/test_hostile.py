"""Hostile answers take time in proportion to their length, in processor seconds of a process with a bound."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

READ = """
import gc, json, resource, sys, time

# A full collection takes 0.1 to 0.3 s, in whichever reading it comes.
gc.disable()
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
    "quadratic": lambda text: sum(text.count("~", at) for at in range(len(text))),
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


MEASURED_AGAIN = 4
"""How often what's out of proportion is measured again: other processes empty a busy machine's caches."""


def measured(reader, units, lengths):
    arguments = json.dumps([reader, units, lengths])
    shown = subprocess.run([sys.executable, "-c", READ, arguments], capture_output=True, text=True)
    assert shown.returncode == 0, shown.stderr[-500:] or "took more than 60 s of processor time"
    return dict(json.loads(line) for line in shown.stdout.splitlines())


def out_of_proportion(reader, units, lengths):
    """Return the units whose time grows by more than their length, with the least of all times measured."""
    least = measured(reader, units, lengths)
    for _ in range(MEASURED_AGAIN):
        if not (suspects := [unit for unit, times in least.items() if is_out_of_proportion(*times)]):
            return {}
        for unit, times in measured(reader, suspects, lengths).items():
            least[unit] = [min(pair) for pair in zip(times, least[unit], strict=True)]
    return {unit: times for unit, times in least.items() if is_out_of_proportion(*times)}


def is_out_of_proportion(short, long):
    # Quadratic time would be 16 times as much. Below 50 ms, a pause of the process is more than that.
    return long > 0.05 and long > 9 * short


@pytest.mark.slow
@pytest.mark.variants(4)
@pytest.mark.parametrize("reader", READERS)
def test_four_times_the_text_takes_no_more_than_about_four_times_the_time(reader):
    assert out_of_proportion(reader, ["{", "[{", "<think>", "`", "<a>"], [8_000, 32_000]) == {}


@pytest.mark.slow
def test_quadratic_time_is_out_of_proportion():
    assert list(out_of_proportion("quadratic", ["a"], [6_000, 24_000])) == ["a"]


@pytest.mark.slow
@pytest.mark.parametrize("reader", READERS)
def test_time_is_in_proportion_for_all_that_is_repeated(reader):
    assert out_of_proportion(reader, UNITS, [25_000, 100_000]) == {}


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit", ["{", "[{", "{#\n", "<think>", "</think>", "`", "```\n", '{"a": "x"x', "<a>"]
)
@pytest.mark.parametrize("reader", READERS)
def test_a_megabyte_is_read_within_the_bound(reader, unit):
    assert measured(reader, [unit], [1_000_000])
