"""The contract of an engine, part one: it makes the rows of a plan, and says why others are missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from seedbed.errors import AuthenticationError, SeedbedError
from seedbed.testing.engines.engine_bench import EngineBench
from seedbed.testing.engines.engine_facts import EngineFacts, Trials, difference_of_rows
from seedbed.testing.engines.engine_plans import PLANS, Mark, Noted, Numbered
from seedbed.testing.engines.model_server import ModelServer

_REFUSING = ("rejected rows, which are replaced", "failed rows", "answers that don't fit", "unique rows")
_COUNTED = ("accepted", "failed", "rejected", "outcome", "tried", "reasons", "rejections", "dropped")


class EngineRowContract(EngineFacts):
    """An engine makes what the built-in one makes, for every kind of plan."""

    @pytest.mark.parametrize("plan", PLANS)
    def test_rows_are_those_of_the_built_in_engine(
        self, plan: str, trials: Trials, built_in: Trials, tmp_path: Path
    ) -> None:
        """For the same plan, there are the same rows, with the same ids, verdicts and order.

        Whatever a plan has: rejected rows are replaced, failed ones keep their place, and there are exactly
        as many rows as wanted. A dataset doesn't depend on the engine that made it.
        """
        made, wanted = self.attempted(plan, trials, tmp_path), built_in.trial(plan, tmp_path)
        difference = difference_of_rows(wanted, made)
        assert not difference, difference

    @pytest.mark.parametrize("plan", _REFUSING)
    def test_missing_rows_have_their_reasons(
        self, plan: str, trials: Trials, built_in: Trials, tmp_path: Path
    ) -> None:
        """The result of a row that was rejected or failed says at which step and why.

        `runs show` lists these reasons, and a retry goes by them.
        """
        made, wanted = self.attempted(plan, trials, tmp_path), built_in.trial(plan, tmp_path)
        self.skip_if_rows_differ(wanted, made)
        for one, other in zip(wanted.refused, made.refused, strict=True):
            assert one == other, (
                f"the engine gives for the missing row {one[0]!r} the step, kind and reason {other[2:]}, "
                f"and they are {one[2:]}"
            )

    @pytest.mark.parametrize("plan", _REFUSING)
    def test_a_run_has_its_counts(self, plan: str, trials: Trials, built_in: Trials, tmp_path: Path) -> None:
        """The run counts accepted, failed and rejected rows, and their reasons; its outcome follows."""
        made, wanted = self.attempted(plan, trials, tmp_path), built_in.trial(plan, tmp_path)
        self.skip_if_rows_differ(wanted, made)
        for name in _COUNTED:
            one, other = getattr(wanted.run, name), getattr(made.run, name)
            assert one == other, f"the engine leaves {other!r} in `run.{name}`, and it is {one!r}"

    def test_a_changed_step_is_run_again(self, bench: EngineBench) -> None:
        """If a step has other parameters than in an earlier session, its rows are made again.

        `job.fingerprints` says what the rows of each step depend on; the result of a row has that in its key.
        """
        self.needs("resume")
        bench.attempt(Numbered() >> Mark(column="before"), "changed", n=3)
        made = bench.attempt(Numbered() >> Mark(column="after"), "changed", n=3)
        assert all("after" in row for row in made.rows), (
            f"the engine kept the row {made.rows[0]}, though its step has changed since"
        )

    @pytest.mark.parametrize("is_stopped", [False, True], ids=["whole", "drained"])
    def test_steps_are_unloaded(
        self, is_stopped: bool, bench: EngineBench, server: ModelServer, tmp_path: Path
    ) -> None:
        """Each step that was loaded is unloaded at the end, also if the run was interrupted.

        A step may hold a model on a GPU, or a file.
        """
        notes = tmp_path / "notes"
        session = bench.session(Numbered() >> Noted(notes=str(notes)), "noted", n=4)
        if is_stopped:
            server.hold_from(2)
        with bench.begun(session) as wait:
            if is_stopped:
                server.wait_until_held()
                session.drain()
                server.release()
            wait()
        found = Counter(notes.read_text(encoding="utf-8").splitlines()) if notes.exists() else Counter[str]()
        assert found, "the engine never loaded the step"
        left = _never_unloaded(found)
        assert not left, f"the engine loaded the step in the process {left[0]}, and never unloaded it there"

    def test_an_error_of_all_rows_ends_the_run(self, bench: EngineBench, server: ModelServer) -> None:
        """A wrong key ends the run with the error, instead of failing one row after the other.

        An error that every row would meet has `concerns_all`; the user corrects it, and the run goes on.
        """
        wrong = EngineBench(bench.engine, server.llm("sk-wrong-key"), self.patience)
        try:
            run = wrong.attempt(Numbered(), "wrong", n=20).run
        except SeedbedError as error:
            ended: Exception | None = error
        else:
            assert not run.failed, f"the engine failed {run.failed} rows, though the key is wrong for all"
            ended = run.stopped_by
        assert isinstance(ended, AuthenticationError), f"the engine ended the run with {ended!r}"


def _never_unloaded(notes: Counter[str]) -> Sequence[str]:
    loads = {line.split()[1]: count for line, count in notes.items() if line.startswith("load ")}
    return [process for process, count in loads.items() if notes[f"unload {process}"] != count]
