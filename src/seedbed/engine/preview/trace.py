"""What happened to each row of a run: its calls, and what they led to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from seedbed.engine.failure import Failure
from seedbed.engine.segments.item_outcome import ItemOutcome
from seedbed.llm.calling.scope import SHARED, CallScope
from seedbed.llm.parameters import GenerationParameters
from seedbed.llm.request import Request
from seedbed.llm.response import Response
from seedbed.plugins.fields.secret_fields import is_secret
from seedbed.tasks.rows import Row


@dataclass(frozen=True)
class PreviewedCall:
    """One answered call of a step; the note says what was sent differently from what was asked for."""

    step: str
    request: Request
    response: Response
    note: str = ""

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters that were sent with the messages, as JSON values."""
        request = self.request
        sent = {name: getattr(request, name) for name in GenerationParameters.model_fields}
        sent["extra"] = {
            name: "[secret]" if is_secret(name) else value for name, value in request.extra.items()
        }
        return {name: value for name, value in sent.items() if value or value == 0}

    def as_json(self) -> dict[str, Any]:
        """Return the call as JSON values."""
        answers = [
            {"text": choice.text, "reasoning": choice.reasoning, "finish_reason": choice.finish_reason}
            for choice in self.response.choices
        ]
        usage = self.response.usage
        return {
            "step": self.step,
            **({"note": self.note} if self.note else {}),
            **({"raw_prompt": True} if self.request.raw_prompt else {}),
            "messages": list(self.request.messages),
            "parameters": self.parameters,
            "answers": answers,
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
        }


@dataclass
class PreviewedRow:
    """The calls made for one index or input row, and the resulting rows, failures and rejections.

    `source` is what people call an input row. Calls of a generator that makes all its rows in one go, and
    those whose answers rows share, belong to no single row; their trace has an empty id and no rows.
    """

    id: str
    calls: list[PreviewedCall] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    rejections: list[Failure] = field(default_factory=list)
    is_settled: bool = False
    source: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the trace as JSON values."""
        return {
            "id": self.id,
            "source": self.source or None,
            "calls": [call.as_json() for call in self.calls],
            "rows": self.rows,
            "failures": [_why(failure) for failure in self.failures],
            "rejections": [_why(rejection) for rejection in self.rejections],
        }


class Trace:
    """Collects calls as a gateway's recorder, and settled rows as an engine's `watch`, on the loop thread."""

    def __init__(self) -> None:
        self._by_id: dict[str, PreviewedRow] = {}

    def record(self, scope: CallScope | None, request: Request, response: Response, note: str) -> None:
        """Take an answered call."""
        step, row = (scope.step, scope.row) if scope else ("", "")
        if row.startswith(SHARED):
            row = ""
        self._of(row).calls.append(PreviewedCall(step, request, response, note))

    def watch(self, settled: ItemOutcome) -> None:
        """Take what became of an index or input row."""
        for rows in settled.made.values():
            for in_flight in rows:
                self._settled(in_flight.id, in_flight.place).rows.append(in_flight.row())
        for failure in settled.failures:
            self._settled(failure.row, failure.source).failures.append(failure)
        for rejection in settled.rejections:
            self._settled(rejection.row, rejection.source).rejections.append(rejection)

    def traces(self) -> list[PreviewedRow]:
        """Return the traces of the settled rows in order; first, if any, that of calls of no single row."""
        # Rows that were in flight when enough had been made have calls, but no verdict: they aren't shown.
        settled = [trace for trace in self._by_id.values() if trace.is_settled]
        return [*([self._by_id[""]] if "" in self._by_id else []), *sorted(settled, key=_order)]

    def _settled(self, row_id: str, source: str) -> PreviewedRow:
        trace = self._of(row_id)
        trace.is_settled, trace.source = True, source
        return trace

    def _of(self, row_id: str) -> PreviewedRow:
        # What a row became in later steps ("3/0") belongs to the row that it came from ("3").
        root = row_id.partition("/")[0]
        return self._by_id.setdefault(root, PreviewedRow(root))


def _order(trace: PreviewedRow) -> tuple[int, int]:
    return (0, int(trace.id)) if trace.id.isdecimal() else (1, 0)


def _why(failure: Failure) -> dict[str, str]:
    return {"step": failure.step, "reason": failure.reason}
