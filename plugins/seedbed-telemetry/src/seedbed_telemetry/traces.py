"""The spans of one session of a run: one for the run, for each row, for each call and for each failed try.

Each row is a trace of its own, linked to the run's: a trace of a million rows would be refused by most
collectors, and a sampler decides by the trace, so `traceidratio` keeps whole rows.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass, field

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from seedbed import ObservedCall, ObservedOutcome, ObservedRow, ObservedRun, ObservedTry
from seedbed_telemetry.call_attributes import Attributes
from seedbed_telemetry.trace_ids import GivenIds, TraceOf

_MOST_OPEN = 4096
"""Rows whose calls are known and whose verdict isn't. A run has some thousand in flight; more of them are
rows of which nothing else will come, such as those that went into a step over all rows."""

_WORKFLOW = "invoke_workflow"


@dataclass(slots=True)
class _Open:
    """A row that has had calls: from when to when, and the answers that it reused."""

    start: int | None = None
    end: int = 0
    reused: list[Attributes] = field(default_factory=list)


class Traces:
    """Makes the spans. Whatever comes of one source row (`7`, `7/0`, `7/1`) is in the trace of that row."""

    def __init__(
        self, run: ObservedRun, processor: SpanProcessor, resource: Resource, key: str, *, has_content: bool
    ) -> None:
        self._run = run
        self._key = key
        self._has_content = has_content
        self._ids = GivenIds()
        self._provider = TracerProvider(resource=resource, id_generator=self._ids, shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("seedbed")
        self._open: OrderedDict[str, _Open] = OrderedDict()
        self._last: dict[str, str] = {}
        self._of_run = TraceOf(key)
        self._started = time.time_ns()
        link = SpanContext(self._of_run.trace, self._of_run.span, False, TraceFlags(TraceFlags.SAMPLED))
        self._links = [Link(link)]

    def add_call(self, call: ObservedCall, attributes: Attributes) -> None:
        """Add a call's span."""
        end = time.time_ns() if call.started is None else _nanoseconds(call.started + (call.seconds or 0.0))
        start = end if call.started is None else _nanoseconds(call.started)
        self._add_client(call, start, end, attributes)

    def add_failed(self, failed: ObservedTry, attributes: Attributes) -> None:
        """Add the span of a try that failed, next to that of the call if it's answered later."""
        start, end = _nanoseconds(failed.started), _nanoseconds(failed.started + failed.seconds)
        self._add_client(failed, start, end, attributes)

    def _add_client(
        self, call: ObservedCall | ObservedTry, start: int, end: int, attributes: Attributes
    ) -> None:
        top = self._of_run
        if _has_row(call):
            root = _root(call.row)
            top = self._trace_of(root)
            known = self._known(root)
            known.start = start if known.start is None else min(known.start, start)
            known.end = max(known.end, end)
        name = f"{attributes['gen_ai.operation.name']} {call.model}"
        self._add(name, top, start, end, attributes, SpanKind.CLIENT)

    def add_reused(self, call: ObservedCall) -> None:
        """Note in a row's trace that an answer was reused: an event, since it took no time."""
        if _has_row(call):
            self._known(_root(call.row)).reused.append(
                {"gen_ai.request.model": call.model, "seedbed.step": call.step, "seedbed.reused": True}
            )

    def add_row(self, row: ObservedRow) -> None:
        """Add a row's span."""
        root = _root(row.id)
        # Rows of a leaf come in order: once another source row is decided, no further one of this row comes.
        last = self._last.get(row.leaf, root)
        if last != root and last in self._open:
            self._end_row(last, self._open.pop(last))
        self._last[row.leaf] = root
        attributes = self._row_attributes(row)
        if row.id == root and row.leaf == self._run.leaf:
            self._end_row(root, self._open.pop(root, _Open()), attributes)
            return
        # One of several rows of its source row, or of several leaves: a span of its own, at one moment, below
        # that of the source row.
        at = self._known(root).end or time.time_ns()
        self._add(f"row {row.leaf}", self._trace_of(root), at, at, attributes, SpanKind.INTERNAL)

    def end(self, outcome: ObservedOutcome) -> None:
        """End the spans of all rows, and that of the run."""
        while self._open:
            self._end_row(*self._open.popitem(last=False))
        self._end_run(outcome)

    def _known(self, root: str) -> _Open:
        known = self._open.get(root)
        if known is None:
            known = self._open[root] = _Open()
            if len(self._open) > _MOST_OPEN:
                self._end_row(*self._open.popitem(last=False))
        return known

    def _trace_of(self, root: str) -> TraceOf:
        return TraceOf(f"{self._key}/{root}")

    def _end_row(self, root: str, known: _Open, attributes: Attributes | None = None) -> None:
        now = time.time_ns()
        end = known.end or now
        top = self._trace_of(root)
        self._ids.trace, self._ids.span = top.trace, top.span
        given = {**self._about_run(), "seedbed.row.id": root, **(attributes or {})}
        start = end if known.start is None else known.start
        span = self._tracer.start_span(
            f"row {self._run.task}", attributes=given, links=self._links, start_time=start
        )
        # A sampler may have left the ids unused.
        self._ids.trace = self._ids.span = None
        for reused in known.reused:
            span.add_event("seedbed.call.reused", reused, timestamp=start)
        _set_status(span, given)
        span.end(end)

    def _end_run(self, outcome: ObservedOutcome) -> None:
        attributes: Attributes = {
            "gen_ai.operation.name": _WORKFLOW,
            "gen_ai.workflow.name": self._run.task,
            **self._about_run(),
            "seedbed.run.seed": str(self._run.seed),
            "seedbed.run.steps": [*self._run.steps],
            "seedbed.run.models": [*self._run.models],
            "seedbed.run.outcome": outcome.outcome,
            "seedbed.rows.accepted": outcome.accepted,
            "seedbed.rows.rejected": outcome.rejected,
            "seedbed.rows.failed": outcome.failed,
            "seedbed.calls": outcome.calls,
            "seedbed.calls.reused": outcome.replayed,
            "gen_ai.usage.input_tokens": outcome.usage.input_tokens,
            "gen_ai.usage.output_tokens": outcome.usage.output_tokens,
        }
        if self._run.wanted is not None:
            attributes["seedbed.rows.wanted"] = self._run.wanted
        if outcome.cost is not None:
            attributes["seedbed.cost"] = outcome.cost
        self._ids.trace, self._ids.span = self._of_run.trace, self._of_run.span
        span = self._tracer.start_span(
            f"{_WORKFLOW} {self._run.task}", attributes=attributes, start_time=self._started
        )
        if outcome.outcome == "stopped":
            # Why it stopped may quote an answer.
            said = outcome.stopped_by if self._has_content and outcome.stopped_by else "stopped"
            span.set_status(Status(StatusCode.ERROR, said))
        span.end()

    def _add(
        self, name: str, top: TraceOf, start: int, end: int, attributes: Attributes, kind: SpanKind
    ) -> None:
        # The sampler's decision on the trace, as it'll be made again for the span at its top.
        decision = self._provider.sampler.should_sample(None, top.trace, name).decision
        context = top.context(is_sampled=decision is Decision.RECORD_AND_SAMPLE)
        span = self._tracer.start_span(name, context, kind, attributes=attributes, start_time=start)
        _set_status(span, attributes)
        span.end(end)

    def _row_attributes(self, row: ObservedRow) -> Attributes:
        found: Attributes = {
            "seedbed.row.id": row.id,
            "seedbed.row.seq": row.seq,
            "seedbed.leaf": row.leaf,
            "seedbed.step": row.step,
            "seedbed.verdict": row.verdict,
        }
        if row.kind:
            found["error.type"] = row.kind
        if row.reason and self._has_content:
            # It may quote an answer.
            found["seedbed.reason"] = row.reason
        return found

    def _about_run(self) -> Attributes:
        return {
            "seedbed.run.name": self._run.name,
            "seedbed.run.session": self._run.session,
            "seedbed.run.task": self._run.task,
        }


def _set_status(span: Span, attributes: Attributes) -> None:
    """Mark a span as an error if its row or try has failed; a rejected row isn't an error."""
    if attributes.get("seedbed.verdict") == "failed" or "seedbed.try" in attributes:
        said = attributes.get("seedbed.reason") or attributes.get("error.type")
        span.set_status(Status(StatusCode.ERROR, str(said) if said else None))


def _has_row(call: ObservedCall | ObservedTry) -> bool:
    # A step over all rows, and answers that rows share, are the run's.
    return bool(call.row) and not call.row.startswith("shared:")


def _root(row: str) -> str:
    """Return the id of the source row that a row comes from."""
    return row.partition("/")[0]


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1e9)
