"""How a session begins and ends: what it leaves in its run, and whose faults it reports."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import CancelledError
from pathlib import Path

import pytest
from tests.support.scripted_llm import scripted

from seedbed import GeneratorTask, StopRun, Task, hookimpl, run
from seedbed.engine.local import LocalEngine
from seedbed.engine.observing import delivery
from seedbed.engine.observing.observer import Observer
from seedbed.engine.open_session import open_session
from seedbed.engine.plan_making import make_plan
from seedbed.store import RunReader, list_runs, runs_folder


class Ask(Task):
    template: str = "Ask {{ n }}"


def rows(count: int) -> list[dict[str, int]]:
    return [{"n": n} for n in range(count)]


def sessions(name: str) -> list[tuple[object, object]]:
    with RunReader.open(runs_folder() / name) as reader:
        return [(session.started, session.outcome) for session in reader.sessions()]


def test_a_session_that_is_broken_off_before_it_begins_makes_nothing_and_leaves_its_run_as_it_was():
    run(Ask(llm=scripted()), input=rows(2), name="asked")
    before, asked = sessions("asked"), []
    llm = scripted(lambda request: asked.append(request) or "made")
    session = open_session(make_plan(Ask(llm=llm), input=rows(3)), name="asked")

    session.break_off()
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(session.aexecute())

    assert (asked, sessions("asked")) == ([], before)


def test_a_session_that_is_discarded_leaves_no_run():
    open_session(make_plan(Ask(llm=scripted()), input=rows(2)), name="discarded").discard()

    assert [entry.name for entry in list_runs(runs_folder())] == []


@pytest.mark.timeout(30)
def test_observers_of_a_cancelled_session_are_hurried(monkeypatch):
    for seconds in ("BRIEF", "GRACE"):
        monkeypatch.setattr(delivery, seconds, 0.1)
    listening, released = threading.Event(), threading.Event()

    class Slow:
        @hookimpl
        def seedbed_row_finished(self):
            listening.set()
            released.wait()

    async def answer(request):
        if "1" in request.messages[0]["content"]:
            await asyncio.Event().wait()
        return "made"

    plan = make_plan(Ask(llm=scripted(answer)), input=rows(2), concurrency=1)
    session = open_session(plan, name="slow", observers=[Observer.of(Slow())])
    breaking = threading.Thread(target=lambda: (listening.wait(), session.break_off()))
    breaking.start()
    try:
        # Without the hurry it would wait for a minute: that is how long a hook may take.
        with pytest.raises(CancelledError):
            session.execute()
    finally:
        released.set()
        breaking.join()


def test_a_session_that_stops_takes_the_mark_of_an_earlier_one_that_finished():
    class Stops(GeneratorTask):
        template: str = "Ask {{ n }}"

        def sample(self, index, rng):
            return {"n": index}

        def format_output(self, output, input):
            if input["n"] == 3:
                raise StopRun("enough")
            return {"made": output}

    first, second, again = (run(Stops(llm=scripted()), n, name="stops", concurrency=1) for n in (2, 5, 2))

    assert [one.outcome for one in (first, second, again)] == ["complete", "stopped", "complete"]
    assert len([*again.rows()]) == 2


def test_a_fault_of_the_built_in_engine_is_not_blamed_on_a_plugin():
    class Faulty(LocalEngine):
        async def make_rows(self) -> bool:
            raise RuntimeError("a fault of ours")

    Faulty.__module__ = LocalEngine.__module__
    with pytest.raises(RuntimeError, match="a fault of ours"):
        run(Ask(llm=scripted()), input=rows(1), engine=Faulty)


@pytest.mark.skipif(
    not Path("/proc/self/mem").exists(), reason="needs a file that is there and can't be read"
)
def test_an_input_that_cannot_be_read_any_more_does_not_spoil_the_end_of_its_run(tmp_path: Path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"n": 1}\n')

    class Replaces(Ask):
        def format_output(self, output, input):
            path.unlink()
            path.symlink_to("/proc/self/mem")
            return {"made": output}

    made = run(Replaces(llm=scripted()), input=path, name="replaced")

    assert (made.outcome, [row["n"] for row in made.rows()]) == ("complete", [1])
