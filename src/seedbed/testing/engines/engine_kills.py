"""The contract of an engine, part five: a process that is killed loses nothing that was bought."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from seedbed.errors import SeedbedError
from seedbed.store import RunReader, run_folder
from seedbed.testing.engines.engine_bench import EngineBench
from seedbed.testing.engines.engine_facts import EngineFacts, Trials, difference_of_rows
from seedbed.testing.engines.engine_process import NAME, ROWS, EngineProcess, plan, started
from seedbed.testing.engines.model_server import ModelServer

_DURABLE_PART = 4
"""An answer may take this part of `patience` to the disk: a quarter of a second, on an idle machine."""

_LOOK_SECONDS = 0.02


class EngineKillContract(EngineFacts):
    """An engine's process may be killed at any time."""

    @pytest.mark.slow
    @pytest.mark.parametrize("answers", [1, 5, 9])
    def test_a_run_that_is_killed_goes_on_where_it_was(
        self, answers: int, bench: EngineBench, built_in: Trials, server: ModelServer, tmp_path: Path
    ) -> None:
        """After `kill -9`, the next session makes the same rows, and buys no answer that was on disk.

        Answers get there within moments, while the run goes on, and not at its end.
        """
        self.needs("resume")
        server.hold_from(answers)
        with started(type(self), server, tmp_path) as process:
            server.wait_until(lambda: process.has_ended or bool(server.held), "a call that is held")
            assert not process.has_ended, f"the engine can't run in another process: {process.said}"
            kept = _kept_of(answers, process, self.patience / _DURABLE_PART)
            process.kill()
        assert kept == answers, f"the engine has put {kept} answers on disk, {answers} of which it was given"
        had = server.answered[:answers]
        server.release()
        made = bench.attempt(plan(), NAME, n=ROWS)
        again = [prompt for prompt in had if server.answered.count(prompt) > 1]
        assert not again, f"the engine bought the answer to {again[0]!r} again, which was on disk"
        wanted = built_in.trial("several calls for each row", tmp_path)
        difference = difference_of_rows(wanted, made)
        assert not difference, f"after it was killed {difference}"
        assert json.dumps(made.rows) == json.dumps(wanted.rows), "the columns are in another order"


def _kept_of(answers: int, process: EngineProcess, seconds: float) -> int:
    """Return how many of the answers are on disk, as soon as they're all there, or after so long."""
    until, kept = time.monotonic() + seconds, 0
    while kept < answers and time.monotonic() < until and not process.has_ended:
        time.sleep(_LOOK_SECONDS)
        try:
            with RunReader.open(run_folder(NAME)) as reader:
                kept = reader.count_calls()
        except SeedbedError:
            # It has no run yet.
            continue
    return kept
