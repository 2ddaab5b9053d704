"""What every observer owes the runs that it is told of, and the people who name it."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterator
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any, ClassVar

import pytest

from seedbed.engine.observing import delivery
from seedbed.engine.observing.named import VARIABLE as NAMED_OBSERVERS
from seedbed.engine.observing.named import Named, observers_of
from seedbed.engine.observing.observer import Observer
from seedbed.errors import PluginError, SeedbedError
from seedbed.store.run_folders import VARIABLE
from seedbed.testing.contract import Contract, fact
from seedbed.testing.observer_bench import SESSIONS, Complaints, Told, recorded, tell


class ObserverContract(Contract):
    """What observers keep to: plugins and objects that are told of runs.

    Its one fact is the observer: the name that it is registered under, its module, or its class, which is
    made without arguments as `--plugin FILE.py:CLASS` does:

        class TestPrinter(ObserverContract):
            observer = "printer"

    It is told of real runs: with rows that are accepted, rejected and failed, with and without a model, runs
    that go on and that are stopped. A hook that does not return within `patience` seconds is said to hang.
    """

    subject: ClassVar[str] = "the observer"

    observer: ClassVar[Any] = fact(
        "the observer, by the name that it is registered under, its module or its class",
        'observer = "printer"',
    )
    patience: ClassVar[float] = 20.0

    def new_observer(self) -> object:
        """Return the observer, a name, module or object; override it where one is made with arguments."""
        return self.observer() if inspect.isclass(self.observer) else self.observer

    @pytest.fixture(autouse=True)
    def _runs_of_its_own(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(VARIABLE, str(tmp_path / "runs"))
        monkeypatch.setenv(NAMED_OBSERVERS, "")
        monkeypatch.setattr(delivery, "PATIENCE", self.patience)

    @pytest.fixture
    def told(self) -> Observer:
        """A new observer; skips the test where there is none."""
        try:
            made = self.new_observer()
        except Exception:  # noqa: BLE001 - a stranger's class may raise anything
            pytest.skip("it cannot be made: see test_it_can_be_made")
        try:
            (observer,) = observers_of([made], named=Named())
        except SeedbedError:
            pytest.skip("its hooks do not fit: see test_its_hooks_are_known")
        return observer

    @pytest.fixture
    def complaints(self) -> Iterator[list[str]]:
        """What is logged of observers in the meantime."""
        handler = Complaints()
        loggers = [logging.getLogger(name) for name in Complaints.NAMES]
        for logger in loggers:
            logger.addHandler(handler)
        yield handler.texts
        for logger in loggers:
            logger.removeHandler(handler)

    def test_it_can_be_made(self) -> None:
        """An observer is made without arguments: a command and settings name it, and give it none.

        One that is only for Python, and needs some, has `new_observer` overridden.
        """
        try:
            self.new_observer()
        except Exception as error:  # noqa: BLE001
            pytest.fail(f"it cannot be made without arguments: {type(error).__name__}: {error}")

    def test_its_hooks_are_known(self) -> None:
        """It has hooks of observers, marked with `@hookimpl` and with arguments that these have.

        Any other is an error before the run.
        """
        try:
            made = self.new_observer()
        except Exception:  # noqa: BLE001
            pytest.skip("it cannot be made: see test_it_can_be_made")
        try:
            observers_of([made], named=Named())
        except PluginError as error:
            pytest.fail(str(error))

    @pytest.mark.parametrize("session", SESSIONS)
    def test_no_hook_raises(
        self, told: Observer, complaints: list[str], tmp_path: Path, session: str
    ) -> None:
        """No hook raises, whatever it is told of: rows without columns, calls without a price, no folder.

        The run goes on all the same, and what the observer is for is missing: its error is logged once.
        """
        SESSIONS[session]([told], tmp_path)
        raised = [text for text in complaints if "left behind" not in text]
        assert not raised, "\n".join(raised)

    def test_it_lets_a_run_end(self, told: Observer, complaints: list[str], tmp_path: Path) -> None:
        """Each hook returns: the end of a run waits for its observers, a minute for each hook.

        One that sends something over the network gives up by itself.
        """
        SESSIONS["rows of each fate"]([told], tmp_path)
        left = [text for text in complaints if "left behind" in text]
        assert not left, "\n".join(left)

    def test_standard_output_is_left_alone(
        self, told: Observer, tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """It writes nothing to standard output, where the rows of a dataset go without `-o`.

        Write to standard error, or to the log.
        """
        capfd.readouterr()
        SESSIONS["rows of each fate"]([told], tmp_path)
        written = capfd.readouterr().out
        assert not written, f"standard output has {written!r}: print to sys.stderr"

    def test_the_dataset_is_left_alone(self, told: Observer, tmp_path: Path) -> None:
        """Rows and file of the dataset are what they are without it: an observer looks on."""
        files = [tmp_path / "without" / "fates.jsonl", tmp_path / "with" / "fates.jsonl"]
        for file, observers in zip(files, ([], [told]), strict=True):
            file.parent.mkdir()
            # The second is a run of its own, and not the first one that goes on.
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv(VARIABLE, str(file.parent / "runs"))
                SESSIONS["rows of each fate"](list(observers), file.parent)
        without, with_it = (file.read_text(encoding="utf-8") for file in files)
        assert with_it == without, "with the observer, the dataset is another one"

    def test_a_run_without_an_end_is_borne(
        self, told: Observer, complaints: list[str], tmp_path: Path
    ) -> None:
        """After a run that was told of only in part, the next one is told of as ever.

        A process may live on after a run that broke off, and a notebook starts one after the other.
        """
        broken_off, whole = self._runs_that_are_borne(complaints, tmp_path)
        tell(told, broken_off[:-1], self.patience)
        tell(told, whole, self.patience)
        assert not complaints, "\n".join(complaints)

    def test_runs_side_by_side_are_told_apart(
        self, told: Observer, complaints: list[str], tmp_path: Path
    ) -> None:
        """Two runs at once in one process are told of in turns: what is kept of one is kept by its `run`."""
        runs = self._runs_that_are_borne(complaints, tmp_path)
        tell(told, filter(None, chain.from_iterable(zip_longest(*runs))), self.patience)
        assert not complaints, "\n".join(complaints)

    def _runs_that_are_borne(self, complaints: list[str], folder: Path) -> list[Told]:
        """Return what is told of two runs; skip the test where a hook raises of one that is told of alone."""
        runs = [recorded(SESSIONS[name], folder) for name in ("rows of each fate", "rows of a generator")]
        for run in runs:
            tell(self._fresh(), run, self.patience)
        if complaints:
            pytest.skip("a hook raises of a single run: see test_no_hook_raises")
        return runs

    def _fresh(self) -> Observer:
        (observer,) = observers_of([self.new_observer()], named=Named())
        return observer
