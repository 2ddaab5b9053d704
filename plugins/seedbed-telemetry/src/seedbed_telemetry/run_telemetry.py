"""The traces and metrics of one session of a run."""

from __future__ import annotations

import logging
from uuid import uuid4

from opentelemetry.sdk.metrics import MeterProvider

from seedbed import ObservedCall, ObservedOutcome, ObservedRow, ObservedRun, ObservedTry
from seedbed_telemetry.call_attributes import (
    common_attributes,
    output_messages,
    span_attributes,
    try_attributes,
    try_span_attributes,
)
from seedbed_telemetry.exporting import Exporting, resource
from seedbed_telemetry.measures import Measures
from seedbed_telemetry.outbox import Outbox
from seedbed_telemetry.traces import Traces

logger = logging.getLogger(__name__)

_BRIEF_SECONDS = 0.7
"""How long the end of an interrupted run may wait: its observers have one second for their last hook."""


class RunTelemetry:
    """Turns what an observer of a run gets into spans and measurements; for the observer's thread alone."""

    def __init__(self, run: ObservedRun, exporting: Exporting) -> None:
        self._exporting = exporting
        reader = exporting.new_metric_reader()
        self._outbox = Outbox(exporting.new_span_exporter(), reader)
        made = resource()
        self._meters = MeterProvider([reader] if reader else [], made, shutdown_on_exit=False)
        self._measures = Measures(self._meters)
        # Each session has its own traces: in one that goes on with a run, rows may come again.
        self._traces = Traces(run, self._outbox, made, f"{uuid4()}", has_content=exporting.content)

    def add_call(self, call: ObservedCall) -> None:
        """Add a call's span and metrics."""
        response = call.response
        common = common_attributes(call, response)
        self._measures.add_call(call, common)
        own = span_attributes(call, response)
        if self._exporting.content and response.choices:
            own["gen_ai.output.messages"] = output_messages(response)
        self._traces.add_call(call, {**common, **own})

    def add_failed(self, failed: ObservedTry) -> None:
        """Add the span of a try that failed, and how long it took."""
        common = try_attributes(failed)
        self._measures.add_failed(failed, common)
        self._traces.add_failed(failed, {**common, **try_span_attributes(failed)})

    def add_reused(self, call: ObservedCall) -> None:
        """Count an answer that the run had, and note it in its row's trace."""
        self._measures.add_reused(call)
        self._traces.add_reused(call)

    def add_row(self, row: ObservedRow) -> None:
        """Add a row's span, and count it."""
        self._measures.add_row(row)
        self._traces.add_row(row)

    def end(self, outcome: ObservedOutcome) -> None:
        """End the run's span and send what is left; log once if the collector didn't take everything."""
        self._traces.end(outcome)
        is_hurried = outcome.outcome == "interrupted"
        if self._outbox.end(_BRIEF_SECONDS if is_hurried else self._exporting.flush_seconds):
            return
        took = f"{self._outbox.sent} of {self._outbox.offered} spans of the run"
        logger.warning(
            "the collector at '%s' took %s: %s\n"
            "  the run itself isn't affected; look at the collector, or leave the observer out",
            self._exporting.place,
            f"{took}, but not its metrics" if self._outbox.has_only_spans else took,
            self._outbox.why,
        )
