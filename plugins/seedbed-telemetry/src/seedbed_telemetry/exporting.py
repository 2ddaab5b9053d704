"""Where telemetry goes: what the caller gives, and otherwise what the variables OTEL_* say."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import SpanExporter

from seedbed import UsageError

CONTENT = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_{}_PROTOCOL")
_SPOKEN = "http/protobuf"
_SIGNALS = ("TRACES", "METRICS")


@dataclass(frozen=True)
class Exporting:
    """Settings of the export.

    `endpoint` is the address of the collector without a signal's path; None leaves it to the environment, as
    with `headers`. `content` says whether answers are sent, `flush_seconds` how long the end of
    a run may wait.
    """

    endpoint: str | None
    headers: Mapping[str, str] | None
    content: bool
    flush_seconds: float
    span_exporter: SpanExporter | None
    metric_reader: MetricReader | None

    @classmethod
    def of(
        cls,
        endpoint: str | None,
        headers: Mapping[str, str] | None,
        *,
        content: bool | None,
        flush_seconds: float,
        span_exporter: SpanExporter | None,
        metric_reader: MetricReader | None,
    ) -> Exporting:
        """Return checked settings; raise UsageError if they can't work."""
        if not flush_seconds > 0 or math.isinf(flush_seconds):
            raise UsageError(f"flush_seconds is {flush_seconds!r}", "give a positive number of seconds")
        wants = _is_true(CONTENT) if content is None else content
        made = cls(endpoint, headers, wants, flush_seconds, span_exporter, metric_reader)
        if not is_disabled():
            made._check()
        return made

    def new_span_exporter(self) -> SpanExporter | None:
        """Return what sends spans; None if the environment wants no traces."""
        if self.span_exporter is not None or not _is_wanted("TRACES"):
            return self.span_exporter
        return OTLPSpanExporter(self._address("traces"), headers=self._headers)

    def new_metric_reader(self) -> MetricReader | None:
        """Return what collects metrics; None if the environment wants none."""
        if self.metric_reader is not None or not _is_wanted("METRICS"):
            return self.metric_reader
        exporter = OTLPMetricExporter(self._address("metrics"), headers=self._headers)
        # It never collects by itself: the thread that sends spans does it, so that one thread talks to the
        # collector and knows whether it answers.
        return PeriodicExportingMetricReader(exporter, export_interval_millis=math.inf)

    @property
    def place(self) -> str:
        """The collector in messages: scheme, host and port alone, since an address may have a key in it."""
        parts = urlsplit(self.endpoint or _environment_endpoint())
        host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname
        return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")

    @property
    def _headers(self) -> dict[str, str] | None:
        return None if self.headers is None else dict(self.headers)

    def _address(self, signal: str) -> str | None:
        return None if self.endpoint is None else f"{self.endpoint.removesuffix('/')}/v1/{signal}"

    def _check(self) -> None:
        for variable in _protocol_variables():
            if os.environ.get(variable, _SPOKEN) not in ("", _SPOKEN):
                raise UsageError(
                    f"{variable} is {os.environ[variable]!r}, and the observer speaks {_SPOKEN!r} only",
                    f"set {variable}={_SPOKEN}, and the endpoint to the collector's port for it, mostly 4318",
                )
        for name, address in _addresses(self.endpoint).items():
            _check_address(name, address)
        for name in ("OTEL_BSP_SCHEDULE_DELAY", "OTEL_METRIC_EXPORT_INTERVAL", *_COUNTS):
            positive_number(name, 1.0)
        try:
            for made in (self.new_span_exporter(), self.new_metric_reader()):
                if made is not None and made not in (self.span_exporter, self.metric_reader):
                    made.shutdown()
        except Exception as error:
            raise UsageError(
                f"OpenTelemetry can't be set up: {type(error).__name__}: {error}",
                "look at the environment variables OTEL_EXPORTER_OTLP_*",
            ) from error


_COUNTS = ("OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE")


def is_disabled() -> bool:
    """Whether the environment turns telemetry off."""
    return _is_true("OTEL_SDK_DISABLED")


def positive_number(variable: str, default: float) -> float:
    """Return the number in an environment variable; raise UsageError if it isn't a positive one."""
    text = os.environ.get(variable, "")
    if not text:
        return default
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise UsageError(
            f"{variable} is {text!r}, which isn't a positive number", f"set it, or unset {variable}"
        )
    return number


def resource() -> Resource:
    """Return what the telemetry is of: the service `seedbed`, unless the environment names another."""
    made = Resource.create()
    if str(made.attributes.get("service.name", "")).startswith("unknown_service"):
        made = made.merge(Resource({"service.name": "seedbed"}))
    return made


def _is_true(variable: str) -> bool:
    return os.environ.get(variable, "").strip().lower() == "true"


def _is_wanted(signal: str) -> bool:
    variable = f"OTEL_{signal}_EXPORTER"
    named = os.environ.get(variable, "").strip() or "otlp"
    if named not in ("otlp", "none"):
        raise UsageError(f"{variable} is {named!r}", "the observer exports by 'otlp', or not at all: 'none'")
    return named == "otlp"


def _protocol_variables() -> list[str]:
    general, own = _PROTOCOLS
    return [general, *(own.format(signal) for signal in _SIGNALS)]


def _environment_endpoint() -> str:
    named = (os.environ.get(name) for name in ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", _ENDPOINT))
    return next(filter(None, named), "http://localhost:4318")


def _addresses(endpoint: str | None) -> dict[str, str]:
    """Return the addresses that are named, by where."""
    if endpoint is not None:
        return {"endpoint": endpoint}
    names = (_ENDPOINT, *(f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT" for signal in _SIGNALS))
    return {name: os.environ[name] for name in names if os.environ.get(name)}


def _check_address(name: str, address: str) -> None:
    try:
        parts = urlsplit(address)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if not fits:
        # Without the value: it may have a key in it, and isn't in a form in which that could be found.
        raise UsageError(f"{name} isn't the address of a collector", "write it as http://localhost:4318")
