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
"""How long the end of a run waits for a collector that has just failed, or that can't be reached."""


class Outbox(SpanProcessor):
    """Sends spans and metrics on a thread of its own; adding to it never waits for a collector that is away.

    Not the SDK's own processor and reader: these drop spans of a collector that is only slow, log a warning
    for each failure, and take up to a minute to end without an answer.

    `offered` counts the spans and `sent` those that were taken. `trouble` says why the last batch of spans
    was given up, `metrics_trouble` why the metrics were; each is empty if they were taken, whatever number of
    tries it took.
    """

    def __init__(self, exporter: SpanExporter | None, reader: MetricReader | None) -> None:
        self.offered = 0
        self.sent = 0
        self.trouble = ""
        self.metrics_trouble = ""
        self._lost = ""
        # What the exporter has said of the attempt that goes on: it may still be taken.
        self._said = ""
        self._has_given_up = False
        self._is_unreachable = False
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
            self._changed.wait_for(lambda: self._has_ended or self.trouble or self._is_unreachable, seconds)
            if not self._has_ended:
                self._changed.wait_for(lambda: self._has_ended, min(seconds, _GRACE_SECONDS))
            self._is_cut = True
            if not self._has_ended:
                self._lost = self._lost or self._said or "it took too long"
        # An export that waits before its next try is broken off by this.
        if not self._has_ended:
            self._shut_down()
            return False
        return self.sent == self.offered and not self.metrics_trouble

    @property
    def why(self) -> str:
        """Why spans were lost, or otherwise the metrics."""
        return self._lost or self.metrics_trouble or "it was too slow"

    @property
    def has_only_spans(self) -> bool:
        """Whether all spans were taken, and the metrics weren't."""
        return self.sent == self.offered and bool(self.metrics_trouble)

    def note(self, why: str, *, is_final: bool, is_unreachable: bool = False) -> None:
        """Note what the exporter says of its attempt; only `is_final` means that it has given up.

        The end of the run waits less for a collector that is unreachable.
        """
        with self._changed:
            self._said = why or self._said
            self._has_given_up = self._has_given_up or is_final
            self._is_unreachable = self._is_unreachable or is_unreachable
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
        self._begin()
        try:
            is_taken = self._exporter.export(batch) is SpanExportResult.SUCCESS
        except Exception as error:  # noqa: BLE001 - an exporter of the caller may raise anything
            is_taken = False
            self.note(type(error).__name__, is_final=True)
        with self._changed:
            self.sent += len(batch) if is_taken else 0
            self.trouble = self._finished(is_taken)
            self._lost = self.trouble or self._lost
            self._changed.notify_all()

    def _collect(self) -> None:
        if self._reader is None:
            return
        self._begin()
        try:
            self._reader.collect()
        except Exception as error:  # noqa: BLE001
            self.note(type(error).__name__, is_final=True)
        with self._changed:
            # A reader doesn't say whether its exporter was successful; the exporter's log does.
            self.metrics_trouble = self._finished(not self._has_given_up)

    def _begin(self) -> None:
        with self._changed:
            self._said, self._has_given_up = "", False

    def _finished(self, is_taken: bool) -> str:
        """Return why an attempt has failed; empty if it hasn't."""
        if is_taken:
            self._is_unreachable = False
            return ""
        return self._said or "it gave no reason"

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
        # After a warning it tries again; an error says that it doesn't.
        is_final = record.levelno >= logging.ERROR
        is_unreachable = not is_final and _error_of(record) is not None
        thread.outbox.note(_cause(record), is_final=is_final, is_unreachable=is_unreachable)
    return False


def _cause(record: logging.LogRecord) -> str:
    """Return why an attempt failed: a status, or the kind of an exception.

    Not the exception's text, which may have an address with a key in it.
    """
    if (error := _error_of(record)) is not None:
        return type(error).__name__
    args = record.args if isinstance(record.args, tuple) else ()
    # The others are the signal's name, and the seconds to the next try.
    status = [str(arg) for arg in args if isinstance(arg, int | str) and str(arg) not in ("spans", "metrics")]
    return f"it answered {' '.join(status)}" if status else ""


def _error_of(record: logging.LogRecord) -> BaseException | None:
    args = record.args if isinstance(record.args, tuple) else ()
    errors = [arg for arg in args if isinstance(arg, BaseException)]
    if record.exc_info and record.exc_info[1] is not None:
        errors.append(record.exc_info[1])
    return errors[0] if errors else None
