"""The contract of what a task samples: the same in any order, in any process, and other with another seed."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import pytest

from seedbed.tasks.generator_task import GeneratorTask
from seedbed.testing.differences import first_difference
from seedbed.testing.steps.base_step_contract import BaseStepContract
from seedbed.testing.steps.other_process import as_kept, made_elsewhere
from seedbed.testing.steps.task_bench import TaskBench


class SamplingContract(BaseStepContract):
    """The variables of a generator task; a task over rows samples none, and skips these tests."""

    seeded: ClassVar[bool] = True

    @property
    @abstractmethod
    def bench(self) -> TaskBench:
        """The bench on which the tests run the task."""

    def test_the_same_seed_draws_the_same_variables(self) -> None:
        """What `sample` returns depends on seed and index alone, whatever the order of the indices.

        Rows are made concurrently, and variables are sampled again when a run resumes. Use only `rng`.
        """
        self._skip_unless_sampled()
        difference = first_difference(*self.bench.sampled_twice())
        assert not difference, (
            f"the same seed sampled other variables the second time, so use `rng` alone: {difference}"
        )

    def test_another_process_draws_the_same_variables(self) -> None:
        """What `sample` returns is the same in another process: a run that resumes there samples again.

        `hash` of a text and the order of a set of texts differ from process to process.
        """
        self._skip_unless_sampled()
        self._skip_unless_deterministic()
        difference = first_difference(self.sampled(), made_elsewhere(self, "sampled"))
        assert not difference, (
            f"another process samples other variables: choose from a list, or sort a set: {difference}"
        )

    def test_another_seed_draws_other_variables(self) -> None:
        """With another seed, a run makes other rows; otherwise a second dataset would repeat the first.

        If the task goes through a fixed list, set `seeded = False`.
        """
        self._skip_unless_sampled()
        self.skip_undeclared("seeded", self.seeded)
        self._skip_unless_deterministic()
        bench = self.bench
        sampled = [bench.variables(bench.indices, seed) for seed in range(3)]
        assert sampled[0] != sampled[1] or sampled[0] != sampled[2], (
            "every seed samples the same variables: sample with `rng`, or set seeded = False"
        )

    def sampled(self) -> list[object]:
        """Return the variables of each index, as a run would keep them."""
        # Rows that the task gets as `feedback` come from a run, whose model answers with any text.
        return as_kept(self.bench.variables(range(self.bench.rows)).values())

    def _skip_unless_sampled(self) -> None:
        cls = self.plugin_class()
        if not (self.bench.is_sampled and issubclass(cls, GeneratorTask)):
            pytest.skip("the task samples no variables: it takes rows, or has a `process` of its own")
        if cls.sample is GeneratorTask.sample:
            pytest.skip("the task samples no variables: it has no `sample` of its own")

    def _skip_unless_deterministic(self) -> None:
        """Skip a test that would only fail because variables differ each time."""
        if self.bench.is_sampled and first_difference(*self.bench.sampled_twice()):
            pytest.skip("variables differ: see test_the_same_seed_draws_the_same_variables")
