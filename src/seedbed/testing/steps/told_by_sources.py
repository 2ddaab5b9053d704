"""The contract of a source on what it says of its rows before they are made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from seedbed.pipeline.types import json_types
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.rows import Row
from seedbed.tasks.steps import GeneratorStep
from seedbed.testing.steps.step_process import StepProcessContract
from seedbed.testing.steps.trial import Trial

_JSON = {bool: "boolean", int: "number", float: "number", str: "string", type(None): "null", list: "array"}


class SourceFactsContract(StepProcessContract):
    """What a source says of its rows holds for the rows that it makes."""

    def test_rows_have_the_columns_that_it_knows(self) -> None:
        """A source's rows have no other columns than `column_types` says, with values of those types.

        A run goes by it before the first row is made: a wrong one has it refuse a pipeline that is right.
        """
        step = self.made()
        self.skip_undeclared("column_types", _knows_types(step))
        wrong = _wrong_types(step, self._good_trial().rows)
        assert not wrong, f"its `column_types` are wrong: {wrong}"

    def test_no_two_rows_have_one_place(self) -> None:
        """A source's `place_of` tells rows apart, once the source is loaded: messages name them by it."""
        step = self.made()
        self.skip_undeclared("place_of", _knows_places(step))
        shared = _shared_places(step, len(self._good_trial().rows))
        assert not shared, f"several rows have these places: {', '.join(shared)}"

    def _good_trial(self) -> Trial:
        """Return the trial with the inputs; skip the running test if it makes no row."""
        trial = self.bench.attempt()
        if trial.of_kind("MissingColumnError"):
            pytest.skip("rows lack columns: see test_rows_have_the_columns_promised")
        if not trial.rows:
            pytest.skip("no row is made: see test_rows_are_made and test_rows_are_json")
        return trial


def _knows_types(step: BaseStep) -> bool:
    """Whether it's a source that knows the columns of its rows."""
    return isinstance(step, GeneratorStep) and step.column_types() is not None


def _wrong_types(step: BaseStep, rows: Sequence[Row]) -> str:
    """Return the first column or value of rows that `column_types` doesn't allow; empty if there's none."""
    assert isinstance(step, GeneratorStep)
    types = step.column_types() or {}
    named = {step.output_mappings.get(name, name): kind for name, kind in types.items()}
    allowed = {name: json_types(kind) for name, kind in named.items() if kind is not None}
    for number, row in enumerate(rows):
        for name, value in row.items():
            if name not in named:
                return f"row {number} has a column {name!r}, and they don't name it"
            kinds = allowed.get(name, set())
            if kinds and "" not in kinds and _JSON.get(type(value), "object") not in kinds:
                return f"row {number} has {value!r} in {name!r}, and they say {' or '.join(sorted(kinds))}"
    return ""


def _knows_places(step: BaseStep) -> bool:
    """Whether it's a source that says what its rows are called."""
    return isinstance(step, GeneratorStep) and type(step).place_of is not GeneratorStep.place_of


def _shared_places(step: BaseStep, count: int) -> list[str]:
    """Return what a source calls more than one of its first `count` rows."""
    assert isinstance(step, GeneratorStep)
    step.load()
    try:
        places = Counter(step.place_of(number) for number in range(count))
    finally:
        step.unload()
    return [place for place, times in places.items() if place and times > 1]
