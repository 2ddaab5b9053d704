"""The observer for MLflow: it counts, and a thread of each run logs the counts."""

from __future__ import annotations

import math
import os
from importlib.util import find_spec

from seedbed import ObservedCall, ObservedOutcome, ObservedRow, ObservedRun, UsageError, hookimpl
from seedbed_telemetry.mlflow_run import MlflowRun

_BRIEF_SECONDS = 0.7
"""How long the end of an interrupted run may wait: its observers have one second for their last hook."""


class MlflowObserver:
    """Logs each session of a run as a run of MLflow.

        from seedbed_telemetry import MlflowObserver

        observer = MlflowObserver("http://localhost:5000", experiment="questions")
        run("qa-pairs", 100, llm="openai/gpt-4.1-mini", observers=[observer])

    Parameters are what is run; metrics are rows by verdict, calls, tokens, dollars and quality, logged every
    `every_seconds` (quality at the end). Without `tracking_uri` and `experiment`, MLFLOW_TRACKING_URI and
    MLFLOW_EXPERIMENT_NAME count. At the end of a run it waits for the server at most `flush_seconds`. No
    prompt, answer or key is logged.

    Raises ModuleNotFoundError if MLflow isn't installed (`pip install 'seedbed-telemetry[mlflow]'`), and
    UsageError for a time that isn't positive.
    """

    def __init__(
        self,
        tracking_uri: str | None = None,
        experiment: str | None = None,
        *,
        every_seconds: float = 5.0,
        flush_seconds: float = 30.0,
    ) -> None:
        for name, seconds in {"every_seconds": every_seconds, "flush_seconds": flush_seconds}.items():
            if not 0 < seconds < math.inf:
                raise UsageError(f"{name} is {seconds!r}", "give a positive number of seconds")
        # Found and not imported: that takes seconds, which a run's own thread needn't wait for.
        if find_spec("mlflow") is None:
            raise ModuleNotFoundError("No module named 'mlflow'", name="mlflow")
        self._uri = tracking_uri
        self._experiment = experiment or os.environ.get("MLFLOW_EXPERIMENT_NAME") or "seedbed"
        self._every = every_seconds
        self._flush = flush_seconds
        self._runs: dict[int, MlflowRun] = {}

    @hookimpl
    def seedbed_run_started(self, run: ObservedRun) -> None:
        """Begin a run of MLflow."""
        self._runs[id(run)] = MlflowRun(run, self._uri, self._experiment, self._every)

    @hookimpl
    def seedbed_call_finished(self, run: ObservedRun, call: ObservedCall) -> None:
        """Count a call, its tokens and its cost."""
        self._runs[id(run)].add_call(call)

    @hookimpl
    def seedbed_call_reused(self, run: ObservedRun) -> None:
        """Count an answer that the run had."""
        self._runs[id(run)].add_reused()

    @hookimpl
    def seedbed_row_finished(self, run: ObservedRun, row: ObservedRow) -> None:
        """Count a row by its verdict."""
        self._runs[id(run)].add_row(row)

    @hookimpl
    def seedbed_run_finished(self, run: ObservedRun, outcome: ObservedOutcome) -> None:
        """Log the outcome and end the run of MLflow."""
        is_hurried = outcome.outcome == "interrupted"
        self._runs.pop(id(run)).end(outcome, _BRIEF_SECONDS if is_hurried else self._flush)
