"""Sends traces and metrics of runs to an OpenTelemetry collector, by the GenAI conventions.

A trace for each row, with a span for each call of a model, and one for the run; metrics of tokens, durations,
costs and rows. The environment variables OTEL_* configure it. Prompts are never sent, answers only with
OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true.
"""

from __future__ import annotations

from seedbed_telemetry.opentelemetry_observer import OpenTelemetryObserver

# Made now, and not when a run begins: what is wrong with the settings is an error before anything is spent.
_observer = OpenTelemetryObserver()

seedbed_run_started = _observer.seedbed_run_started
seedbed_call_finished = _observer.seedbed_call_finished
seedbed_call_reused = _observer.seedbed_call_reused
seedbed_try_failed = _observer.seedbed_try_failed
seedbed_row_finished = _observer.seedbed_row_finished
seedbed_run_finished = _observer.seedbed_run_finished
