"""Logs runs to MLflow: parameters, metrics while a run goes on, and where its dataset is.

The variables MLFLOW_TRACKING_URI, MLFLOW_EXPERIMENT_NAME (`seedbed` if unset) and those of MLflow's client
configure it. Each session of a run is a run of MLflow.
"""

from __future__ import annotations

from seedbed_telemetry.mlflow_observer import MlflowObserver

# Made now, and not when a run begins: what is missing is an error before anything is spent.
_observer = MlflowObserver()

seedbed_run_started = _observer.seedbed_run_started
seedbed_call_finished = _observer.seedbed_call_finished
seedbed_call_reused = _observer.seedbed_call_reused
seedbed_row_finished = _observer.seedbed_row_finished
seedbed_run_finished = _observer.seedbed_run_finished
