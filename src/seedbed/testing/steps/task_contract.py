"""The contract of a task: what the engine and the task's users can rely on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, cast

import pytest

from seedbed.errors import UsageError
from seedbed.llm.response import Choice
from seedbed.tasks.base_task import BaseTask
from seedbed.tasks.rows import Row
from seedbed.testing.contract import fact
from seedbed.testing.differences import first_difference, lacking
from seedbed.testing.steps.asking_contract import AskingContract
from seedbed.testing.steps.file_watch import FileWatch
from seedbed.testing.steps.scripts import Spoil
from seedbed.testing.steps.spoilt_answers import check_spoilt, half
from seedbed.testing.steps.step_bench import Outcome
from seedbed.testing.steps.task_bench import TaskBench
from seedbed.testing.steps.trial import Trial
from seedbed.testing.steps.watching import watch_changes


class TaskContract(AskingContract):
    """What Seedbed expects of every task: generator tasks at all three levels, and tasks over rows.

    You give one fact, the task, by its class or its registered name:

        class TestHaiku(TaskContract):
            task = Haiku

    `parameters` are the task's parameters. `inputs` are the rows it works on; by default the contract makes
    some with the columns in `task.inputs`. `answer(request)` is what the model answers; by default twelve
    words, or JSON that fits the schema. `seeded` says whether another seed samples other variables, `rows`
    how many rows to make, `most_calls` how many calls one row may make.
    """

    subject: ClassVar[str] = "the task"

    task: ClassVar[str | type[BaseTask]] = fact(
        "the task, by its class or by the name that it is registered under", "task = Haiku"
    )
    inputs: ClassVar[Sequence[Row]] = ()
    rows: ClassVar[int] = 10

    @property
    def bench(self) -> TaskBench:
        """The bench on which the tests run the task."""
        facts = (self.task, self.parameters, self.inputs, self.rows, self.patience)
        bench = TaskBench(*facts, self.answer, self.most_calls)
        if not issubclass(bench.cls, BaseTask):
            raise UsageError(f"'{bench.cls.__name__}' is not a task", "for a step, use StepContract")
        return bench

    def plugin_class(self) -> type[BaseTask]:
        """Return the class of the task."""
        return cast(type[BaseTask], self.bench.cls)

    def made(self, **parameters: Any) -> BaseTask:
        """Return a new task with its parameters, and with those given here."""
        return self.bench.make(**parameters)

    def test_rows_are_made(self) -> None:
        """With the model's `answer`, the task makes rows; without rows, the other tests prove nothing.

        A row that asks the model more than `most_calls` times counts as endless.
        """
        trial, endless, _ = self._made_well()
        assert not endless, (
            f"a row asked the model more than {self.most_calls} times: "
            "end its loop, or raise the fact `most_calls`"
        )
        assert trial.rows or _only_invalid_rows(trial), _no_row(trial)

    def test_rows_are_json(self) -> None:
        """Rows hold text, numbers, bool, None, lists, dictionaries, or values that convert to these.

        Dates, decimals, numpy scalars and the like convert. The engine refuses a row with any other value.
        """
        trial = self._made_well().trial
        assert not trial.of_kind("InvalidRowError"), f"rows were refused\n{trial.reasons}"

    def test_files_that_it_reads_are_declared(self) -> None:
        """Each file that the task reads is named by a parameter of a file type, or passed to `self.reads`.

        If any other file changes, a run doesn't notice, and keeps rows made from the old content.
        """
        with FileWatch(self.made()) as watch:
            self.bench.run()
        assert not watch.undeclared, (
            "it opens files that a run doesn't know about: "
            "name them with a FilePath, DirectoryPath or Files parameter, or open `self.reads(path)`"
        )

    def test_rows_have_the_columns_promised(self) -> None:
        """Each row has all columns in `outputs`: before a run, steps downstream are checked against them."""
        assert not (tried := self._made_well().trial).of_kind("MissingColumnError"), tried.reasons
        trial = self._good_trial()
        missing = lacking(trial.rows, self.made().columns)
        assert not missing, (
            "some rows lack these columns of `outputs`: fill them, or take them out of `outputs`"
        )

    def test_each_generation_makes_its_rows(self) -> None:
        """With `num_generations=2`, a row makes twice as many rows, or the parameter is refused.

        `generate_row` makes one generation and is called for each, so it leaves `num_generations` alone.
        """
        once, twice = self._generations(1), self._generations(2)
        if once is None or twice is None:
            pytest.skip("the task makes its generations itself, or refuses more than one")
        made = [(one, two) for one, two in zip(once, twice, strict=True) if isinstance(one, list)]
        odd = [
            (len(one), len(two)) for one, two in made if isinstance(two, list) and len(two) != 2 * len(one)
        ]
        assert not odd, (
            f"with num_generations=2, a row makes {odd[0][1]} rows, not {2 * odd[0][0]}: "
            "`generate_row` is called for each generation, so make the rows of one"
        )

    def test_only_the_inputs_named_are_read(self) -> None:
        """A row with only the columns in `inputs` is enough: a pipeline checks that these exist."""
        if not self.bench.takes_rows:
            pytest.skip("the task takes no rows")
        good = self._good_trial()
        named = self.made().inputs
        inputs = [{column: row[column] for column in named} for row in self.bench.inputs or ()]
        trial = self.bench.run(inputs=inputs)
        assert len(trial.failures) <= len(good.failures), (
            f"rows with only the columns {named} fail: add to `inputs` what the task reads\n{trial.reasons}"
        )

    def test_a_row_alone_is_the_row_among_many(self) -> None:
        """Row 7 made alone equals row 7 made after seven others: the task carries nothing from row to row.

        Resuming, retrying and concurrency rely on this.
        """
        if not self.bench.makes_rows_apart:
            pytest.skip("the task has `feedback`, or a `process` of its own: rows may depend on earlier ones")
        self._good_trial()
        self._skip_unless_deterministic()
        alone, among = self.bench.alone_and_among()
        assert alone == among, "a row made alone differs from the same row made after others: keep no state"

    def test_rows_do_not_depend_on_what_runs_beside_them(self) -> None:
        """Rows in flight together, answered in reverse order, are the same as rows made one at a time.

        If a task keeps something of a row on `self` until its answer comes, it finds that of another row.
        """
        if not self.bench.makes_rows_together:
            pytest.skip("the task has a `process` of its own, which makes one row after the other")
        alone = self._good_trial()
        self._skip_unless_independent()
        difference = first_difference(alone.rows, self.bench.rows_in_reverse())
        assert not difference, (
            f"rows change when others are in flight, so keep nothing of a row on `self`: {difference}"
        )

    def test_an_interrupted_run_goes_on_to_the_same_rows(self) -> None:
        """A run that is interrupted again and again, and resumed each time, makes the rows of one session."""
        whole = self._good_trial()
        self._skip_unless_independent()
        if self.bench.makes_rows_together and first_difference(whole.rows, self.bench.rows_in_reverse()):
            pytest.skip("rows mix: see test_rows_do_not_depend_on_what_runs_beside_them")
        parts = self.bench.interrupted("interrupted", whole.calls)
        assert parts.stopped_by is None, f"the run did not resume\n{parts.reasons}"
        assert not parts.interrupted, "the resumed run never finished"
        difference = first_difference(whole.rows, parts.rows)
        assert not difference, f"the rows of the resumed run differ from those of one session: {difference}"

    def test_a_malformed_answer_harms_its_row_alone(self) -> None:
        """A malformed answer makes a row, is rejected, or fails that row with a typed error."""
        self._check_spoilt(lambda good: Choice(text='Sure, here it is: {"'))

    def test_an_empty_answer_harms_its_row_alone(self) -> None:
        """An empty answer, as small models give, doesn't crash, and makes no row without its columns."""
        self._check_spoilt(lambda good: Choice(text=""))

    def test_an_answer_without_text_harms_its_row_alone(self) -> None:
        """An answer with text None, as for tool calls, makes a row, is rejected, or fails that row only."""
        self._check_spoilt(lambda good: Choice(text=None))

    def test_a_refusal_harms_its_row_alone(self) -> None:
        """An answer that the provider's filter blocked (`content_filter`) fails one row, not the run."""
        self._check_spoilt(lambda good: Choice(text="I cannot help.", finish_reason="content_filter"))

    def test_a_refusal_in_words_harms_its_row_alone(self) -> None:
        """An answer such as "I'm sorry, but I can't" makes a row, is rejected, or fails that row only."""
        self._check_spoilt(lambda good: Choice(text="I'm sorry, but I can't help with that."))

    def test_a_truncated_answer_harms_its_row_alone(self) -> None:
        """Half of a good answer (`length`) makes a row, is rejected, or fails that row with a typed error."""
        self._check_spoilt(half)

    def test_its_input_is_left_alone(self) -> None:
        """`format_input`, `format_output`, `generate_row` and `process` don't change the row they get.

        Whoever reads the code would expect the changes in the task's rows, which keep what came with the row.
        """
        task = self.made()
        changes = watch_changes(task, "format_input", "format_output", "generate_row", "process")
        self.bench.attempt(task)
        assert not changes, "these methods change their input; copy it: {**input, ...}"

    def _generations(self, count: int) -> list[Outcome] | None:
        """Return what the first rows are with so many generations; None if that's refused."""
        if not self.bench.is_sampled and not self.bench.takes_rows:
            return None
        try:
            return self.bench.outcomes(self.bench.places()[:3], num_generations=count)
        except UsageError:
            return None

    def _skip_unless_independent(self) -> None:
        """Skip a test that would only fail because the task carries something from row to row."""
        self._skip_unless_deterministic()
        if not self.bench.is_independent():
            pytest.skip("rows depend on others: see test_a_row_alone_is_the_row_among_many")

    def _check_spoilt(self, spoil: Spoil) -> None:
        check_spoilt(self.bench, self._good_trial(), spoil, is_independent=self.bench.is_independent)


def _only_invalid_rows(trial: Trial) -> bool:
    return bool(trial.failures) and trial.failures == trial.of_kind("InvalidRowError", "MissingColumnError")


def _no_row(trial: Trial) -> str:
    if not trial.reasons:
        return "no row was made, and none failed or was rejected: the task returned no row each time"
    return f"no row was made: have `answer` return what the task can use\n{trial.reasons}"
