"""What a run does arrives at a collector as spans and metrics, and a collector that is away costs nothing."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import pytest
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from tests.support.collector import Collector, attributes_of
from tests.support.fates import SECRET, Fate, answering

from seedbed import BadRequestError, Reject, Task, UsageError, run
from seedbed.engine.observing.named import observers_of
from seedbed.engine.open_session import open_session
from seedbed.engine.plan_making import make_plan
from seedbed.testing import ObserverContract, ScriptedLLM
from seedbed_telemetry import OpenTelemetryObserver


@pytest.mark.slow
class TestOpenTelemetry(ObserverContract):
    observer = "opentelemetry"


def by_name(spans: list[Any], start: str) -> list[Any]:
    """Return the spans of a name, without those of failed tries."""
    return [
        span for span in spans if span.name.startswith(start) and "seedbed.try" not in attributes_of(span)
    ]


def failed_tries(spans: list[Any]) -> list[Any]:
    return [span for span in spans if "seedbed.try" in attributes_of(span)]


@pytest.mark.slow
def test_a_call_is_a_span_with_the_attributes_of_the_conventions(collector: Collector) -> None:
    run(Fate(llm=answering()), 1, name="fates", observers=["opentelemetry"])

    (call,) = by_name(collector.spans, "chat")
    assert call.name == "chat scripted"
    assert call.kind == call.SPAN_KIND_CLIENT
    assert attributes_of(call) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "scripted",
        "gen_ai.request.model": "scripted",
        "gen_ai.response.model": "scripted-2026",
        "gen_ai.response.id": "resp-1",
        "gen_ai.response.finish_reasons": ["length"],
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 20,
        "gen_ai.usage.cache_read.input_tokens": 3,
        "gen_ai.usage.reasoning.output_tokens": 4,
        "server.address": "models.example",
        "server.port": 8080,
        "seedbed.step": "fate",
        "seedbed.row.id": "0",
        "seedbed.attempt": 0,
        "seedbed.tries": 2,
    }


def test_a_failed_try_is_a_span_of_its_own_with_the_kind_of_its_error(collector: Collector) -> None:
    run(Fate(llm=answering()), 1, name="fates", observers=["opentelemetry"])

    (failed,) = failed_tries(collector.spans)
    (row,) = by_name(collector.spans, "row")
    (call,) = by_name(collector.spans, "chat")
    assert (failed.name, failed.kind) == ("chat scripted", failed.SPAN_KIND_CLIENT)
    assert (failed.trace_id, failed.parent_span_id) == (row.trace_id, row.span_id)
    assert failed.end_time_unix_nano <= call.start_time_unix_nano
    assert (failed.status.code, failed.status.message) == (
        failed.status.STATUS_CODE_ERROR,
        "LLMConnectionError",
    )
    assert attributes_of(failed) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "scripted",
        "gen_ai.request.model": "scripted",
        "server.address": "models.example",
        "server.port": 8080,
        "error.type": "LLMConnectionError",
        "seedbed.step": "fate",
        "seedbed.row.id": "0",
        "seedbed.attempt": 0,
        "seedbed.try": 1,
    }
    assert SECRET.encode() not in b"".join(body for _, body in collector.bodies)


def test_a_call_that_is_refused_for_good_is_a_span_too(collector: Collector) -> None:
    def refuse(request: Any) -> str:
        raise BadRequestError(f"no: {SECRET}", status=400)

    run(Fate(llm=ScriptedLLM(refuse, api_key=SECRET)), 1, observers=["opentelemetry"])

    (failed,) = failed_tries(collector.spans)
    assert attributes_of(failed)["error.type"] == "BadRequestError"
    assert attributes_of(failed)["http.response.status_code"] == 400
    assert SECRET.encode() not in b"".join(body for _, body in collector.bodies)


@pytest.mark.slow
def test_a_row_is_a_trace_with_its_calls_that_is_linked_to_the_run(collector: Collector) -> None:
    run(Fate(llm=answering()), 3, name="fates", observers=["opentelemetry"])

    (whole,) = by_name(collector.spans, "invoke_workflow")
    assert whole.name == "invoke_workflow fate"
    rows = {attributes_of(row)["seedbed.row.id"]: row for row in by_name(collector.spans, "row")}
    assert [*rows] == ["0", "1", "2", "3"]
    for call in by_name(collector.spans, "chat"):
        row = rows[attributes_of(call)["seedbed.row.id"]]
        assert (call.trace_id, call.parent_span_id) == (row.trace_id, row.span_id)
        assert row.start_time_unix_nano <= call.start_time_unix_nano
        assert call.end_time_unix_nano <= row.end_time_unix_nano
    for row in rows.values():
        assert [(link.trace_id, link.span_id) for link in row.links] == [(whole.trace_id, whole.span_id)]
    assert len({row.trace_id for row in rows.values()}) == 4
    verdicts = [attributes_of(row)["seedbed.verdict"] for row in rows.values()]
    assert verdicts == ["accepted", "rejected", "failed", "accepted"]
    assert attributes_of(rows["2"])["error.type"] == "ValueError"
    assert [row.status.code for row in rows.values()] == [0, 0, rows["2"].status.STATUS_CODE_ERROR, 0]
    assert attributes_of(whole)["seedbed.rows.failed"] == 1


def test_tokens_durations_and_rows_are_metrics(collector: Collector) -> None:
    run(Fate(llm=answering()), 3, observers=["opentelemetry"])

    found = collector.metrics
    tokens = {
        attributes_of(point)["gen_ai.token.type"]: (point.count, point.sum)
        for point in found["gen_ai.client.token.usage"].histogram.data_points
    }
    assert tokens == {"input": (4, 40.0), "output": (4, 80.0)}
    counts = {
        attributes_of(point).get("error.type"): point.count
        for point in found["gen_ai.client.operation.duration"].histogram.data_points
    }
    assert counts == {None: 4, "LLMConnectionError": 1}
    assert found["gen_ai.client.operation.duration"].unit == "s"
    rows = {
        attributes_of(point)["seedbed.verdict"]: point.as_int
        for point in found["seedbed.rows"].sum.data_points
    }
    assert rows == {"accepted": 2, "rejected": 1, "failed": 1}


def test_neither_keys_nor_texts_leave_the_run(collector: Collector) -> None:
    run(Fate(llm=answering()), 3, observers=["opentelemetry"])

    sent = b"".join(body for _, body in collector.bodies)
    for secret in (SECRET, "private", "confidentially", "dull", "no word"):
        assert secret.encode() not in sent


def test_texts_are_sent_if_they_are_asked_for(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true")
    run(Fate(llm=answering()), 3, observers=["opentelemetry"])

    said = [attributes_of(call) for call in by_name(collector.spans, "chat")]
    assert json.loads(said[0]["gen_ai.output.messages"]) == [
        {
            "role": "assistant",
            "parts": [
                {"type": "text", "content": "a private answer"},
                {"type": "tool_call", "id": "c1", "name": "f", "arguments": "{}"},
            ],
            "finish_reason": "length",
        }
    ]
    reasons = [attributes_of(row).get("seedbed.reason") for row in by_name(collector.spans, "row")]
    assert reasons[1] == "dull: a private answer"
    assert SECRET.encode() not in b"".join(body for _, body in collector.bodies)


@pytest.mark.slow
def test_answers_that_a_run_had_are_events_and_no_calls(collector: Collector) -> None:
    run(Fate(llm=answering()), 1, name="fates")
    run(Fate(llm=answering(), suffix="!"), 1, name="fates", observers=["opentelemetry"])

    assert by_name(collector.spans, "chat") == []
    (row,) = by_name(collector.spans, "row")
    (event,) = row.events
    assert event.name == "seedbed.call.reused"
    assert attributes_of(event)["seedbed.reused"] is True
    assert row.start_time_unix_nano == row.end_time_unix_nano
    found = collector.metrics
    assert not {"gen_ai.client.token.usage", "gen_ai.client.operation.duration"} & {*found}
    assert [point.as_int for point in found["seedbed.calls.reused"].sum.data_points] == [1]


class Several(Task):
    template: str = "{{ n }}"
    num_generations: int = 2

    def format_output(self, output: str | None, input: Any) -> dict[str, Any]:
        if input["n"] == 2:
            raise Reject("no")
        return {"word": output}


def test_rows_of_one_row_are_in_its_trace(collector: Collector) -> None:
    llm = ScriptedLLM(lambda request: "yes")
    run(Several(llm=llm), input=[{"n": 1}, {"n": 2}, {"n": 3}], observers=["opentelemetry"])

    rows = by_name(collector.spans, "row several")
    tops = {row.span_id: row for row in rows if not row.parent_span_id}
    parts = [row for row in rows if row.parent_span_id]
    assert len(tops) == 3
    assert len(parts) >= 4
    for part in parts:
        assert part.trace_id == tops[part.parent_span_id].trace_id
        assert attributes_of(part)["seedbed.row.id"].startswith(
            attributes_of(tops[part.parent_span_id])["seedbed.row.id"]
        )


@pytest.mark.slow
def test_a_sampler_keeps_whole_rows(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0.5")
    run(Fate(llm=answering()), 60, observers=["opentelemetry"])

    rows = {row.trace_id for row in by_name(collector.spans, "row")}
    assert 5 < len(rows) < 55
    assert {call.trace_id for call in by_name(collector.spans, "chat")} == rows
    points = collector.metrics["gen_ai.client.operation.duration"].histogram.data_points
    assert sum(point.count for point in points) == 61 + 1


def test_fields_name_the_collector_its_headers_and_what_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "nightly")
    with Collector() as other:
        observer = OpenTelemetryObserver(other.url, {"x-team": "data"}, content=True)
        run(Fate(llm=answering()), 1, observers=[observer])

        assert {headers["x-team"] for headers in other.headers} == {"data"}
        assert "gen_ai.output.messages" in attributes_of(by_name(other.spans, "chat")[0])
        assert b"nightly" in other.bodies[0][1]


def test_an_exporter_of_the_caller_takes_the_place_of_the_collector() -> None:
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    run(
        Fate(llm=answering()),
        1,
        observers=[OpenTelemetryObserver(span_exporter=exporter, metric_reader=reader)],
    )

    names = sorted(span.name for span in exporter.get_finished_spans())
    assert names == ["chat scripted", "chat scripted", "invoke_workflow fate", "row fate"]
    assert exporter.get_finished_spans()[0].resource.attributes["service.name"] == "seedbed"


@pytest.mark.slow
def test_nothing_is_sent_if_the_environment_turns_it_off(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    run(Fate(llm=answering()), 1, observers=[OpenTelemetryObserver()])
    assert {path for path, _ in collector.bodies} == {"/v1/metrics"}
    collector.bodies.clear()

    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    run(Fate(llm=answering()), 1, observers=[OpenTelemetryObserver()])
    assert collector.bodies == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "why"),
    [(None, "ConnectionError"), (401, "it answered 401 Unauthorized"), (503, "Service Unavailable")],
)
def test_a_collector_that_is_away_costs_a_run_one_line(
    status: int | None,
    why: str,
    collector: Collector,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    if status is None:
        # A port that nobody listens at.
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:9/?key={SECRET}")
    else:
        collector.status = status
    made = run(Fate(llm=answering()), 3, observers=[OpenTelemetryObserver(flush_seconds=2.0)])

    assert (made.outcome, made.accepted) == ("incomplete", 2)
    said = [one.getMessage() for one in caplog.records if not one.name.startswith("seedbed.")]
    assert len(said) == 1, said
    assert "took 0 of 10 spans of the run" in said[0]
    assert why in said[0]
    assert "the run itself isn't affected" in said[0]
    assert SECRET not in said[0]


@pytest.mark.slow
def test_a_try_that_the_collector_takes_later_is_no_failure(
    collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    collector.refusals = {"/v1/traces": [503, 503], "/v1/metrics": [503]}
    run(Fate(llm=answering()), 3, observers=["opentelemetry"])

    assert collector.refused == 3
    assert len(by_name(collector.spans, "row")) == 4
    assert "gen_ai.client.operation.duration" in collector.metrics
    assert [one for one in caplog.records if "collector" in one.getMessage()] == []


@pytest.mark.slow
def test_a_collector_that_refuses_metrics_gets_every_span(
    collector: Collector, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "1")
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "2")
    monkeypatch.setattr("seedbed_telemetry.outbox._ROOM_SECONDS", 20.0)
    collector.refusals = {"/v1/metrics": [404] * 1000}
    run(Fate(llm=answering()), 20, observers=["opentelemetry"])

    assert len(by_name(collector.spans, "row")) == 21
    (said,) = [one.getMessage() for one in caplog.records if "collector" in one.getMessage()]
    assert "took 44 of 44 spans of the run, but not its metrics: it answered 404" in said


@pytest.mark.slow
def test_metrics_that_are_taken_in_the_end_are_no_failure(
    collector: Collector, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "1")
    collector.refusals = {"/v1/metrics": [404]}
    run(Fate(llm=answering()), 20, observers=["opentelemetry"])

    assert collector.refused == 1
    assert [one for one in caplog.records if "collector" in one.getMessage()] == []


def test_a_queue_is_bounded_and_a_collector_that_hangs_is_given_up(
    collector: Collector, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "4")
    monkeypatch.setattr("seedbed_telemetry.outbox._ROOM_SECONDS", 0.01)
    collector.gate.clear()
    made = run(Fate(llm=answering()), 4, observers=[OpenTelemetryObserver(flush_seconds=0.1)])
    collector.gate.set()

    assert made.accepted == 3
    assert "took 0 of 12 spans of the run: it took too long" in caplog.text


def test_a_collector_that_is_slow_gets_every_span(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "2")
    monkeypatch.setattr("seedbed_telemetry.outbox._ROOM_SECONDS", 20.0)
    run(Fate(llm=answering()), 20, observers=["opentelemetry"])

    assert len(by_name(collector.spans, "chat")) == 21
    assert len(by_name(collector.spans, "row")) == 21


def test_an_interrupted_run_sends_what_it_did(collector: Collector) -> None:
    answered = threading.Event()

    async def answer(request: Any) -> str:
        if "5" in request.messages[-1]["content"]:
            session.drain()
            answered.set()
            await asyncio.sleep(0)
        return "yes"

    plan = make_plan(Fate(llm=ScriptedLLM(answer)), n=20, concurrency=1)
    session = open_session(plan, observers=observers_of(["opentelemetry"]))
    made = session.execute()

    assert made.outcome == "interrupted"
    (whole,) = by_name(collector.spans, "invoke_workflow")
    assert attributes_of(whole)["seedbed.run.outcome"] == "interrupted"
    assert len(by_name(collector.spans, "chat")) == made.calls.answered


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "OTEL_EXPORTER_OTLP_PROTOCOL is 'grpc'"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318", "OTEL_EXPORTER_OTLP_ENDPOINT isn't the address"),
        ("OTEL_TRACES_EXPORTER", "zipkin", "OTEL_TRACES_EXPORTER is 'zipkin'"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "many", "OTEL_BSP_MAX_QUEUE_SIZE is 'many'"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "0", "OTEL_METRIC_EXPORT_INTERVAL is '0'"),
    ],
)
def test_settings_that_cannot_work_are_refused(
    variable: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)

    with pytest.raises(UsageError, match=said):
        OpenTelemetryObserver()


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf")])
def test_a_time_that_is_none_is_refused(seconds: float) -> None:
    with pytest.raises(UsageError, match="flush_seconds"):
        OpenTelemetryObserver(flush_seconds=seconds)
