"""The metrics of a run: those of the GenAI conventions, and rows, reused answers and dollars."""

from __future__ import annotations

from opentelemetry.metrics import MeterProvider

from seedbed import ObservedCall, ObservedRow, ObservedTry
from seedbed_telemetry.call_attributes import Attributes

# The boundaries that the conventions ask for.
_TOKENS = [float(4**power) for power in range(14)]
_SECONDS = [0.01 * 2**power for power in range(14)]


class Measures:
    """Counts calls, tokens, dollars and rows."""

    def __init__(self, meters: MeterProvider) -> None:
        meter = meters.get_meter("seedbed")
        self._tokens = meter.create_histogram(
            "gen_ai.client.token.usage",
            unit="{token}",
            description="Number of input and output tokens used.",
            explicit_bucket_boundaries_advisory=_TOKENS,
        )
        self._seconds = meter.create_histogram(
            "gen_ai.client.operation.duration",
            unit="s",
            description="GenAI operation duration.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self._dollars = meter.create_counter(
            "seedbed.cost", "{USD}", "What calls cost, as far as prices are known."
        )
        self._rows = meter.create_counter(
            "seedbed.rows", "{row}", "Rows decided in this session, by verdict."
        )
        self._reused = meter.create_counter(
            "seedbed.calls.reused", "{call}", "Calls whose answer the run had already."
        )

    def add_call(self, call: ObservedCall, common: Attributes) -> None:
        """Count a call; `common` are the attributes that say what kind of call it was."""
        attributes = {**common, "seedbed.step": call.step}
        if call.seconds is not None:
            self._seconds.record(call.seconds, attributes)
        usage = call.usage
        # A backend that counts no tokens says 0.
        if usage.total_tokens:
            self._tokens.record(usage.input_tokens, {**attributes, "gen_ai.token.type": "input"})
            self._tokens.record(usage.output_tokens, {**attributes, "gen_ai.token.type": "output"})
        if call.cost:
            self._dollars.add(call.cost, attributes)

    def add_failed(self, failed: ObservedTry, common: Attributes) -> None:
        """Count how long a try took that failed; `common` says of which kind it was, and of what error."""
        self._seconds.record(failed.seconds, {**common, "seedbed.step": failed.step})

    def add_reused(self, call: ObservedCall) -> None:
        """Count an answer that the run had."""
        self._reused.add(1, {"seedbed.step": call.step, "gen_ai.request.model": call.model})

    def add_row(self, row: ObservedRow) -> None:
        """Count a row by its verdict, and by the kind of error if it wasn't accepted."""
        attributes = {"seedbed.leaf": row.leaf, "seedbed.verdict": row.verdict}
        if row.kind:
            attributes["error.type"] = row.kind
        self._rows.add(1, attributes)
