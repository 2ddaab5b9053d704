"""Rows that a careless author, a stranger's file or a picky filter could cost."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
from pydantic import SecretStr

from seedbed import (
    LLM,
    GeneratorOutput,
    GeneratorTask,
    Pass,
    Registry,
    Reject,
    Request,
    Response,
    SeedbedError,
    Step,
    Task,
    UsageError,
    otherwise,
    run,
    when,
)
from seedbed.pipeline.file import load_pipeline
from seedbed.plugins.policy.policy import Policy
from seedbed.tasks.rows import Row


class KeyedLLM(LLM):
    api_key: SecretStr = SecretStr("sk-very-secret-key")
    fails: bool = False

    async def respond(self, request: Request) -> Response:
        if self.fails:
            raise UsageError(f"bad header {self.api_key.get_secret_value()}")
        return Response.of_text(str(request.messages[-1]["content"]))


ROWS = [{"n": 0}, {"n": 1}, {"n": 2}]


class Cancelling(Step):
    def process(self, row: Row) -> Row:
        if row["n"] == 1:
            raise asyncio.CancelledError
        return row


def test_a_row_whose_step_raises_cancelled_fails_and_is_not_forgotten() -> None:
    made = run(Cancelling(), input=ROWS)

    assert (made.accepted, made.failed, made.outcome) == (2, 1, "incomplete")


ANY_CANCELLED = pytest.mark.parametrize("kind", [asyncio.CancelledError, concurrent.futures.CancelledError])


class Cancelled(GeneratorTask):
    """Raises where it's told to, as code does that waits for something that was cancelled."""

    template: str = "{{ index }}"
    where: str
    kind: type[BaseException]

    def _may_raise(self, where: str) -> None:
        if self.where == where:
            raise self.kind

    def load(self) -> None:
        super().load()
        self._may_raise("load")

    def sample(self, index: int, rng: Random) -> Row:
        if index == 1:
            self._may_raise("sample")
        return {"index": index}

    def admit(self, row: Row, accepted: Sequence[Row]) -> None:
        if row["index"] == 1:
            self._may_raise("admit")

    def unload(self) -> None:
        self._may_raise("unload")


@ANY_CANCELLED
@pytest.mark.parametrize("where", ["sample", "admit"])
def test_a_row_fails_alone_where_sampling_or_admitting_it_raises_cancelled(
    where: str, kind: type[BaseException]
) -> None:
    made = run(Cancelled(where=where, kind=kind), 3, llm=KeyedLLM(model="m"))

    assert (made.accepted, made.failed, made.outcome) == (2, 1, "incomplete")
    assert (
        "raised CancelledError" in made.failures[0].reason or "CancelledError was" in made.failures[0].reason
    )


@ANY_CANCELLED
def test_a_row_fails_alone_where_a_condition_raises_cancelled(kind: type[BaseException]) -> None:
    def picks(row: Row) -> bool:
        if row["n"] == 1:
            raise kind
        return True

    made = run(Pass() >> [when(picks, Pass(name="a")), otherwise(Pass(name="b"))], input=ROWS, leaf="a")

    assert (made.accepted, made.failed, made.outcome) == (2, 1, "incomplete")
    assert "the condition raised CancelledError" in made.failures[0].reason


@ANY_CANCELLED
def test_a_step_that_raises_cancelled_where_it_loads_or_unloads_is_named(
    kind: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(SeedbedError, match="step 'cancelled' could not be loaded"):
        run(Cancelled(where="load", kind=kind), 1, llm=KeyedLLM(model="m"))
    made = run(Cancelled(where="unload", kind=kind), 1, llm=KeyedLLM(model="m"))

    assert made.outcome == "complete"
    assert "step 'cancelled' could not be unloaded" in caplog.text


class CheckCancelled(KeyedLLM):
    async def check(self) -> None:
        raise asyncio.CancelledError


def test_a_backend_whose_check_raises_cancelled_is_named() -> None:
    with pytest.raises(SeedbedError, match=r"the LLM '.*' could not be loaded: CancelledError"):
        run(Say(), llm=CheckCancelled(model="m"), input=[{"text": "a"}])


class Say(Task):
    template: str = "{{ text }}"

    def format_input(self, input: Row) -> list[dict[str, Any]]:
        return [{"role": "user", "content": input["text"]}]


def test_one_odd_prompt_fails_alone() -> None:
    made = run(Say(), llm=KeyedLLM(model="m"), input=[{"text": "a"}, {"text": None}, {"text": "b"}])

    assert [row["generation"] for row in made.rows()] == ["a", "b"]
    assert made.failed == 1


class Judged(GeneratorTask):
    judge: LLM
    template: str = "{{ judge.api_key.get_secret_value() }}"


def test_a_template_sees_no_llm_and_no_key() -> None:
    with pytest.raises(UsageError) as raised:
        run(Judged(judge=KeyedLLM(model="j")), 1, llm=KeyedLLM(model="m"))

    assert "sk-very" not in str(raised.value)


def test_no_error_of_a_backend_shows_its_key() -> None:
    with pytest.raises(UsageError) as raised:
        KeyedLLM(model="m", fails=True).generate([[{"role": "user", "content": "?"}]])

    assert str(raised.value) == "bad header [secret]"


def test_a_pipeline_file_brings_no_code_in_by_a_field(tmp_path: Path) -> None:
    (tmp_path / "evil.py").write_text("raise SystemExit('code from a file ran')\n")
    path = tmp_path / "pipeline.yaml"
    path.write_text(f"steps: [{{use: say, with: {{llm: '{tmp_path}/evil.py:Evil/m'}}}}]\n")
    registry = Registry(installed=(), policy=Policy())
    registry.add(Say)

    with pytest.raises(UsageError, match="be under `with`"):
        load_pipeline(path, registry)


class Asking(GeneratorTask):
    def process(self, offset: int = 0) -> GeneratorOutput:
        while True:
            yield {"text": self.llm.generate([[{"role": "user", "content": "?"}]])[0][0]}


def test_a_generator_buys_no_call_for_a_row_that_is_not_wanted() -> None:
    made = run(Asking(), 3, llm=KeyedLLM(model="m"))

    assert (made.accepted, made.calls.answered) == (3, 3)


class OneInTwenty(Step):
    def process(self, row: Row) -> Row:
        if row["n"] % 20:
            raise Reject("")
        return row


def test_a_filter_that_keeps_few_rows_goes_on_as_long_as_it_keeps_any() -> None:
    made = run(OneInTwenty(), 5, input=({"n": n} for n in range(1000)))

    assert [row["n"] for row in made.rows()] == [0, 20, 40, 60, 80]
    assert made.rejections == {"no reason given": 76}
