"""LLMs that fewer processes load than there are workers: each worker asks them, and loads none."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tests.support.crews import Apart, HereLine

from seedbed import (
    LLM,
    BadRequestError,
    GeneratorTask,
    Pipeline,
    Request,
    Response,
    SeedbedError,
    TimedOutError,
    WorkerLink,
    run,
)
from seedbed.engine.local import LocalEngine
from seedbed.engine.workers.asking_replicas import AskingReplicas, ElsewhereModel
from seedbed.engine.workers.replica_parts import ReplicatedModel
from seedbed.engine.workers.replicated import replicated_of
from seedbed.llm.calling.loop import loop_thread


class Heavy(LLM):
    """Says in upper case what it's asked; a model that takes one call at a time."""

    backend = "heavy"
    fault: str = ""

    loads: ClassVar[list[int]] = []
    at_once: ClassVar[list[int]] = []
    now: ClassVar[int] = 0

    @property
    def slots(self) -> int:
        return 1

    def load(self) -> None:
        if self.fault == "load":
            raise ValueError("no model here")
        Heavy.loads.append(id(self))

    async def respond(self, request: Request) -> Response:
        Heavy.now += 1
        Heavy.at_once.append(Heavy.now)
        await asyncio.sleep(0)
        Heavy.now -= 1
        text = str(request.messages[-1]["content"])
        if self.fault == "refuse" and "3" in text:
            raise BadRequestError("not this one", status=400)
        return Response.of_text(text.upper())


class Word(GeneratorTask):
    template: str = "word {{ n }}"

    def sample(self, index: int, rng: Any) -> dict[str, Any]:
        return {"n": index}


class Dying(Apart):
    deaths: ClassVar[int] = 2


@pytest.fixture(autouse=True)
def none_loaded() -> None:
    Heavy.loads.clear()
    Heavy.at_once.clear()
    Endless.begun.clear()
    Endless.ended.clear()


def heavy(**fields: Any) -> Heavy:
    return Heavy(model="m", **fields).with_resources(gpus=1, replicas=2)


@pytest.mark.slow
def test_each_replica_loads_the_model_once_and_workers_load_none(tmp_path: Path) -> None:
    local = run(Word(llm=heavy()), 40, out=tmp_path / "local.jsonl", engine=LocalEngine)
    assert len(Heavy.loads) == 1
    apart = run(Word(llm=heavy()), 40, out=tmp_path / "apart.jsonl", engine=Apart)

    assert len(Heavy.loads) == 1 + 2
    assert (tmp_path / "apart.jsonl").read_bytes() == (tmp_path / "local.jsonl").read_bytes()
    assert apart.calls.answered == local.calls.answered == 40
    assert all(line.asked for line in Apart.lines)


def test_a_replica_has_no_more_calls_at_once_than_its_model_can_serve() -> None:
    run(Word(llm=heavy()), 60, engine=Apart)
    # There are two of them.
    assert max(Heavy.at_once) <= 2


@pytest.mark.slow
def test_an_error_of_the_model_is_that_of_a_run_that_loads_it_itself() -> None:
    local = run(Word(llm=heavy(fault="refuse")), 5, engine=LocalEngine)
    apart = run(Word(llm=heavy(fault="refuse")), 5, engine=Apart)
    assert apart.failed == local.failed == 1
    assert apart.reasons == local.reasons


def test_a_model_that_cannot_be_loaded_ends_the_run_before_its_first_row() -> None:
    with pytest.raises(SeedbedError, match=r"the LLM 'heavy/m' could not be loaded: .*no model here"):
        run(Word(llm=heavy(fault="load")), 5, engine=Apart)


@pytest.mark.slow
def test_calls_of_replicas_that_die_go_to_others_and_no_row_fails() -> None:
    made = run(Word(llm=heavy()), 40, engine=Dying)
    assert (made.accepted, made.failed) == (40, 0)


def test_a_request_of_which_replicas_die_fails_as_a_connection_does() -> None:
    line = HereLine()
    line.deaths = 9
    asking = ElsewhereModel(AskingReplicas("the LLM 'heavy/m'", [line], 0))
    with pytest.raises(SeedbedError, match="3 processes of the LLM 'heavy/m' have died") as caught:
        asyncio.run(asking.respond(Request(({"role": "user", "content": "Hi"},))))
    assert caught.value.retryable
    assert line.asked == 3


class Endless(Heavy):
    """Never answers."""

    begun: ClassVar[threading.Event] = threading.Event()
    ended: ClassVar[threading.Event] = threading.Event()

    async def respond(self, request: Request) -> Response:
        Endless.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            Endless.ended.set()
        raise AssertionError


def test_a_cancelled_call_is_cancelled_in_the_replica() -> None:
    line = HereLine()
    line.replica._loaded.set_result(ReplicatedModel(Endless(model="m")))
    asking = ElsewhereModel(AskingReplicas("the LLM 'heavy/m'", [line], 0))

    async def cancelled() -> None:
        call = asyncio.ensure_future(asking.respond(Request(({"role": "user", "content": "Hi"},))))
        assert await asyncio.to_thread(Endless.begun.wait, 60)
        call.cancel()

    asyncio.run_coroutine_threadsafe(cancelled(), loop_thread().loop).result(60)
    assert Endless.ended.wait(60)


def test_the_time_of_a_call_is_that_of_its_turn_in_the_replica() -> None:
    line = HereLine()
    line.replica._loaded.set_result(ReplicatedModel(Endless(model="m", timeout=0.02)))
    asking, view = ElsewhereModel(AskingReplicas("the LLM 'heavy/m'", [line], 0)), heavy()
    asking.take_over(view)

    assert view.timeout == math.inf
    with pytest.raises(TimedOutError, match=r"no answer from 'heavy/m' within 0.02 s"):
        asyncio.run(asking.respond(Request(({"role": "user", "content": "Hi"},))))


def test_only_models_of_which_there_are_fewer_than_workers_are_apart() -> None:
    few, as_many = heavy(), Heavy(model="other").with_resources(replicas=4)
    undeclared, unnumbered = Heavy(model="fourth"), Heavy(model="third").with_resources(gpus=1)
    steps = [Word(name=f"w{n}", llm=llm) for n, llm in enumerate((few, as_many, undeclared, unnumbered, few))]

    assert [one.part for one in replicated_of(steps, 4)] == [few]
    assert replicated_of(steps, 2) == replicated_of(steps, None) == []
    assert {one.part.model for one in replicated_of(steps, 16)} == {"m", "other"}


def test_workers_need_nothing_for_a_model_that_is_elsewhere() -> None:
    found = []

    class Asked(Apart):
        places: ClassVar[bool] = True

        async def start_workers(self) -> Sequence[WorkerLink]:
            found.append(self.needed_resources())
            links = await super().start_workers()
            found.append(self.needed_resources())
            return links

    run(Pipeline([Word(llm=heavy()).with_resources(cpus=0.5)]), 1, engine=Asked)
    assert [one.gpus for one in found] == [1, None]
    assert [one.cpus for one in found] == [0.5, 0.5]
