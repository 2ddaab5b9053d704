"""The contract of an observer: what runs and the observer's users can rely on."""

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
from seedbed.engine.observing.named import NamedObservers, observers_of
from seedbed.engine.observing.observer import Observer
from seedbed.errors import PluginError, SeedbedError
from seedbed.store.run_folders import VARIABLE
from seedbed.testing.contract import Contract, fact
from seedbed.testing.observer_bench import SESSIONS, Complaints, Told, returns, tell
from seedbed.testing.observer_replays import kept_of_runs, replayed
from seedbed.testing.process_watch import left_alone, left_each_time

_KEY = "sk-contract-5d1f60b2c9a3"
"""A key that no observer may show."""


class ObserverContract(Contract):
    """What Seedbed expects of every observer, whether it's a plugin or an object.

    You give one fact, the observer: its registered name, its module, or its class, which is made without
    arguments, as `--plugin FILE.py:CLASS` does:

        class TestPrinter(ObserverContract):
            observer = "printer"

    The contract has it observe real runs: with accepted, rejected and failed rows, with and without a model,
    runs that resume, runs that reuse answers and runs that stop. A hook that doesn't return within
    `patience` seconds hangs.
    """

    subject: ClassVar[str] = "the observer"

    observer: ClassVar[Any] = fact(
        "the observer, by the name that it is registered under, its module or its class",
        'observer = "printer"',
    )
    patience: ClassVar[float] = 60.0

    def new_observer(self) -> object:
        """Return the observer: a name, module or object; override this if it needs arguments."""
        return self.observer() if inspect.isclass(self.observer) else self.observer

    @pytest.fixture(autouse=True)
    def _runs_of_its_own(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(VARIABLE, str(tmp_path / "runs"))
        monkeypatch.setenv(NAMED_OBSERVERS, "")
        monkeypatch.setattr(delivery, "PATIENCE", self.patience)

    @pytest.fixture
    def told(self) -> Observer:
        """A new observer; skips the test if it can't be made."""
        try:
            made = self.new_observer()
        except Exception:  # noqa: BLE001 - a stranger's class may raise anything
            pytest.skip("it cannot be made: see test_it_can_be_made")
        try:
            (observer,) = observers_of([made], named=NamedObservers())
        except SeedbedError:
            pytest.skip("its hooks do not fit: see test_its_hooks_are_known")
        return observer

    @pytest.fixture
    def complaints(self) -> Iterator[list[str]]:
        """What is logged about observers during the test."""
        handler = Complaints()
        loggers = [logging.getLogger(name) for name in Complaints.NAMES]
        for logger in loggers:
            logger.addHandler(handler)
        yield handler.texts
        for logger in loggers:
            logger.removeHandler(handler)

    def test_it_can_be_made(self) -> None:
        """It can be made without arguments: commands and settings name an observer and give it none.

        If yours is only for Python and needs arguments, override `new_observer`.
        """
        try:
            self.new_observer()
        except Exception as error:  # noqa: BLE001
            pytest.fail(f"it cannot be made without arguments: {type(error).__name__}: {error}")

    def test_its_hooks_are_known(self) -> None:
        """Its hooks are hooks of observers, marked with `@hookimpl`, with arguments that these hooks have.

        Any other hook is an error before the run.
        """
        try:
            made = self.new_observer()
        except Exception:  # noqa: BLE001
            pytest.skip("it cannot be made: see test_it_can_be_made")
        try:
            observers_of([made], named=NamedObservers())
        except PluginError as error:
            pytest.fail(str(error))

    @pytest.mark.parametrize("session", SESSIONS)
    def test_no_hook_raises(
        self, told: Observer, complaints: list[str], tmp_path: Path, session: str
    ) -> None:
        """No hook raises, whatever it gets: rows without columns, calls without a price, no folder.

        A hook that raises doesn't stop the run, but the observer's work is missing; its error is logged once.
        """
        SESSIONS[session]([told], tmp_path)
        # An observer that is only slow has a test of its own.
        raised = [text for text in complaints if "is abandoned" not in text]
        assert not raised, "\n".join(raised)

    @pytest.mark.parametrize("session", SESSIONS)
    def test_it_lets_a_run_end(self, told: Observer, tmp_path: Path, session: str) -> None:
        """Each hook returns: a run waits for its observers at its end, up to a minute for each hook.

        If a hook sends something over the network, give it a timeout.
        """
        assert returns(told, replayed(session, tmp_path), self.patience), (
            f"its hooks have not returned after {self.patience:g} s: the run waits for them, and then "
            "abandons the observer; give what they send a timeout"
        )

    @pytest.mark.parametrize("session", SESSIONS)
    def test_the_process_is_left_alone(
        self, told: Observer, tmp_path: Path, capfd: pytest.CaptureFixture[str], session: str
    ) -> None:
        """It writes nothing to standard output, and sets nothing for the whole process, such as its folder.

        The rows of the dataset go there without `-o`. Write to standard error, or to the log.
        """
        heard = replayed(session, tmp_path)
        capfd.readouterr()
        with left_alone():
            tell(told, heard, self.patience)
        written = capfd.readouterr().out
        assert not written, f"standard output has {written!r}: print to sys.stderr"

    def test_no_key_is_shown(
        self,
        told: Observer,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capfd: pytest.CaptureFixture[str],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """A key in an environment variable is in nothing that it prints, logs or writes next to the run.

        Reports and logs are kept for long, and seen by many people.
        """
        monkeypatch.setenv("OPENAI_API_KEY", _KEY)
        caplog.set_level(logging.DEBUG)
        capfd.readouterr()
        tell(told, replayed("rows of each fate", tmp_path), self.patience)
        shown = "".join([*capfd.readouterr(), caplog.text])
        files = [
            file.name for file in tmp_path.rglob("*") if file.is_file() and _KEY.encode() in file.read_bytes()
        ]
        assert _KEY not in shown, "it shows the key in OPENAI_API_KEY: leave out the environment"
        assert not files, f"it writes the key in OPENAI_API_KEY to {files[0]}: leave out the environment"

    def test_nothing_of_a_run_is_kept_for_ever(self, told: Observer, tmp_path: Path) -> None:
        """What it keeps of a run it forgets, at the latest when the next run has ended.

        A run may have millions of rows, and a notebook or a server many runs.
        """
        before = kept_of_runs()
        for _ in range(2):
            tell(told, replayed("rows of each fate", tmp_path), self.patience)
        # Of one run, it may show the rows.
        last = kept_of_runs() - before
        tell(told, replayed("rows of each fate", tmp_path), self.patience)
        more = kept_of_runs() - before - last
        assert more <= 0, (
            f"after three runs it has {more} more rows and calls than after two: forget them in "
            "`seedbed_run_finished`"
        )

    def test_a_run_leaves_nothing_open(self, told: Observer, tmp_path: Path) -> None:
        """What it opens for a run it closes at its end: threads, files and connections.

        A server may have a thousand runs, and what isn't closed isn't written, either.
        """
        left = left_each_time(lambda: tell(told, replayed("rows of each fate", tmp_path), self.patience))
        assert not left, f"each run leaves {' and '.join(left)}: close it in `seedbed_run_finished`"

    def test_the_dataset_is_left_alone(self, told: Observer, tmp_path: Path) -> None:
        """The dataset's rows and file are the same with and without it: an observer only observes."""
        files = [tmp_path / "without" / "fates.jsonl", tmp_path / "with" / "fates.jsonl"]
        for file, observers in zip(files, ([], [told]), strict=True):
            file.parent.mkdir()
            # In its own folder: otherwise the second run would resume the first.
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv(VARIABLE, str(file.parent / "runs"))
                SESSIONS["rows of each fate"](list(observers), file.parent)
        without, with_it = (file.read_text(encoding="utf-8") for file in files)
        assert with_it == without, "with the observer, the dataset differs: do not change the rows it gets"

    def test_a_run_without_an_end_is_borne(
        self, told: Observer, complaints: list[str], tmp_path: Path
    ) -> None:
        """After a run whose end it wasn't notified of, it observes the next run as usual.

        A process can outlive a run that broke off, and a notebook starts one run after another.
        """
        broken_off, whole = self._runs_that_are_borne(complaints, tmp_path)
        tell(told, broken_off[:-1], self.patience)
        tell(told, whole, self.patience)
        assert not complaints, "\n".join(complaints)

    def test_runs_side_by_side_are_told_apart(
        self, told: Observer, complaints: list[str], tmp_path: Path
    ) -> None:
        """It can observe two runs at once, in one process: whatever it keeps of a run, it keeps by `run`."""
        runs = self._runs_that_are_borne(complaints, tmp_path)
        tell(told, filter(None, chain.from_iterable(zip_longest(*runs))), self.patience)
        assert not complaints, "\n".join(complaints)

    def _runs_that_are_borne(self, complaints: list[str], folder: Path) -> list[Told]:
        """Return the events of two runs; skip the test if a hook raises for one of them alone."""
        names = ("rows of each fate", "rows of a generator")
        for name in names:
            tell(self._fresh(), replayed(name, folder), self.patience)
        if complaints:
            pytest.skip("a hook raises for a single run: see test_no_hook_raises")
        return [replayed(name, folder) for name in names]

    def _fresh(self) -> Observer:
        (observer,) = observers_of([self.new_observer()], named=NamedObservers())
        return observer
