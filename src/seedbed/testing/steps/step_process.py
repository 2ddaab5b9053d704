"""The contract of a step on the process that it runs in."""

from __future__ import annotations

from abc import abstractmethod

import pytest

from seedbed.testing.process_watch import left_alone, left_each_time
from seedbed.testing.steps.base_step_contract import BaseStepContract
from seedbed.testing.steps.step_bench import StepBench


class StepProcessContract(BaseStepContract):
    """A step leaves the process as it is, and closes what it opens."""

    @property
    @abstractmethod
    def bench(self) -> StepBench:
        """The bench on which the tests run the step."""

    def test_the_process_is_left_alone(self, capfd: pytest.CaptureFixture[str]) -> None:
        """It prints nothing to standard output, and sets nothing for the whole process, such as a seed.

        Without `-o`, the rows of a dataset go to standard output. Other steps run in the same process.
        """
        capfd.readouterr()
        with left_alone():
            self.bench.fed()
        written = capfd.readouterr().out
        assert not written, f"standard output has {written!r}: print to sys.stderr"

    def test_unloading_leaves_nothing(self) -> None:
        """What `load` and `process` open is closed after `unload`: threads, files and connections.

        A source isn't always read to its end: its files are closed if nobody reads on.
        """
        left = left_each_time(self.bench.fed, times=2)
        assert not left, (
            f"each time that it's loaded and unloaded, it leaves {' and '.join(left)}: use `with`, "
            "or close it in `unload`"
        )
