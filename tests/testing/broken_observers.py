"""Observers with one fault each, and the contract of each."""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import Any, ClassVar

from seedbed import ObservedCall, ObservedOutcome, ObservedRow, ObservedRun, ObservedTry, hookimpl
from seedbed.testing import ObserverContract


class Printer:
    """Says on standard error what it is told, and counts by run."""

    def __init__(self) -> None:
        self.rows: dict[int, int] = {}

    @hookimpl
    def seedbed_run_started(self, run: ObservedRun) -> None:
        self.rows[id(run)] = 0

    @hookimpl
    def seedbed_call_finished(self, call: ObservedCall) -> None:
        print(call.step, [choice.text for choice in call.response.choices], file=sys.stderr)

    @hookimpl
    def seedbed_row_finished(self, run: ObservedRun, row: ObservedRow) -> None:
        self.rows[id(run)] += 1
        # An object of its own: nobody else sees the change.
        row.columns["seen"] = True

    @hookimpl
    def seedbed_run_finished(self, run: ObservedRun, outcome: ObservedOutcome) -> None:
        print(outcome.outcome, self.rows.pop(id(run)), file=sys.stderr)


class TestPrinter(ObserverContract):
    observer = Printer


class Addressed(Printer):
    """Is made with an argument, in Python alone."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address


class TestAddressed(ObserverContract):
    observer = Addressed

    def new_observer(self) -> object:
        return Addressed("http://127.0.0.1:9")


FAULTS: dict[str, tuple[str, str]] = {}
"""The contract test that each faulty observer fails, and what is said then."""


def fails(test: str, said: str) -> Any:
    """Say which contract test an observer is to fail, and no other."""

    def mark(contract: type[ObserverContract]) -> type[ObserverContract]:
        FAULTS[contract.__name__.removeprefix("Test")] = (test, said)
        return contract

    return mark


@fails("test_it_can_be_made", "missing 1 required positional argument: 'address'")
class TestWantsAnArgument(ObserverContract):
    observer = Addressed


class Misspelt(Printer):
    @hookimpl
    def seedbed_row_finish(self, row: ObservedRow) -> None: ...


@fails("test_its_hooks_are_known", "'seedbed_row_finish', which is not a hook")
class TestMisspelt(ObserverContract):
    observer = Misspelt


class AddsCosts(Printer):
    @hookimpl
    def seedbed_run_finished(self, outcome: ObservedOutcome) -> None:
        print(f"{outcome.cost:.2f} dollars", file=sys.stderr)


@fails("test_no_hook_raises", "seedbed_run_finished")
class TestAddsCosts(ObserverContract):
    observer = AddsCosts


class Waits(Printer):
    # At the end of the session it may go on, so that its thread does.
    over: ClassVar[threading.Event] = threading.Event()

    @hookimpl
    def seedbed_run_finished(self) -> None:
        self.over.wait()


@fails("test_it_lets_a_run_end", "have not returned after 0.25 s")
class TestWaits(ObserverContract):
    observer = Waits
    patience = 0.25


class PrintsRows(Printer):
    @hookimpl
    def seedbed_row_finished(self, row: ObservedRow) -> None:
        print(row.columns)

    @hookimpl
    def seedbed_run_finished(self) -> None: ...


@fails("test_the_process_is_left_alone", "print to sys.stderr")
class TestPrintsRows(ObserverContract):
    observer = PrintsRows


class Signs(Printer):
    @hookimpl
    def seedbed_run_finished(self, outcome: ObservedOutcome) -> None:
        if outcome.out is not None:
            outcome.out.write_text(f'{outcome.out.read_text()}{{"made": "by me"}}\n')


@fails("test_the_dataset_is_left_alone", "the dataset differs")
class TestSigns(ObserverContract):
    observer = Signs


class WaitsForTheEnd(Printer):
    """Cannot bear that a run has had rows and no end; of runs that begin together it knows."""

    def __init__(self) -> None:
        super().__init__()
        self.open: set[int] = set()

    @hookimpl
    def seedbed_run_started(self, run: ObservedRun) -> None:
        super().seedbed_run_started(run)
        assert not self.open, "a run has not ended"

    @hookimpl
    def seedbed_row_finished(self, run: ObservedRun, row: ObservedRow) -> None:
        super().seedbed_row_finished(run, row)
        self.open.add(id(run))

    @hookimpl
    def seedbed_run_finished(self, run: ObservedRun, outcome: ObservedOutcome) -> None:
        self.open.discard(id(run))


@fails("test_a_run_without_an_end_is_borne", "a run has not ended")
class TestWaitsForTheEnd(ObserverContract):
    observer = WaitsForTheEnd


class KnowsOneRun(Printer):
    def __init__(self) -> None:
        super().__init__()
        self.run: ObservedRun | None = None

    @hookimpl
    def seedbed_run_started(self, run: ObservedRun) -> None:
        super().seedbed_run_started(run)
        self.run = run

    @hookimpl
    def seedbed_call_finished(self, run: ObservedRun, call: ObservedCall) -> None:
        assert run is self.run, "another run is told of"


@fails("test_runs_side_by_side_are_told_apart", "another run is told of")
class TestKnowsOneRun(ObserverContract):
    observer = KnowsOneRun


class PrintsFailedTries(Printer):
    @hookimpl
    def seedbed_try_failed(self, failed: ObservedTry) -> None:
        print(failed.kind)


@fails("test_the_process_is_left_alone", "print to sys.stderr")
class TestPrintsFailedTries(ObserverContract):
    observer = PrintsFailedTries


class ChangesTheFolder(Printer):
    @hookimpl
    def seedbed_run_started(self, run: ObservedRun) -> None:
        super().seedbed_run_started(run)
        os.chdir(os.sep)


@fails("test_the_process_is_left_alone", "it changes the working directory, for the whole process")
class TestChangesTheFolder(ObserverContract):
    observer = ChangesTheFolder


class HangsIfStopped(Printer):
    @hookimpl
    def seedbed_run_finished(self, run: ObservedRun, outcome: ObservedOutcome) -> None:
        super().seedbed_run_finished(run, outcome)
        if outcome.stopped_by:
            Waits.over.wait()


@fails("test_it_lets_a_run_end", "have not returned after 0.25 s")
class TestHangsIfStopped(ObserverContract):
    observer = HangsIfStopped
    patience = 0.25


class TakesAllCallsForText(Printer):
    @hookimpl
    def seedbed_call_finished(self, call: ObservedCall) -> None:
        print(call.response.choices[0].finish_reason, file=sys.stderr)


@fails("test_no_hook_raises", "IndexError")
class TestTakesAllCallsForText(ObserverContract):
    observer = TakesAllCallsForText


class DescribesItsMachine(Printer):
    @hookimpl
    def seedbed_run_finished(self, run: ObservedRun, outcome: ObservedOutcome) -> None:
        super().seedbed_run_finished(run, outcome)
        if run.folder is not None:
            (run.folder / "machine.json").write_text(json.dumps({**os.environ}))


@fails("test_no_key_is_shown", "it writes the key in OPENAI_API_KEY to machine.json")
class TestDescribesItsMachine(ObserverContract):
    observer = DescribesItsMachine


class KeepsRows(Printer):
    def __init__(self) -> None:
        super().__init__()
        self.kept: list[ObservedRow] = []

    @hookimpl
    def seedbed_row_finished(self, run: ObservedRun, row: ObservedRow) -> None:
        super().seedbed_row_finished(run, row)
        self.kept.append(row)


@fails("test_nothing_of_a_run_is_kept_for_ever", "5 more rows and calls than after two")
class TestKeepsRows(ObserverContract):
    observer = KeepsRows


class LeavesAThread(Printer):
    @hookimpl
    def seedbed_run_started(self, run: ObservedRun) -> None:
        super().seedbed_run_started(run)
        threading.Thread(target=Waits.over.wait, name="sender", daemon=True).start()


@fails("test_a_run_leaves_nothing_open", "each run leaves the thread 'sender'")
class TestLeavesAThread(ObserverContract):
    observer = LeavesAThread
