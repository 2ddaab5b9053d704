"""A run is drained once its workers have heard of it, however long that takes."""

from __future__ import annotations

import asyncio
import pickle
import threading
from collections.abc import Iterator

import pytest
from tests.support.crews import Here, HereLink

from seedbed import WorkerLink
from seedbed.engine.workers.message_bytes import decoded
from seedbed.engine.workers.run_messages import BeginSegment, Cancel, Drain, Items, OpenGate
from seedbed.engine.workers.worker_handle import WorkerHandle
from seedbed.engine.workers.worker_messages import News
from seedbed.llm.calling.loop import loop_thread
from seedbed.testing.engines.engine_bench import EngineBench
from seedbed.testing.engines.engine_plans import Numbered
from seedbed.testing.engines.model_server import ModelServer

AT_ONCE = 3
MANY = 300


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(patience=60.0) as server:
        server.hold_from(4)
        yield server


def test_calls_are_counted_from_the_moment_at_which_workers_have_heard(server: ModelServer) -> None:
    bench = EngineBench(Here, server.llm(), 60.0)
    session = bench.session(Numbered(), "drained", n=MANY, concurrency=AT_ONCE)
    with bench.begun(session) as wait:
        server.wait_until_held()
        for link in Here.links:
            link.hold()
        session.drain()
        heard = threading.Thread(target=session.wait_until_drained)
        heard.start()
        held = len(server.asked)
        server.release()
        server.wait_until(lambda: len(server.asked) > held + AT_ONCE, "calls of workers that haven't heard")
        assert heard.is_alive()
        for link in Here.links:
            link.release()
        heard.join()
        before = len(server.asked)
        run = wait()

    assert len(server.asked) - before <= AT_ONCE
    assert run is not None
    assert (run.outcome, run.failed) == ("interrupted", 0)
    assert run.accepted < MANY


def test_a_drain_goes_ahead_of_rows_that_wait_to_be_sent() -> None:
    async def order() -> list[str]:
        link = HereLink()
        link._is_clear.clear()
        worker = WorkerHandle(link, 0, 0, pickle.dumps)
        worker.send(BeginSegment(0, False, False, False))
        # It's being sent when the others come.
        await asyncio.sleep(0)
        worker.send(Items([]))
        worker.send(OpenGate())
        worker.send_first(Drain())
        link._is_clear.set()
        assert worker._sending is not None
        await worker._sending
        await worker.close()
        return [type(decoded(message)).__name__ for message in link.sent]

    found = asyncio.run_coroutine_threadsafe(order(), loop_thread().loop).result(60)
    assert found == ["BeginSegment", "Drain", "Items", "OpenGate"]


@pytest.mark.parametrize("message", [Drain(), Cancel()])
def test_a_worker_that_has_nothing_yet_says_that_it_has_heard(message: object) -> None:
    async def told() -> News:
        link = HereLink()
        await link.send(pickle.dumps(message))
        return decoded(await link.news())

    assert asyncio.run_coroutine_threadsafe(told(), loop_thread().loop).result(60).has_drained


class Late(HereLink):
    """A worker that takes the place of a lost one: `heard` is set when it has been told to stop."""

    heard = threading.Event()

    async def send(self, message: bytes) -> None:
        await super().send(message)
        if isinstance(decoded(message), Drain):
            self.heard.set()


class Replacing(Here):
    """Replaces a worker when the run has been drained, and not before."""

    is_replacing = threading.Event()
    goes_on = asyncio.Event()

    async def replace_worker(self, lost: WorkerLink) -> WorkerLink:
        self.is_replacing.set()
        await self.goes_on.wait()
        return Late()


def test_a_worker_that_is_on_its_way_when_the_run_is_drained_hears_of_it(server: ModelServer) -> None:
    bench = EngineBench(Replacing, server.llm(), 60.0)
    session = bench.session(Numbered(), "drained", n=MANY, concurrency=AT_ONCE)
    with bench.begun(session) as wait:
        server.wait_until_held(AT_ONCE)
        Here.links[0].die()
        assert Replacing.is_replacing.wait(60)
        session.drain()
        loop_thread().loop.call_soon_threadsafe(Replacing.goes_on.set)
        assert Late.heard.wait(60)
        server.release()
        run = wait()

    assert run is not None
    assert run.outcome == "interrupted"
