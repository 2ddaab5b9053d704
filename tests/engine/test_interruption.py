"""A run that is interrupted leaves the old dataset alone and keeps what it made."""

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import warnings

import pytest
from tests.support.scripted_llm import ScriptedLLM, prompt, scripted

from seedbed import GeneratorTask, Response, Step, Task, Usage, run
from seedbed.engine.local import LocalEngine
from seedbed.engine.open_session import open_session
from seedbed.engine.plan_making import make_plan
from seedbed.engine.stopping.bounds import Bounds
from seedbed.llm.calling.loop import loop_thread
from seedbed.store import RunReader, RunStore, run_folder
from seedbed.store.output import outputs_of

ROWS = [{"n": n} for n in range(5000)]


class Ask(Task):
    template: str = "{{ n }}"


class Endless(GeneratorTask):
    template: str = "{{ n }}"

    def sample(self, index, rng):
        return {"n": index}


def session_of(task, tmp_path, **options):
    out = tmp_path / "rows.jsonl"
    out.write_text('{"old": true}\n')
    return open_session(make_plan(task, **options), outputs=outputs_of(out), name=task.name), out


def interrupted(done, out):
    """Return the rows that an interrupted run kept, having left the old dataset alone."""
    assert done.outcome == "interrupted"
    assert out.read_text() == '{"old": true}\n'
    rows = list(done.rows())
    assert len(rows) == done.accepted
    return rows


def test_draining_finishes_the_calls_in_flight_and_sends_no_others(tmp_path):
    at_five, drained = threading.Event(), threading.Event()

    async def answer(request):
        if int(prompt(request)) == 5:
            at_five.set()
        if int(prompt(request)) >= 5:
            await asyncio.to_thread(drained.wait)
        return prompt(request)

    llm = scripted(answer)
    session, out = session_of(Ask(llm=llm), tmp_path, input=ROWS, concurrency=4)
    at_five_then_drain(session, at_five, drained)
    rows = interrupted(session.execute(), out)
    assert [row["n"] for row in rows] == list(range(len(rows)))
    assert 5 < len(rows) == len(llm.requests) <= 9


@pytest.mark.parametrize(
    "bounds",
    [
        Bounds(max_tokens=60_000),
        Bounds(max_cost=6.0, price_input=100.0, price_output=100.0),
        Bounds(requests_per_minute=6000.0),
        Bounds(max_seconds=3600.0),
    ],
    ids=["tokens", "money", "requests", "time"],
)
def test_draining_sends_no_call_that_waits_for_a_bound(bounds):
    at_five, drained = threading.Event(), threading.Event()
    sent_after = []

    async def answer(request):
        sent_after.append(drained.is_set())
        if int(prompt(request)) >= 5:
            at_five.set()
            await asyncio.to_thread(drained.wait)
        return Response.of_text("yes", Usage(1, 1))

    llm = scripted(answer, max_tokens=20_000)
    session = open_session(make_plan(Ask(llm=llm), input=ROWS[:50], concurrency=8, bounds=bounds))
    at_five_then_drain(session, at_five, drained)
    done = session.execute()

    assert done.outcome == "interrupted"
    assert not any(sent_after)
    assert 5 < done.accepted == len(sent_after) < 50


def at_five_then_drain(session, at_five, drained):
    def drain():
        at_five.wait()
        session.drain()
        loop_thread().loop.call_soon_threadsafe(drained.set)

    threading.Thread(target=drain, daemon=True).start()


def test_cancelling_ends_the_calls_in_flight(tmp_path):
    cancelled = []

    async def answer(request):
        if int(prompt(request)) < 5:
            return prompt(request)
        session.cancel()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.append(request)

    llm = scripted(answer)
    session, out = session_of(Ask(llm=llm), tmp_path, input=ROWS, concurrency=1)
    rows = interrupted(session.execute(), out)
    assert [row["n"] for row in rows] == [0, 1, 2, 3, 4]
    assert len(cancelled) == 1


def test_draining_while_the_model_is_loaded_starts_nothing(tmp_path):
    class Slow(ScriptedLLM):
        def load(self):
            session.drain()

    llm = Slow(prompt)
    for task, options in [(Endless(llm=llm), {"n": 100}), (Ask(llm=llm), {"input": ROWS})]:
        session, out = session_of(task, tmp_path, **options)
        llm.unload()
        done = session.execute()
        assert (done.outcome, done.accepted) == ("interrupted", 0)
        assert out.read_text() == '{"old": true}\n'
    assert llm.requests == []


def test_draining_an_endless_generator_ends_it(tmp_path):
    class Plain(GeneratorTask):
        def process(self, offset: int = 0):
            while True:
                yield {"n": self.llm.generate([[{"role": "user", "content": "x"}]])[0][0]}

    def answer(request):
        if len(llm.requests) == 20:
            session.drain()
        return "yes"

    llm = scripted(answer)
    session, out = session_of(Plain(llm=llm), tmp_path)
    assert len(interrupted(session.execute(), out)) >= 10


def test_cancelling_does_not_wait_for_rows_that_a_blocking_step_has_not_begun(tmp_path):
    begun = []

    class Blocking(Step):
        def process(self, row):
            begun.append(row)
            if len(begun) == 3:
                session.cancel()
                gone.wait()
            return row

    gone = threading.Event()
    session, _ = session_of(Blocking(), tmp_path, input=ROWS)

    def release_when_it_has_ended():
        ended.wait()
        gone.set()

    ended = threading.Event()
    threading.Thread(target=release_when_it_has_ended, daemon=True).start()
    done = session.execute()
    ended.set()
    assert done.outcome == "interrupted"
    assert len(begun) == 3


PROGRAM = """
    import asyncio, sys
    from tests.support.scripted_llm import *
    from seedbed import Task, run

    class Ask(Task):
        template: str = "{{ n }}"

    async def answer(request):
        if prompt(request) == "5":
            print("five", flush=True)
        if int(prompt(request)) >= 5:
            await asyncio.Event().wait()
        return prompt(request)

    run(Ask(llm=scripted(answer)), input=({"n": n} for n in range(10**6)), out=sys.argv[1])
"""


@pytest.mark.slow
def test_ctrl_c_in_a_script_keeps_the_rows_and_ends_at_once(tmp_path, runs):
    out = tmp_path / "rows.jsonl"
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(PROGRAM), out]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "five\n"
        os.kill(process.pid, signal.SIGINT)
        _, shown = process.communicate(timeout=120)
    assert shown.rstrip().endswith("KeyboardInterrupt")
    assert shown.count("Traceback") == 1
    assert list(tmp_path.iterdir()) == []
    with RunReader.open(runs / "rows") as reader:
        assert [json.loads(row)["n"] for row in reader.rows("ask")] == [0, 1, 2, 3, 4]


def test_a_row_that_was_made_when_its_run_is_cancelled_has_its_verdict(tmp_path):
    class Cancelling(Ask):
        def format_output(self, output, input):
            if input["n"] == 3:
                # The run hears of it before it hears of this row.
                execution[0].cancel()
            return {"answer": output}

    async def execute(session):
        execution.append(asyncio.current_task())
        return await session.aexecute()

    async def answer(request):
        if int(prompt(request)) > 3:
            await asyncio.Event().wait()
        return prompt(request)

    execution = []
    session, out = session_of(Cancelling(llm=scripted(answer)), tmp_path, input=ROWS, concurrency=1)
    with pytest.raises((asyncio.CancelledError, concurrent.futures.CancelledError)):
        loop_thread().run(execute(session), twin="execute")

    assert session.run.accepted == 4
    with RunReader.open(session.run.folder) as reader:
        assert reader.count_verdicts("cancelling")["accepted"] == 4
    assert out.read_text() == '{"old": true}\n'


def test_a_caller_that_is_cancelled_cuts_off_nothing_that_keeps_the_rows(tmp_path):
    class Hasty(LocalEngine):
        async def make_rows(self):
            finished = await super().make_rows()
            # It strikes where the session next waits: while the run is closed.
            asyncio.current_task().cancel()
            return finished

    out = tmp_path / "kept.jsonl"
    plan = make_plan(Ask(llm=scripted(prompt)), input=ROWS[:5])
    session = open_session(plan, outputs=outputs_of(out), name="kept", engine=Hasty)
    is_open = session._store._forgotten
    with pytest.raises((asyncio.CancelledError, concurrent.futures.CancelledError)):
        session.execute()
    folder = session.run.folder
    while is_open.alive:
        time.sleep(0.01)

    assert len(out.read_text().splitlines()) == 5
    with RunReader.open(folder) as reader:
        assert reader.last_session().outcome == "complete"


class Interrupting:
    """Raises KeyboardInterrupt at one of the lines that this thread runs in Seedbed's code."""

    def __init__(self, number):
        self.left = number

    def __enter__(self):
        self._before = sys.gettrace()
        sys.settrace(self._trace)
        return self

    def __exit__(self, *_):
        sys.settrace(self._before)

    def _trace(self, frame, event, arg):
        if f"{os.sep}seedbed{os.sep}" not in frame.f_code.co_filename:
            return None
        if event == "line":
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt
        return self._trace


@pytest.mark.slow
def test_ctrl_c_at_any_line_leaves_the_run_free():
    task, kept = Endless(llm=scripted("yes")), []
    # The first one loads modules, which is code of Seedbed, too.
    run(task, 2, name="free")
    with Interrupting(0) as all_lines:
        run(task, 2, name="free")
    with warnings.catch_warnings():
        # Where a coroutine had been made and nobody had it yet, Python says that it was never awaited.
        warnings.simplefilter("ignore", RuntimeWarning)
        # Each of them would take longer than it tells.
        for number in range(1, -all_lines.left, 3):
            try:
                with Interrupting(number):
                    run(task, 3, name="free")
            except KeyboardInterrupt as error:
                # As a notebook keeps it, and with it all that its traceback holds.
                kept.append(error)
            RunStore.open(run_folder("free")).close()
        assert len(kept) > 5
        kept.clear()
        gc.collect()
