"""The contract of an engine, part four: what is heard of a run while it goes on, and what never is."""

from __future__ import annotations

import json
import logging
import threading
from pathlib import Path

import pytest

from seedbed.testing.engines.engine_bench import EngineBench, files_with, row_difference
from seedbed.testing.engines.engine_facts import EngineFacts, Trials
from seedbed.testing.engines.engine_plans import Numbered
from seedbed.testing.engines.model_server import KEY, ModelServer

_HEARD = ("a generator", "rejected rows, which are replaced", "failed rows", "steps in a line")


class EngineReportContract(EngineFacts):
    """An engine reports rows as they're decided: to observers, to standard output, to the display."""

    @pytest.mark.parametrize("plan", _HEARD)
    def test_observers_hear_of_each_row(
        self, plan: str, trials: Trials, built_in: Trials, tmp_path: Path
    ) -> None:
        """Observers hear of each verdict once, in order, after the start of the run and before its end."""
        made = self.attempted(plan, trials, tmp_path)
        self.skip_if_rows_differ(built_in.trial(plan, tmp_path), made)
        hooks = [hook for hook, _ in made.told]
        assert (hooks[0], hooks[-1]) == ("seedbed_run_started", "seedbed_run_finished"), (
            f"the engine had observers hear first of {hooks[0]} and last of {hooks[-1]}"
        )
        heard = [told["row"] for hook, told in made.told if hook == "seedbed_row_finished"]
        difference = row_difference([row for row, _ in made.verdicts], [one.id for one in heard])  # type: ignore[attr-defined]
        assert not difference, f"as observers hear it, {difference}: call `job.decided` with each verdict"

    def test_observers_hear_of_each_call(
        self, bench: EngineBench, server: ModelServer, tmp_path: Path
    ) -> None:
        """Observers hear of each answer that was bought, before the row that was made from it."""
        self.needs("resume")
        made = self.attempted("several calls for each row", Trials(bench, "made"), tmp_path)
        heard = [
            told["call"].response.choices[0].text  # type: ignore[attr-defined]
            for hook, told in made.told
            if hook == "seedbed_call_finished"
        ]
        difference = row_difference(sorted(server.answered), sorted(heard))
        assert not difference, f"as observers hear of the calls, {difference.replace('the row', 'the call')}"
        hooks = [hook for hook, _ in made.told]
        if "seedbed_row_finished" not in hooks:
            pytest.skip("it hears of no row: see test_observers_hear_of_each_row")
        assert hooks.index("seedbed_call_finished") < hooks.index("seedbed_row_finished"), (
            "the engine had observers hear of a row before the call that it was made from"
        )

    def test_rows_are_reported_while_others_are_made(self, bench: EngineBench, server: ModelServer) -> None:
        """While a row still waits for its answer, those before it are counted, and leave the run.

        People watch the counts, and the rows of `seedbed run` without -o go to the next program.
        """
        server.hold_from(3)
        left = threading.Event()
        session = bench.session(Numbered(), "watched", n=4, concurrency=1, emit=lambda row: left.set())
        with bench.begun(session) as wait:
            server.wait_until_held()
            # Half of it: the run itself isn't to be given up meanwhile.
            has_left = left.wait(self.patience / 2)
            accepted, is_loading = session.run.accepted, session.is_loading
            server.release()
            wait()
        assert has_left, "the engine let no row leave while another waited: pass rows to `job.decided`"
        assert accepted, "the engine has made rows, and `run.accepted` is still 0"
        assert not is_loading, "the engine makes rows, and `is_ready` is still False"

    def test_the_key_is_nowhere(
        self,
        bench: EngineBench,
        tmp_path: Path,
        caplog: pytest.LogCaptureFixture,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        """A key is in no file of the run, no log, no error and no output, even if the server quotes it."""
        with caplog.at_level(logging.DEBUG):
            made = bench.attempt(Numbered(fates={1: "overlong", 2: "busy"}), "secret", n=4)
        files = files_with(tmp_path, KEY)
        assert not files, f"the engine left the key of an LLM in the file {files[0]}"
        assert KEY not in caplog.text, "the engine logged the key of an LLM"
        written = "".join(capfd.readouterr())
        assert KEY not in written, "the engine printed the key of an LLM"
        shown = json.dumps(made.run.summary()) + str(made.run) + repr(made.run.failures) + repr(made.told)
        assert KEY not in shown, "the engine left the key of an LLM in what the run says about its rows"
