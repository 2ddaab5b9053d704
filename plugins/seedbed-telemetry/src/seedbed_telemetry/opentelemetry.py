"""Sends traces and metrics of runs to an OpenTelemetry collector, by the GenAI conventions.

A trace for each row, with a span for each call of a model, and one for the run; metrics of tokens, durations,
costs and rows. The environment variables OTEL_* configure it. Prompts are never sent, answers only with
OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true.
"""

from __future__ import annotations

from functools import cache

from seedbed import ObservedCall, ObservedOutcome, ObservedRow, ObservedRun, hookimpl
from seedbed_telemetry.opentelemetry_observer import OpenTelemetryObserver


@cache
def _observer() -> OpenTelemetryObserver:
    return OpenTelemetryObserver()


# Now, and not when a run begins: what is wrong with the settings is an error before anything is spent.
_observer()


@hookimpl
def seedbed_run_started(run: ObservedRun) -> None:
    """Begin a run's telemetry."""
    _observer().seedbed_run_started(run)


@hookimpl
def seedbed_call_finished(run: ObservedRun, call: ObservedCall) -> None:
    """Add a call's span and metrics."""
    _observer().seedbed_call_finished(run, call)


@hookimpl
def seedbed_call_reused(run: ObservedRun, call: ObservedCall) -> None:
    """Note that a row is made from an answer that the run had."""
    _observer().seedbed_call_reused(run, call)


@hookimpl
def seedbed_row_finished(run: ObservedRun, row: ObservedRow) -> None:
    """Add a row's span, and count it."""
    _observer().seedbed_row_finished(run, row)


@hookimpl
def seedbed_run_finished(run: ObservedRun, outcome: ObservedOutcome) -> None:
    """Add the run's span, and send what is left."""
    _observer().seedbed_run_finished(run, outcome)
