"""What every step owes the engine that runs it and the people who use it."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest

from seedbed.errors import UsageError
from seedbed.tasks.rows import Row
from seedbed.tasks.steps import BaseStep, GeneratorStep, GlobalStep, Step
from seedbed.tasks.task import BaseTask
from seedbed.testing.base_step_contract import BaseStepContract
from seedbed.testing.contract import fact
from seedbed.testing.differences import first_difference, lacking
from seedbed.testing.file_watch import FileWatch
from seedbed.testing.step_bench import Outcome, StepBench
from seedbed.testing.trial import Trial


class StepContract(BaseStepContract):
    """What steps keep to: those that take rows one by one, all at once, or make them of nothing.

    Its one fact is the step, its class or its registered name:

        class TestKeepLanguage(StepContract):
            step = KeepLanguage

    `parameters` are what it is made with, `inputs` the rows that it works on: unless given, some that have
    the columns that it names. `rows` is how many a GeneratorStep is to make. A step may drop and multiply
    rows as it likes, but of some of the inputs there must be rows. A task has a contract of its own.
    """

    subject: ClassVar[str] = "the step"

    step: ClassVar[str | type[BaseStep]] = fact(
        "the step, by its class or by the name that it is registered under", "step = KeepLanguage"
    )
    inputs: ClassVar[Sequence[Row]] = ()
    rows: ClassVar[int] = 10

    @property
    def bench(self) -> StepBench:
        """What the tests try the step with."""
        bench = StepBench(self.step, self.parameters, self.inputs, self.rows, self.patience)
        if not issubclass(bench.cls, Step | GeneratorStep | GlobalStep) or issubclass(bench.cls, BaseTask):
            raise UsageError(
                f"'{bench.cls.__name__}' is no Step, GeneratorStep or GlobalStep",
                "tasks have the contract TaskContract",
            )
        return bench

    def plugin_class(self) -> type[BaseStep]:
        """Return the class of the step."""
        return self.bench.cls

    def made(self, **parameters: Any) -> BaseStep:
        """Return a new step with its parameters, and those given here beside them."""
        return self.bench.make(**parameters)

    def test_rows_are_made(self) -> None:
        """Of some of the inputs there are rows, and none fails: no other test would say anything."""
        trial = self.bench.attempt()
        if trial.of_kind("InvalidRowError"):
            pytest.skip("rows were refused: see test_rows_are_json")
        if trial.of_kind("MissingColumnError"):
            pytest.skip("rows lack columns: see test_rows_have_the_columns_promised")
        assert not trial.failures, trial.reasons
        assert trial.rows, f"no row is left: give `inputs` of which some stay\n{trial.reasons}"

    def test_rows_are_json(self) -> None:
        """Rows hold text, numbers, bool, None, lists and dictionaries, and what has one form in these.

        That is: dates, decimals, numpy scalars and the like. The engine refuses a row that holds others.
        """
        trial = self.bench.attempt()
        assert not trial.of_kind("InvalidRowError"), f"rows were refused\n{trial.reasons}"

    def test_files_that_it_reads_are_declared(self) -> None:
        """Whatever file the step reads is named by a parameter of a type for files, or told to `reads`.

        A run does not notice that any other has changed, and keeps rows that were made with the old one.
        """
        with FileWatch(self.made()) as watch:
            self.bench.attempt()
        assert not watch.undeclared, (
            "it opens files that no run knows of: "
            "name them by a FilePath, DirectoryPath or Files parameter, or open `self.reads(path)`"
        )

    def test_rows_have_the_columns_promised(self) -> None:
        """Each row has all of `outputs`: later steps are checked against them before anything is paid for."""
        trial = self.bench.attempt()
        broken = trial.of_kind("MissingColumnError")
        assert not broken, trial.reasons
        missing = lacking(self._good_trial().rows, self.made().columns)
        assert not missing, "columns of `outputs` are not in every row"

    def test_only_the_inputs_named_are_read(self) -> None:
        """Rows with no other columns than `inputs` are enough: a pipeline checks that these are there."""
        self._skip_unless_fed()
        self._good_trial()
        named = self.made().inputs
        inputs = [{column: row[column] for column in named} for row in self.bench.inputs or ()]
        trial = self.bench.attempt(inputs=inputs)
        assert not trial.failures, f"rows with no columns but {named} fail\n{trial.reasons}"

    def test_its_input_is_left_alone(self) -> None:
        """`process` does not change the rows that it is given: they may be somebody else's too."""
        self._skip_unless_fed()
        inputs = self.bench.inputs or []
        before = copy.deepcopy(inputs)
        self.bench.fed(inputs=inputs)
        difference = first_difference(before, inputs)
        assert not difference, f"a row was changed; copy it, {{**row, ...}}: {difference}"

    def test_the_same_rows_come_twice(self) -> None:
        """A new step makes the same of the same: what a run makes does not depend on when it is made."""
        difference = first_difference(self.bench.fed(), self.bench.fed())
        assert not difference, f"the second time it made other rows: {difference}"

    def test_a_row_alone_is_the_row_among_many(self) -> None:
        """What the last row becomes does not depend on those before it: a run that goes on leaves them out.

        A step that needs rows in their order says `ordered = True`.
        """
        if not self._takes_rows_apart():
            pytest.skip("the step may look at other rows: it is ordered, needs all, or takes none")
        self._skip_unless_deterministic()
        alone, among = self._alone_and_among()
        assert alone == among, "a row alone does not become what it becomes behind others"

    def test_its_state_is_built_anew(self) -> None:
        """Loaded again and fed again, an ordered step makes the same rows: `load` forgets what was before.

        A run that goes on feeds it all rows again, and a step may serve several runs.
        """
        self.skip_undeclared("ordered", self._is_ordered())
        self._skip_unless_deterministic()
        step = self.made()
        difference = first_difference(self.bench.fed(step), self.bench.fed(step))
        assert not difference, f"the second time it made other rows, so begin anew in `load`: {difference}"

    def test_no_rows_are_no_error(self) -> None:
        """No rows at all are no failure: all that came before may have been dropped."""
        self._skip_unless_fed()
        trial = self.bench.attempt(inputs=[])
        assert not trial.reasons, f"it fails without rows\n{trial.reasons}"

    def test_a_run_that_grows_comes_to_the_same_rows(self) -> None:
        """A run that is made longer, row by row, comes to what one session makes."""
        self._good_trial()
        self._skip_unless_deterministic()
        if self._takes_rows_apart() and first_difference(*self._alone_and_among()):
            pytest.skip("rows depend on others: see test_a_row_alone_is_the_row_among_many")
        whole, grown = self.bench.attempt(), self.bench.grown("grown")
        assert grown.stopped_by is None, f"it did not go on\n{grown.reasons}"
        difference = first_difference(whole.rows, grown.rows)
        assert not difference, f"the rows differ from those of one session: {difference}"

    def _good_trial(self) -> Trial:
        """Return what the inputs lead to; skip the running test where that is no row."""
        trial = self.bench.attempt()
        if trial.of_kind("MissingColumnError"):
            pytest.skip("rows lack columns: see test_rows_have_the_columns_promised")
        if not trial.rows:
            pytest.skip("no row is made: see test_rows_are_made and test_rows_are_json")
        return trial

    def _is_ordered(self) -> bool:
        cls = self.plugin_class()
        return issubclass(cls, Step) and cls.ordered

    def _takes_rows_apart(self) -> bool:
        return issubclass(self.plugin_class(), Step) and not self._is_ordered()

    def _alone_and_among(self) -> tuple[list[Outcome], list[Outcome]]:
        """Return what the last row becomes alone, and behind all others."""
        alone = self.bench.fed(inputs=(self.bench.inputs or [])[-1:])
        return alone, self.bench.fed()[-1:]

    def _skip_unless_fed(self) -> None:
        if not self.bench.takes_rows:
            pytest.skip("the step takes no rows")

    def _skip_unless_deterministic(self) -> None:
        """Skip what would fail only because rows are other ones each time."""
        if first_difference(self.bench.fed(), self.bench.fed()):
            pytest.skip("rows differ: see test_the_same_rows_come_twice")
