"""Ids of traces and spans that follow from what they're of, so that a call's parent needn't exist yet."""

from __future__ import annotations

import hashlib

from opentelemetry.context import Context
from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context


class GivenIds(IdGenerator):
    """Gives the next span the ids that are in `trace` and `span`, and random ones otherwise."""

    def __init__(self) -> None:
        self.trace: int | None = None
        self.span: int | None = None
        self._random = RandomIdGenerator()

    def generate_span_id(self) -> int:
        """Return the id of a new span."""
        given, self.span = self.span, None
        return self._random.generate_span_id() if given is None else given

    def generate_trace_id(self) -> int:
        """Return the id of a new trace."""
        given, self.trace = self.trace, None
        return self._random.generate_trace_id() if given is None else given


class TraceOf:
    """The ids of the trace of one thing (`seed` is all that it depends on), and of the span at its top."""

    __slots__ = ("span", "trace")

    def __init__(self, seed: str) -> None:
        digest = hashlib.blake2b(seed.encode(errors="replace"), digest_size=24).digest()
        # Neither may be 0.
        self.trace = int.from_bytes(digest[:16], "big") or 1
        self.span = int.from_bytes(digest[16:], "big") or 1

    def context(self, *, is_sampled: bool) -> Context:
        """Return the context of what is below the top."""
        flags = TraceFlags(TraceFlags.SAMPLED if is_sampled else TraceFlags.DEFAULT)
        return set_span_in_context(
            NonRecordingSpan(SpanContext(self.trace, self.span, False, flags)), Context()
        )
