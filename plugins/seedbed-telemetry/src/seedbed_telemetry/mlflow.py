"""Logs runs to MLflow: parameters, metrics while a run goes on, and where its dataset is.

The variables MLFLOW_TRACKING_URI, MLFLOW_EXPERIMENT_NAME (`seedbed` if unset) and those of MLflow's client
configure it. Each session of a run is a run of MLflow.
"""

from __future__ import annotations

from functools import cache

from seedbed import ObservedCall, ObservedOutcome, ObservedRow, ObservedRun, hookimpl
from seedbed_telemetry.mlflow_observer import MlflowObserver


@cache
def _observer() -> MlflowObserver:
    return MlflowObserver()


# Now, and not when a run begins: what is missing is an error before anything is spent.
_observer()


@hookimpl
def seedbed_run_started(run: ObservedRun) -> None:
    """Begin a run of MLflow."""
    _observer().seedbed_run_started(run)


@hookimpl
def seedbed_call_finished(run: ObservedRun, call: ObservedCall) -> None:
    """Count a call, its tokens and its cost."""
    _observer().seedbed_call_finished(run, call)


@hookimpl
def seedbed_call_reused(run: ObservedRun) -> None:
    """Count an answer that the run had."""
    _observer().seedbed_call_reused(run)


@hookimpl
def seedbed_row_finished(run: ObservedRun, row: ObservedRow) -> None:
    """Count a row by its verdict."""
    _observer().seedbed_row_finished(run, row)


@hookimpl
def seedbed_run_finished(run: ObservedRun, outcome: ObservedOutcome) -> None:
    """Log the outcome and end the run of MLflow."""
    _observer().seedbed_run_finished(run, outcome)
