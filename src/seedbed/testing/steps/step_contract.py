"""The contract of a step: what the engine and the step's users can rely on."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest

from seedbed.engine.backend_fields import backends_in
from seedbed.errors import UsageError
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.base_task import BaseTask
from seedbed.tasks.columns.final_columns import many_of
from seedbed.tasks.rows import Row
from seedbed.tasks.steps import GeneratorStep, GlobalStep, Step
from seedbed.testing.contract import fact
from seedbed.testing.differences import first_difference, lacking
from seedbed.testing.steps.file_watch import FileWatch
from seedbed.testing.steps.other_process import as_kept, made_elsewhere
from seedbed.testing.steps.step_bench import Outcome, StepBench, one_outcome
from seedbed.testing.steps.told_by_sources import SourceFactsContract


class StepContract(SourceFactsContract):
    """What Seedbed expects of every step: over single rows, over all rows, or a source of rows.

    You give one fact, the step, by its class or its registered name:

        class TestKeepLanguage(StepContract):
            step = KeepLanguage

    `parameters` are the step's parameters. `inputs` are the rows it works on; by default the contract makes
    some with the columns in `step.inputs`. `rows` is how many rows a GeneratorStep makes. A step may drop and
    multiply rows, but some inputs must become rows. For a task, use TaskContract.
    """

    subject: ClassVar[str] = "the step"

    step: ClassVar[str | type[BaseStep]] = fact(
        "the step, by its class or by the name that it is registered under", "step = KeepLanguage"
    )
    inputs: ClassVar[Sequence[Row]] = ()
    rows: ClassVar[int] = 10

    @property
    def bench(self) -> StepBench:
        """The bench on which the tests run the step."""
        bench = StepBench(self.step, self.parameters, self.inputs, self.rows, self.patience)
        if not issubclass(bench.cls, Step | GeneratorStep | GlobalStep) or issubclass(bench.cls, BaseTask):
            raise UsageError(
                f"'{bench.cls.__name__}' is not a Step, GeneratorStep or GlobalStep",
                "for a task, use TaskContract",
            )
        return bench

    def plugin_class(self) -> type[BaseStep]:
        """Return the class of the step."""
        return self.bench.cls

    def made(self, **parameters: Any) -> BaseStep:
        """Return a new step with its parameters, and with those given here."""
        return self.bench.make(**parameters)

    def test_rows_are_made(self) -> None:
        """Some inputs become rows, and none fails; without rows, the other tests prove nothing."""
        trial = self.bench.attempt()
        if trial.of_kind("InvalidRowError"):
            pytest.skip("rows were refused: see test_rows_are_json")
        if trial.of_kind("MissingColumnError"):
            pytest.skip("rows lack columns: see test_rows_have_the_columns_promised")
        assert not trial.failures, trial.reasons
        assert trial.rows, f"no row is left: give `inputs` that the step doesn't drop\n{trial.reasons}"

    def test_rows_are_json(self) -> None:
        """Rows hold text, numbers, bool, None, lists, dictionaries, or values that convert to these.

        Dates, decimals, numpy scalars and the like convert. The engine refuses a row with any other value.
        """
        trial = self.bench.attempt()
        assert not trial.of_kind("InvalidRowError"), f"rows were refused\n{trial.reasons}"

    def test_files_that_it_reads_are_declared(self) -> None:
        """Each file that the step reads is named by a parameter of a file type, or passed to `self.reads`.

        If any other file changes, a run doesn't notice, and keeps rows made from the old content.
        """
        with FileWatch(self.made()) as watch:
            self.bench.attempt()
        assert not watch.undeclared, (
            "it opens files that a run doesn't know about: "
            "name them with a FilePath, DirectoryPath or Files parameter, or open `self.reads(path)`"
        )

    def test_rows_have_the_columns_promised(self) -> None:
        """Each row has all columns in `outputs`: before a run, steps downstream are checked against them."""
        trial = self.bench.attempt()
        broken = trial.of_kind("MissingColumnError")
        assert not broken, trial.reasons
        missing = lacking(self._good_trial().rows, self.made().columns)
        assert not missing, (
            "some rows lack these columns of `outputs`: fill them, or take them out of `outputs`"
        )

    def test_the_columns_that_it_keeps_are_kept(self) -> None:
        """If `keeps` is True, a row has all columns that it came with but those in `removes`.

        A pipeline is checked by it before the run: steps downstream may need them.
        """
        self._skip_unless_fed()
        step = self.made()
        self.skip_undeclared("keeps", step.keeps)
        lost, removed = self.bench.lost_columns(step), {*step.removes}
        more = sorted({*lost} - removed)
        assert not more, (
            f"`keeps` is True, and rows lost {more}: return {{**row, ...}}, name them in `removes`, "
            "or set keeps = False"
        )
        there = sorted(removed - {*lost})
        assert not there, f"rows still have the columns {there} of `removes`"

    def test_only_the_inputs_named_are_read(self) -> None:
        """Rows with only the columns in `inputs` are enough: a pipeline checks that these exist."""
        self._skip_unless_fed()
        self._good_trial()
        named = self.made().inputs
        inputs = [{column: row[column] for column in named} for row in self.bench.inputs or ()]
        trial = self.bench.attempt(inputs=inputs)
        assert not trial.failures, f"rows with only the columns {named} fail\n{trial.reasons}"

    def test_its_input_is_left_alone(self) -> None:
        """`process` doesn't change the rows it gets: other steps may use them too."""
        self._skip_unless_fed()
        inputs = self.bench.inputs or []
        before = copy.deepcopy(inputs)
        self.bench.fed(inputs=inputs)
        difference = first_difference(before, inputs)
        assert not difference, f"a row was changed; copy it, {{**row, ...}}: {difference}"

    def test_the_same_rows_come_twice(self) -> None:
        """A new step turns the same rows into the same rows; a run's result doesn't depend on the time."""
        difference = first_difference(self.fed(), self.fed())
        assert not difference, f"the second time it made other rows, so seed what is random: {difference}"

    def test_another_process_makes_the_same_rows(self) -> None:
        """The same rows become the same rows in another process: a run that resumes may make them again.

        `hash` of a text and the order of a set of texts differ from process to process.
        """
        self._skip_unless_deterministic()
        if backends_in(self.made()):
            pytest.skip("the step asks a model")
        difference = first_difference(self.fed(), made_elsewhere(self, "fed"))
        assert not difference, (
            "another process makes other rows: sort what comes from a set, don't use `hash`, "
            f"and keep nothing in the class or its module: {difference}"
        )

    def test_two_steps_of_a_pipeline_share_nothing(self) -> None:
        """A second step of the class makes the rows that it makes alone: it keeps its state on `self`.

        One pipeline may have two of them, and two runs may go on at the same time.
        """
        self.skip_undeclared("ordered", self._is_ordered())
        self._skip_unless_deterministic()
        difference = first_difference(*self.bench.fed_in_turn())
        assert not difference, f"the second step finds what the first has kept: {difference}"

    def test_a_row_alone_is_the_row_among_many(self) -> None:
        """What the last row becomes doesn't depend on earlier rows: a resumed run skips these.

        If the step needs rows in order, set `ordered = True`.
        """
        if not self._takes_rows_apart():
            pytest.skip("the step may look at other rows: it is ordered, needs all, or takes none")
        self._skip_unless_deterministic()
        alone, among = self._alone_and_among()
        assert alone == among, (
            "a row becomes something else after other rows: keep no state, or set ordered = True"
        )

    def test_many_rows_at_once_become_what_each_becomes_alone(self) -> None:
        """`process_many` makes the rows of `process`, in their order, or returns the `Reject` that it raises.

        A run calls it where it has many rows at hand, and `process` everywhere else.
        """
        step = self.made()
        many = many_of(step) if isinstance(step, Step) else None
        self.skip_undeclared("process_many", many is not None)
        assert isinstance(step, Step)
        assert many is not None
        assert step.repeatable, "a run never calls it: set repeatable = True, or leave it out"
        alone = self.bench.alone(step)
        together = [one_outcome(made) for made in many([copy.deepcopy(row) for row, _ in alone])]
        difference = first_difference([outcome for _, outcome in alone], together)
        assert not difference, f"`process_many` makes something else than `process`: {difference}"
        given = [row for row, _ in alone]
        before = copy.deepcopy(given)
        made = [*many(given)]
        difference = first_difference(before, given)
        assert not difference, f"`process_many` changes a row that it gets; copy it: {difference}"
        _ = [*many(copy.deepcopy(given))]
        difference = first_difference(together, map(one_outcome, made))
        assert not difference, f"`process_many` changes a row that it has returned; copy it: {difference}"

    def test_its_state_is_built_again(self) -> None:
        """Loaded again and fed again, an ordered step makes the same rows: `load` resets its state.

        A resumed run gives it all rows again, and several runs can use one step.
        """
        self.skip_undeclared("ordered", self._is_ordered())
        self._skip_unless_deterministic()
        step = self.made()
        difference = first_difference(self.bench.fed(step), self.bench.fed(step))
        assert not difference, (
            f"the second time it made other rows, so reset its state in `load`: {difference}"
        )

    def test_it_keeps_no_row_that_it_does_not_want(self) -> None:
        """A step whose `rows_wanted` is 0 keeps no later row; each row takes at most one from that number.

        A run ends there, and before that has no more rows in flight than are wanted.
        """
        self.skip_undeclared("rows_wanted", self._bounds_its_rows())
        assert self._is_ordered(), "only an ordered step can know which rows are the last: set ordered = True"
        before, *others = self.bench.wanted()
        for number, after in enumerate(others):
            kept = isinstance(after.outcome, list) and bool(after.outcome)
            where = f"row {number}: it wanted {before.rows} rows, and then {after.rows}"
            if before.rows is not None:
                assert after.rows is not None, f"a number of rows stays one; {where}"
                assert before.rows - 1 <= after.rows <= before.rows, f"a row takes at most one; {where}"
                assert before.rows or not kept, f"it kept a row that it doesn't want; {where}"
            before = after

    def test_no_rows_are_no_error(self) -> None:
        """A run without any rows doesn't fail: steps upstream may have dropped all of them."""
        self._skip_unless_fed()
        trial = self.bench.attempt(inputs=[])
        assert not trial.reasons, f"it fails if there are no rows\n{trial.reasons}"

    def test_a_run_that_grows_comes_to_the_same_rows(self) -> None:
        """A run that is extended row by row makes the same rows as one session."""
        self._good_trial()
        self._skip_unless_deterministic()
        if self.bench.is_seekable and any(wanted != found for _, wanted, found in self.bench.from_offsets()):
            pytest.skip("see test_it_begins_where_it_is_told")
        if self._takes_rows_apart() and first_difference(*self._alone_and_among()):
            pytest.skip("rows depend on others: see test_a_row_alone_is_the_row_among_many")
        whole, grown = self.bench.attempt(), self.bench.grown("grown")
        assert grown.stopped_by is None, f"the run did not resume\n{grown.reasons}"
        difference = first_difference(whole.rows, grown.rows)
        assert not difference, f"the rows of the extended run differ from those of one session: {difference}"

    def test_it_begins_where_it_is_told(self) -> None:
        """A source with `seekable = True` yields from each offset what comes there; after its end, nothing.

        A run that has all rows but hasn't ended begins there; if the source began again, they'd come twice.
        """
        self.skip_undeclared("seekable", self.bench.is_seekable)
        self._skip_unless_deterministic()
        for offset, wanted, found in self.bench.from_offsets():
            difference = first_difference(wanted, found)
            assert not difference, f"from `offset` {offset} on it makes other rows: {difference}"

    def fed(self) -> list[object]:
        """Return what the step makes of its inputs, as a run would keep it."""
        return as_kept(self.bench.fed())

    def _is_ordered(self) -> bool:
        cls = self.plugin_class()
        return issubclass(cls, Step) and cls.ordered

    def _bounds_its_rows(self) -> bool:
        cls = self.plugin_class()
        return issubclass(cls, Step) and cls.rows_wanted is not Step.rows_wanted

    def _takes_rows_apart(self) -> bool:
        return issubclass(self.plugin_class(), Step) and not self._is_ordered()

    def _alone_and_among(self) -> tuple[list[Outcome], list[Outcome]]:
        """Return what the last row becomes alone, and after all others."""
        alone = self.bench.fed(inputs=(self.bench.inputs or [])[-1:])
        return alone, self.bench.fed()[-1:]

    def _skip_unless_fed(self) -> None:
        if not self.bench.takes_rows:
            pytest.skip("the step takes no rows")

    def _skip_unless_deterministic(self) -> None:
        """Skip a test that would only fail because rows differ each time."""
        if first_difference(self.fed(), self.fed()):
            pytest.skip("rows differ: see test_the_same_rows_come_twice")
