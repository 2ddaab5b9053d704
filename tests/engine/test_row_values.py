"""Values of Python in rows: one form wherever they come from, an error before a call where there is none."""

from __future__ import annotations

import datetime
from decimal import Decimal
from enum import Enum
from typing import ClassVar

import pytest
from tests.support.scripted_llm import prompt, scripted

from seedbed import GeneratorStep, GeneratorTask, GlobalStep, Step, Task, run
from seedbed.testing import ScriptedLLM

MOMENT = datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)


class Colour(Enum):
    RED = "red"


GIVEN = {"at": MOMENT, "price": Decimal("1.50"), "colour": Colour.RED, "tags": {"b", "a"}, "pair": (1, 2)}
PLAIN = {
    "at": "2024-01-02T03:04:05Z",
    "price": "1.50",
    "colour": "red",
    "tags": ["a", "b"],
    "pair": [1, 2],
}
SHOWN = "2024-01-02T03:04:05Z red ['a', 'b']"


class Sampled(GeneratorTask):
    template: str = "{{ at }} {{ colour }} {{ tags }}{{ _private.day }}"

    def sample(self, index, rng):
        return {**GIVEN, "_private": Private()}


class Private:
    day = ""


class Formatted(GeneratorTask):
    template: str = "x"
    outputs: ClassVar[list[str]] = list(GIVEN)

    def format_output(self, output, input):
        return dict(GIVEN)


class Yielding(GeneratorStep):
    def process(self, offset=0):
        yield dict(GIVEN)


class Adding(Step):
    def process(self, row):
        return {**row, **GIVEN}


class AddingToAll(GlobalStep):
    def process(self, rows):
        return [{**row, **GIVEN} for row in rows]


class OverRows(Task):
    template: str = "{{ at }} {{ colour }} {{ tags }}"


def made(what, **options):
    return [{name: row[name] for name in PLAIN} for row in run(what, **options).rows()]


@pytest.mark.slow
def test_the_form_of_a_value_is_the_same_wherever_it_comes_from():
    llm = scripted("yes")
    assert made(Sampled(llm=llm), n=1) == [PLAIN]
    assert made(Formatted(llm=llm), n=1) == [PLAIN]
    assert made(Yielding()) == [PLAIN]
    assert made(Adding(), input=[{"n": 1}]) == [PLAIN]
    assert made(AddingToAll(), input=[{"n": 1}]) == [PLAIN]
    assert made(OverRows(llm=llm), input=[GIVEN]) == [PLAIN]


def test_without_a_run_the_form_is_the_same():
    llm = scripted("yes")
    assert next(Sampled(llm=llm).process())[0].items() >= PLAIN.items()
    assert next(Formatted(llm=llm).process())[0].items() >= PLAIN.items()
    assert next(Yielding().process()) == [PLAIN]
    assert OverRows(llm=llm).process(GIVEN)[0].items() >= PLAIN.items()


def test_a_prompt_shows_the_form_that_the_row_has():
    asked: list[str] = []
    llm = ScriptedLLM(lambda request: asked.append(prompt(request)) or "yes")
    run(Sampled(llm=llm), 1)
    run(OverRows(llm=llm), input=[GIVEN])
    OverRows(llm=llm).process(GIVEN)
    assert asked == [SHOWN] * 3


@pytest.mark.parametrize("value", [object(), 1j, 2**70, "half \ud83d", [{"deep": object()}]])
def test_a_sampled_value_that_no_row_can_hold_costs_no_call(value):
    class Odd(GeneratorTask):
        template: str = "x"

        def sample(self, index, rng):
            return {"n": index, "odd": value if index % 2 else 1}

    llm = scripted("yes")
    made = run(Odd(llm=llm), 4)
    assert (made.accepted, made.failed, len(llm.requests)) == (2, 2, 2)


@pytest.mark.parametrize("value", [object(), 2**70])
def test_an_input_value_that_no_row_can_hold_costs_no_call(value):
    llm = scripted("yes")
    made = run(OverRows(llm=llm), input=[{**GIVEN, "odd": value}, GIVEN])
    assert (made.accepted, made.failed, len(llm.requests)) == (1, 1, 1)
