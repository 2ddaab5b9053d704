"""`output_mappings` gives the columns that a step makes other names, whoever calls the step."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

import pytest
from tests.support.scripted_llm import scripted

from seedbed import (
    Concat,
    GeneratorOutput,
    GeneratorStep,
    GeneratorTask,
    GlobalStep,
    InvalidRowError,
    ParameterError,
    Step,
    Task,
    run,
)
from seedbed.tasks.rows import Row

NAMES = {"generation": "answer", "model_name": "writer"}


class Measure(Step):
    outputs: ClassVar[list[str]] = ["length"]

    def process(self, row: Row) -> Any:
        return {**row, "length": len(row["text"])}


class Doubled(Measure):
    def process(self, row: Row) -> Any:
        row = super().process(row)
        return [{**row, "length": 2 * row["length"]}]


class Reversed(GlobalStep):
    def process(self, rows: Iterable[Row]) -> Iterable[Row]:
        return reversed(list(rows))


class Count(GeneratorStep):
    outputs: ClassVar[list[str]] = ["number"]

    def process(self, offset: int = 0) -> Iterator[Any]:
        yield {"number": 1}
        yield [{"number": 2}], True


class Own(GeneratorTask):
    def process(self, offset: int = 0) -> GeneratorOutput:
        yield {"generation": "own"}


def test_a_task_keeps_the_columns_of_its_input_and_renames_its_own() -> None:
    task = Task(template="{{ generation }}", llm=scripted("yes"), output_mappings=NAMES)

    (row,) = task.process({"generation": "no", "model_name": "other"})

    assert row == {"generation": "no", "model_name": "other", "answer": "yes", "writer": "scripted"}
    assert task.columns == ["answer", "writer"]
    assert task.outputs == ["generation"]


def test_a_step_renames_what_it_returns() -> None:
    step = Measure(output_mappings={"length": "size"})

    assert step.process({"text": "abc"}) == [{"text": "abc", "size": 3}]
    assert step.columns == ["size"]
    assert Measure().process({"text": "abc"}) == {"text": "abc", "length": 3}


def test_a_step_that_builds_on_another_sees_the_names_as_they_are_made() -> None:
    assert Doubled(output_mappings={"length": "size"}).process({"text": "abc"}) == [
        {"text": "abc", "size": 6}
    ]


def test_a_generator_renames_what_it_yields() -> None:
    step = Count(output_mappings={"number": "n"})

    assert list(step.process()) == [[{"n": 1}], [{"n": 2}]]


def test_a_generator_task_renames_the_column_of_the_framework_too() -> None:
    own = Own(llm=scripted("yes"), output_mappings=NAMES)
    declared = GeneratorTask(template="Write.", llm=scripted("yes"), output_mappings=NAMES)

    assert list(own.process()) == [[{"answer": "own", "writer": "scripted"}]]
    assert next(declared.process()) == [{"answer": "yes", "writer": "scripted"}]


class Sampling(GeneratorTask):
    template: str = "{{ generation }}"

    def sample(self, index: int, rng: random.Random) -> dict[str, Any]:
        return {"generation": f"variable {index}"}


def test_a_variable_keeps_the_name_that_a_column_has_given_up() -> None:
    task = Sampling(llm=scripted("yes"), output_mappings=NAMES)

    assert next(task.process()) == [{"generation": "variable 0", "answer": "yes", "writer": "scripted"}]


def test_steps_over_all_rows_rename_too() -> None:
    rows = [{"text": "a"}, {"text": "b"}]

    assert list(Reversed(output_mappings={"text": "t"}).process(rows)) == [{"t": "b"}, {"t": "a"}]
    assert list(Concat(output_mappings={"text": "t"}).process(rows, [])) == [{"t": "a"}, {"t": "b"}]


def test_a_run_has_the_new_names() -> None:
    first = Task(template="{{ text }}", llm=scripted("yes"), output_mappings=NAMES)
    second = Measure(output_mappings={"length": "size"})

    made = (first >> second).run(input=[{"text": "abc"}])

    assert list(made.rows()) == [{"text": "abc", "answer": "yes", "writer": "scripted", "size": 3}]
    assert list(run(Count(output_mappings={"number": "n"})).rows()) == [{"n": 1}, {"n": 2}]


def test_a_name_that_the_row_has_already_is_refused() -> None:
    step = Measure(output_mappings={"length": "text"})

    with pytest.raises(InvalidRowError, match="column 'length' cannot be renamed to 'text'"):
        step.process({"text": "abc"})


@pytest.mark.parametrize(
    "names", [{"a": "x", "b": "x"}, {"a": "b", "b": "c"}, {"a": "b", "b": "a"}, {"a": ""}, {"a": "a"}]
)
def test_names_that_hide_a_column_are_refused(names: dict[str, str]) -> None:
    with pytest.raises(ParameterError, match="give each column its own name"):
        Measure(output_mappings=names)
