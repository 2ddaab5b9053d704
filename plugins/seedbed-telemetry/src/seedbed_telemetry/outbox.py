"""A bounded queue of spans, and the one thread that sends them and the metrics to the collector."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from functools import cache

from opentelemetry.sdk.metrics.export import MetricReader
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from seedbed_telemetry.exporting import positive_number

_ROOM_SECONDS = 0.5
"""How long a span waits for room while the collector answers, before it's dropped."""

_GRACE_SECONDS = 0.25
"""How long the end of a run waits for a collector that has just failed."""


class Outbox(SpanProcessor):
    """Sends spans and metrics on a thread of its own; adding to it never waits for a collector that is away.

    Not the SDK's own processor and reader: these drop spans of a collector that is only slow, log a warning
    for each failure, and take up to a minute to end without an answer.

    `offered` counts the spans and `sent` those that were taken; `trouble` says why the last attempt failed,
    empty if it didn't, and `has_failed` why any did.
    """

    def __init__(self, exporter: SpanExporter | None, reader: MetricReader | None) -> None:
        self.offered = 0
        self.sent = 0
        self.trouble = ""
        self.has_failed = ""
        self._exporter = exporter
        self._reader = reader
        self._most = int(positive_number("OTEL_BSP_MAX_QUEUE_SIZE", 2048))
        self._batch = min(self._most, int(positive_number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512)))
        self._delay = positive_number("OTEL_BSP_SCHEDULE_DELAY", 5000) / 1000
        self._interval = positive_number("OTEL_METRIC_EXPORT_INTERVAL", 60_000) / 1000
        self._queue: deque[ReadableSpan] = deque()
        self._changed = threading.Condition()
        self._is_ending = False
        self._is_cut = False
        self._has_ended = False
        _quiet_loggers()
        self._thread = _SendingThread(self)
        self._thread.start()

    def on_end(self, span: ReadableSpan) -> None:
        """Queue a span that has ended."""
        if self._exporter is None or not (span.context and span.context.trace_flags.sampled):
            return
        with self._changed:
            self.offered += 1
            # The store is the queue of an observer: waiting here costs the run nothing, dropping would cost
            # the span. But a collector that is away would make the run's end wait.
            if len(self._queue) >= self._most and not self.trouble:
                self._changed.wait_for(lambda: len(self._queue) < self._most or self.trouble, _ROOM_SECONDS)
            if len(self._queue) >= self._most:
                return
            self._queue.append(span)
            if len(self._queue) >= self._batch:
                self._changed.notify_all()

    def end(self, seconds: float) -> bool:
        """Send what is left, within so many seconds; return whether the collector took everything."""
        with self._changed:
            self._is_ending = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._has_ended or self.trouble, seconds)
            if not self._has_ended:
                self._changed.wait_for(lambda: self._has_ended, min(seconds, _GRACE_SECONDS))
            self._is_cut = True
        # An export that waits before its next try is broken off by this.
        if not self._has_ended:
            self._shut_down()
            self.has_failed = self.has_failed or "it took too long"
        return self.sent == self.offered and not self.has_failed

    def fail(self, why: str) -> None:
        """Note that an attempt has failed."""
        with self._changed:
            self.trouble = self.has_failed = why or "it gave no reason"
            self._changed.notify_all()

    def work(self) -> None:
        """Send until the end; for the thread."""
        try:
            due = time.monotonic() + self._interval
            while not self._is_over(due):
                if batch := self._take():
                    self._send(batch)
                if time.monotonic() >= due:
                    self._collect()
                    due = time.monotonic() + self._interval
            # Even if spans failed: metrics may go to another address.
            self._collect()
            if not self._is_cut:
                self._shut_down()
        finally:
            with self._changed:
                self._has_ended = True
                self._changed.notify_all()

    def _is_over(self, due: float) -> bool:
        """Wait for a batch, or for what is due; return whether there's nothing more to send."""
        with self._changed:
            wait = max(0.0, min(self._delay, due - time.monotonic()))
            self._changed.wait_for(lambda: self._is_ending or len(self._queue) >= self._batch, wait)
            return self._is_ending and (not self._queue or bool(self.trouble) or self._is_cut)

    def _take(self) -> list[ReadableSpan]:
        with self._changed:
            batch = [self._queue.popleft() for _ in range(min(self._batch, len(self._queue)))]
            self._changed.notify_all()
        return batch

    def _send(self, batch: list[ReadableSpan]) -> None:
        assert self._exporter is not None
        try:
            result = self._exporter.export(batch)
        except Exception as error:  # noqa: BLE001 - an exporter of the caller may raise anything
            self.fail(type(error).__name__)
            result = SpanExportResult.FAILURE
        with self._changed:
            if result is SpanExportResult.SUCCESS:
                self.sent += len(batch)
                self.trouble = ""
                return
        self.fail(self.trouble)

    def _collect(self) -> None:
        if self._reader is None:
            return
        try:
            self._reader.collect()
        except Exception as error:  # noqa: BLE001
            self.fail(type(error).__name__)

    def _shut_down(self) -> None:
        if self._exporter is not None:
            self._exporter.shutdown()
        if self._reader is not None:
            self._reader.shutdown()


class _SendingThread(threading.Thread):
    """A thread whose warnings of the exporter go to its outbox."""

    def __init__(self, outbox: Outbox) -> None:
        # A daemon: a collector that never answers mustn't keep the process from ending.
        super().__init__(target=outbox.work, name="seedbed telemetry", daemon=True)
        self.outbox = outbox


@cache
def _quiet_loggers() -> None:
    """Keep what the exporters log on our threads from the log: a run says it once, at its end.

    Without this, each try of each batch is a line in the middle of the run's progress.
    """
    for name in [*logging.root.manager.loggerDict]:
        if name.startswith("opentelemetry."):
            logging.getLogger(name).addFilter(_to_outbox)


def _to_outbox(record: logging.LogRecord) -> bool:
    thread = threading.current_thread()
    if not isinstance(thread, _SendingThread):
        return True
    if record.levelno >= logging.WARNING:
        thread.outbox.fail(_cause(record))
    return False


def _cause(record: logging.LogRecord) -> str:
    """Return why an export failed: a status, or the kind of an exception.

    Not the exception's text, which may have an address with a key in it.
    """
    args = record.args if isinstance(record.args, tuple) else ()
    errors = [arg for arg in args if isinstance(arg, BaseException)]
    if record.exc_info and record.exc_info[1] is not None:
        errors.append(record.exc_info[1])
    if errors:
        return type(errors[0]).__name__
    status = [str(arg) for arg in args if isinstance(arg, int | str) and str(arg) not in ("spans", "metrics")]
    return f"it answered {' '.join(status)}" if status else ""
