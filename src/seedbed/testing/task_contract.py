"""What every task owes the engine that runs it and the people who use it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar, cast

import pytest

from seedbed.errors import UsageError
from seedbed.llm.request import Request
from seedbed.llm.response import Choice, Response
from seedbed.tasks.generator_task import GeneratorTask
from seedbed.tasks.rows import Row
from seedbed.tasks.task import BaseTask
from seedbed.testing.base_step_contract import BaseStepContract
from seedbed.testing.contract import fact
from seedbed.testing.differences import first_difference, lacking
from seedbed.testing.file_watch import FileWatch
from seedbed.testing.plausible import plausible_answer
from seedbed.testing.scripts import ReversingScript, Spoil
from seedbed.testing.step_bench import Outcome
from seedbed.testing.task_bench import TaskBench, Variables
from seedbed.testing.trial import Trial
from seedbed.testing.watching import watch_changes

_PLACE = 7


class TaskContract(BaseStepContract):
    """What tasks keep to: those that make rows, at all three levels, and those that work on rows.

    Its one fact is the task, its class or its registered name:

        class TestHaiku(TaskContract):
            task = Haiku

    `parameters` are what it is made with, `inputs` the rows that it works on: unless given, some that have
    the columns that it names. `answer(request)` is what the model says: unless overridden, twelve words, or
    JSON that fits the schema. `seeded` says whether another seed draws other variables, `rows` how many are
    made, `most_calls` how many calls one row may make.
    """

    subject: ClassVar[str] = "the task"

    task: ClassVar[str | type[BaseTask]] = fact(
        "the task, by its class or by the name that it is registered under", "task = Haiku"
    )
    inputs: ClassVar[Sequence[Row]] = ()
    seeded: ClassVar[bool] = True
    rows: ClassVar[int] = 10
    most_calls: ClassVar[int] = 50

    def answer(self, request: Request) -> str | Response:
        """Return what the model says, as a text or a Response; a function of the request alone."""
        return plausible_answer(request)

    @property
    def bench(self) -> TaskBench:
        """What the tests try the task with."""
        facts = (self.task, self.parameters, self.inputs, self.rows, self.patience)
        bench = TaskBench(*facts, self.answer, self.most_calls)
        if not issubclass(bench.cls, BaseTask):
            raise UsageError(f"'{bench.cls.__name__}' is no task", "steps have the contract StepContract")
        return bench

    def plugin_class(self) -> type[BaseTask]:
        """Return the class of the task."""
        return cast(type[BaseTask], self.bench.cls)

    def made(self, **parameters: Any) -> BaseTask:
        """Return a new task with its parameters, and those given here beside them."""
        return self.bench.make(**parameters)

    def test_it_asks_nobody_before_rows_are_wanted(self) -> None:
        """Making and loading a task calls no model: whoever looks at it, or checks it, has not paid for that.

        That importing it calls none either is a test of PackageContract.
        """
        script = self.bench.script()
        task = self.bench.make(script)
        task.load()
        task.unload()
        assert script.count == 0, "the model was asked before any row was wanted"

    def test_rows_are_made(self) -> None:
        """Where the model answers as `answer` does, rows come of it: no other test would say anything.

        A row that asks the model more than `most_calls` times is taken for one that never ends.
        """
        script = self.bench.script()
        trial = self.bench.run(script)
        assert not script.endless, f"a row asked the model more than {self.most_calls} times"
        assert trial.rows or _only_invalid_rows(trial), _no_row(trial)

    def test_rows_are_json(self) -> None:
        """Rows hold text, numbers, bool, None, lists and dictionaries, and what has one form in these.

        That is: dates, decimals, numpy scalars and the like. The engine refuses a row that holds others.
        """
        trial = self.bench.run()
        assert not trial.of_kind("InvalidRowError"), f"rows were refused\n{trial.reasons}"

    def test_files_that_it_reads_are_declared(self) -> None:
        """Whatever file the task reads is named by a parameter of a type for files, or told to `reads`.

        A run does not notice that any other has changed, and keeps rows that were made with the old one.
        """
        with FileWatch(self.made()) as watch:
            self.bench.run()
        assert not watch.undeclared, (
            "it opens files that no run knows of: "
            "name them by a FilePath, DirectoryPath or Files parameter, or open `self.reads(path)`"
        )

    def test_rows_have_the_columns_promised(self) -> None:
        """Each row has all of `outputs`: later steps are checked against them before anything is paid for."""
        assert not (tried := self.bench.run()).of_kind("MissingColumnError"), tried.reasons
        trial = self._good_trial()
        missing = lacking(trial.rows, self.made().columns)
        assert not missing, "columns of `outputs` are not in every row"

    def test_only_the_inputs_named_are_read(self) -> None:
        """A row with no other columns than `inputs` is enough: a pipeline checks that these are there."""
        if not self.bench.takes_rows:
            pytest.skip("the task takes no rows")
        good = self._good_trial()
        named = self.made().inputs
        inputs = [{column: row[column] for column in named} for row in self.bench.inputs or ()]
        trial = self.bench.run(inputs=inputs)
        assert len(trial.failures) <= len(good.failures), f"with {named} alone rows fail\n{trial.reasons}"

    def test_the_same_seed_draws_the_same_variables(self) -> None:
        """What `sample` draws depends on seed and index alone, in whatever order indices are asked for.

        Rows are made concurrently, and made again when a run goes on. Draw with `rng`, and nothing else.
        """
        self._skip_unless_drawn()
        difference = first_difference(*self._drawn_twice())
        assert not difference, f"the same seed drew other variables the second time: {difference}"

    def test_another_seed_draws_other_variables(self) -> None:
        """With another seed a run makes other rows: a second dataset would repeat the first.

        A task that goes through a list says `seeded = False`.
        """
        self._skip_unless_drawn()
        self.skip_undeclared("seeded", self.seeded)
        self._skip_unless_deterministic()
        bench = self.bench
        drawn = [bench.variables(bench.indices, seed) for seed in range(3)]
        assert drawn[0] != drawn[1] or drawn[0] != drawn[2], (
            "every seed draws the same variables: draw with `rng`, or say seeded = False"
        )

    def test_a_row_alone_is_the_row_among_many(self) -> None:
        """Row 7 made by itself is row 7 made behind seven others: nothing is carried from row to row.

        Resuming, retrying and concurrency rest on that.
        """
        if not self.bench.makes_rows_apart:
            pytest.skip("the task has `feedback`, or a `process` of its own: rows may depend on earlier ones")
        self._good_trial()
        self._skip_unless_deterministic()
        alone, among = self._alone_and_among()
        assert alone == among, "a row made alone is not what it is behind others"

    def test_rows_do_not_depend_on_what_runs_beside_them(self) -> None:
        """Rows that are under way together, and answered in reverse order, are what they are one by one.

        A task that keeps something of one row in itself until its answer comes finds that of another row.
        """
        if not self._makes_rows_together():
            pytest.skip("the task has a `process` of its own, which makes one row after the other")
        alone = self._good_trial()
        self._skip_unless_independent()
        difference = first_difference(alone.rows, self._rows_beside_others())
        assert not difference, f"beside others rows are other ones: {difference}"

    def test_an_interrupted_run_goes_on_to_the_same_rows(self) -> None:
        """A run that is cut off again and again, and goes on each time, comes to what one session makes."""
        whole = self._good_trial()
        self._skip_unless_independent()
        if self._makes_rows_together() and first_difference(whole.rows, self._rows_beside_others()):
            pytest.skip("rows mix: see test_rows_do_not_depend_on_what_runs_beside_them")
        parts = self.bench.interrupted("interrupted", whole.calls)
        assert parts.stopped_by is None, f"it did not go on\n{parts.reasons}"
        assert not parts.interrupted, "it never came to an end"
        difference = first_difference(whole.rows, parts.rows)
        assert not difference, f"the rows differ from those of one session: {difference}"

    def test_a_malformed_answer_harms_its_row_alone(self) -> None:
        """An answer in no form that was asked for is a row, a rejection or a typed failure of that row."""
        self._check_spoilt(lambda good: Choice(text='Sure, here it is: {"'))

    def test_an_empty_answer_harms_its_row_alone(self) -> None:
        """An answer of no characters, as small models give, is no row without its columns, and no crash."""
        self._check_spoilt(lambda good: Choice(text=""))

    def test_an_answer_without_text_harms_its_row_alone(self) -> None:
        """An answer whose text is None, as with calls of tools, is a row, a rejection or a typed failure."""
        self._check_spoilt(lambda good: Choice(text=None))

    def test_a_refusal_harms_its_row_alone(self) -> None:
        """An answer that the provider's filter withheld (`content_filter`) fails one row and not the run."""
        self._check_spoilt(lambda good: Choice(text="I cannot help.", finish_reason="content_filter"))

    def test_a_truncated_answer_harms_its_row_alone(self) -> None:
        """Half of a good answer (`length`) is a row, a rejection or a typed failure of that row."""
        self._check_spoilt(_half)

    def test_its_input_is_left_alone(self) -> None:
        """`format_input`, `format_output`, `generate_row` and `process` change neither row nor variables.

        What they changed would be in the row's other generations, and where an answer is asked again.
        """
        task = self.made()
        changes = watch_changes(task, "format_input", "format_output", "generate_row", "process")
        self.bench.attempt(task)
        assert not changes, "these methods change their input; copy it: {**input, ...}"

    def _good_trial(self) -> Trial:
        """Return what good answers lead to, row by row; skip the running test where that is no row."""
        script = self.bench.script()
        trial = self.bench.run(script, concurrency=1)
        if script.endless or not trial.rows:
            pytest.skip("no row is made: see test_rows_are_made and test_rows_are_json")
        return trial

    def _skip_unless_drawn(self) -> None:
        cls = self.plugin_class()
        if not (self.bench.is_sampled and issubclass(cls, GeneratorTask)):
            pytest.skip("the task draws no variables: it takes rows, or has a `process` of its own")
        if cls.sample is GeneratorTask.sample:
            pytest.skip("the task draws no variables: it has no `sample` of its own")

    def _skip_unless_deterministic(self) -> None:
        """Skip what would fail only because variables are other ones each time."""
        if self.bench.is_sampled and first_difference(*self._drawn_twice()):
            pytest.skip("variables differ: see test_the_same_seed_draws_the_same_variables")

    def _skip_unless_independent(self) -> None:
        """Skip what would fail only because something is carried from row to row."""
        self._skip_unless_deterministic()
        if not self._is_independent():
            pytest.skip("rows depend on others: see test_a_row_alone_is_the_row_among_many")

    def _drawn_twice(self) -> tuple[list[Variables], list[Variables]]:
        """Return what is drawn for each index, in their order and in the reverse order."""
        bench = self.bench
        places = bench.indices
        forth, back = bench.variables(places), bench.variables(places[::-1])
        return [forth[place] for place in places], [back[place] for place in places]

    def _alone_and_among(self) -> tuple[Outcome, Outcome]:
        """Return a row made alone, and the same one made behind others."""
        places = self.bench.places()[: _PLACE + 1]
        return self.bench.outcomes(places[-1:])[-1], self.bench.outcomes(places)[-1]

    def _makes_rows_together(self) -> bool:
        """Whether several rows may be under way at once."""
        return self.bench.is_sampled or self.bench.takes_rows

    def _rows_beside_others(self) -> list[Row]:
        """Return the rows where the answers of those under way together come in reverse order."""
        return self.bench.run(ReversingScript(self.answer, self.most_calls)).rows

    def _is_independent(self) -> bool:
        """Whether a row is the same behind others, as far as it is said to be."""
        if not self.bench.makes_rows_apart:
            return True
        alone, among = self._alone_and_among()
        return alone == among

    def _check_spoilt(self, spoil: Spoil) -> None:
        """Check what becomes of a row all of whose answers are spoilt, and of the other rows."""
        good = self._good_trial()
        script, trial = self.bench.spoilt(spoil, place=min(1, len(good.made) - 1))
        if script.spoilt is None:
            pytest.skip("the task asks for one row alone")
        assert not script.endless, f"the row asked the model more than {self.most_calls} times: it never ends"
        assert trial.stopped_by is None, f"the whole run stopped\n{trial.reasons}"
        assert not trial.untyped, f"the failure is no error of Seedbed\n{trial.reasons}"
        assert not trial.ended_early, f"the rows behind it are lost\n{trial.reasons}"
        columns = self.made().columns
        if not lacking(good.rows, columns):
            assert not lacking(trial.rows, columns), "a row lacks columns of `outputs`"
        if self.bench.makes_rows_apart and self._is_independent():
            assert not trial.harmed(good, but=script.spoilt), f"other rows came to harm\n{trial.reasons}"


def _only_invalid_rows(trial: Trial) -> bool:
    return bool(trial.failures) and trial.failures == trial.of_kind("InvalidRowError", "MissingColumnError")


def _no_row(trial: Trial) -> str:
    if not trial.reasons:
        return "no row was made, and none failed or was rejected: the task gave None, or no row, each time"
    return f"no row was made; does `answer` say what the task can use?\n{trial.reasons}"


def _half(good: Choice) -> Choice:
    text = good.text
    return replace(good, text=text and text[: len(text) // 2], finish_reason="length")
