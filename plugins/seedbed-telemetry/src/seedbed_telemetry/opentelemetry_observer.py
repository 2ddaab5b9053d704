"""The observer for OpenTelemetry: one for any number of runs, with telemetry of its own for each."""

from __future__ import annotations

from collections.abc import Mapping

from opentelemetry.sdk.metrics.export import MetricReader
from opentelemetry.sdk.trace.export import SpanExporter

from seedbed import ObservedCall, ObservedOutcome, ObservedRow, ObservedRun, ObservedTry, hookimpl
from seedbed_telemetry.exporting import Exporting, is_disabled
from seedbed_telemetry.run_telemetry import RunTelemetry


class OpenTelemetryObserver:
    """Sends traces and metrics of runs to an OpenTelemetry collector, by OTLP over HTTP.

        from seedbed_telemetry import OpenTelemetryObserver

        observer = OpenTelemetryObserver(endpoint="http://collector:4318", content=True)
        run("qa-pairs", 100, llm="openai/gpt-4.1-mini", observers=[observer])

    What isn't given comes from the standard variables OTEL_EXPORTER_OTLP_*, OTEL_SERVICE_NAME,
    OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_SAMPLER, OTEL_BSP_*, OTEL_METRIC_EXPORT_INTERVAL and
    OTEL_SDK_DISABLED. Answers are sent only with `content` (default: whether the variable
    OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT is true). `span_exporter` and `metric_reader` take the
    place of the collector; both end with the first run. At the end of a run, it waits for the collector at
    most `flush_seconds`, and a quarter of a second if that has just failed.

    Raises UsageError for settings that can't work. Conventions:
    https://opentelemetry.io/docs/specs/semconv/gen-ai/
    """

    def __init__(
        self,
        endpoint: str | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        content: bool | None = None,
        flush_seconds: float = 10.0,
        span_exporter: SpanExporter | None = None,
        metric_reader: MetricReader | None = None,
    ) -> None:
        self._exporting = Exporting.of(
            endpoint,
            headers,
            content=content,
            flush_seconds=flush_seconds,
            span_exporter=span_exporter,
            metric_reader=metric_reader,
        )
        # By identity: two runs may be equal, such as two without a name that are made side by side.
        self._runs: dict[int, RunTelemetry] = {}

    @hookimpl
    def seedbed_run_started(self, run: ObservedRun) -> None:
        """Begin a run's telemetry."""
        if not is_disabled():
            self._runs[id(run)] = RunTelemetry(run, self._exporting)

    @hookimpl
    def seedbed_call_finished(self, run: ObservedRun, call: ObservedCall) -> None:
        """Add a call's span and metrics."""
        if (telemetry := self._runs.get(id(run))) is not None:
            telemetry.add_call(call)

    @hookimpl
    def seedbed_call_reused(self, run: ObservedRun, call: ObservedCall) -> None:
        """Note that a row is made from an answer that the run had."""
        if (telemetry := self._runs.get(id(run))) is not None:
            telemetry.add_reused(call)

    @hookimpl
    def seedbed_try_failed(self, run: ObservedRun, failed: ObservedTry) -> None:
        """Add the span of a try of a call that failed."""
        if (telemetry := self._runs.get(id(run))) is not None:
            telemetry.add_failed(failed)

    @hookimpl
    def seedbed_row_finished(self, run: ObservedRun, row: ObservedRow) -> None:
        """Add a row's span, and count it."""
        if (telemetry := self._runs.get(id(run))) is not None:
            telemetry.add_row(row)

    @hookimpl
    def seedbed_run_finished(self, run: ObservedRun, outcome: ObservedOutcome) -> None:
        """Add the run's span, and send what is left."""
        if (telemetry := self._runs.pop(id(run), None)) is not None:
            telemetry.end(outcome)
