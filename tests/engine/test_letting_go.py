"""What a run takes it gives back, whatever becomes of it: threads, files, folders, timers."""

from __future__ import annotations

import gc
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.support.crews import Here
from tests.support.scripted_llm import prompt, scripted

from seedbed import (
    AuthenticationError,
    GeneratorTask,
    GlobalStep,
    LLMError,
    Request,
    Response,
    Run,
    Step,
    UsageError,
    run,
)
from seedbed.engine.local import LocalEngine
from seedbed.engine.open_session import open_session
from seedbed.engine.plan_making import make_plan
from seedbed.engine.session import Session
from seedbed.engine.stopping.bounds import Bounds
from seedbed.llm.calling.loop import loop_thread
from seedbed.tasks.rows import Row


class Numbers(GeneratorTask):
    template: str = "{{ n }}"

    def sample(self, index: int, rng: Any) -> Row:
        return {"n": index}


class Yielding(GeneratorTask):
    def process(self, offset: int = 0) -> Iterator[Row]:
        while True:
            yield {"n": self.llm.generate([[{"role": "user", "content": "x"}]])[0][0]}


class Keep(Step):
    def process(self, row: Row) -> Row:
        return row


class TurnRound(GlobalStep):
    def process(self, rows: Any) -> Any:
        return reversed([*rows])


class Refusing(LocalEngine):
    def __init__(self, job: Any) -> None:
        super().__init__(job)
        raise UsageError("not today")


def no_key(request: Any) -> str:
    raise AuthenticationError("no key")


def stopping(session: list[Session]) -> Callable[[Any], str]:
    def answer(request: Any) -> str:
        session[0].cancel()
        return "yes"

    return answer


def complete() -> Run:
    return run(Numbers(llm=scripted()), 2)


def capped() -> Run:
    return run(Numbers(llm=scripted()), 2, max_seconds=3600, max_tokens=10**9, requests_per_minute=10**6)


def named() -> Run:
    return run(Numbers(llm=scripted()), 2, name="named")


def yielding() -> Run:
    return run(Yielding(llm=scripted()), 2)


def graph() -> Run:
    source = Numbers(llm=scripted(), num_generations=2)
    return (source >> [Keep(name="a"), Keep(name="b")] >> Keep() >> TurnRound() >> Keep(name="last")).run(2)


def failed() -> None:
    with suppress(LLMError):
        run(Numbers(llm=scripted(no_key)), 2, max_seconds=3600)


def refused() -> None:
    with suppress(UsageError):
        run(Numbers(llm=scripted()), 2, name="refused", engine=Refusing)


def never_begun() -> Session:
    return open_session(make_plan(Numbers(llm=scripted()), n=2))


def cancelled() -> Run:
    session: list[Session] = []
    plan = make_plan(Numbers(llm=scripted(stopping(session))), n=9, bounds=Bounds(max_seconds=3600))
    session.append(open_session(plan))
    made = session[0].execute()
    session.clear()
    return made


def yes(request: Request) -> str:
    return "yes"


def on_workers() -> Run:
    made = run(Numbers(llm=scripted(yes)), 2, engine=Here)
    Here.links.clear()
    return made


KINDS = [complete, capped, named, yielding, graph, failed, refused, never_begun, cancelled, on_workers]


DESCRIPTORS = Path("/proc/self/fd")


class Taken(NamedTuple):
    """What this process has at a moment."""

    threads: int
    descriptors: int
    folders: int

    @classmethod
    def now(cls) -> Taken:
        names = [thread.name for thread in threading.enumerate()]
        return cls(
            # Threads that the loop keeps for blocking calls come and stay, up to a number.
            sum(name.startswith("writer of") for name in names),
            len([*DESCRIPTORS.iterdir()]) if DESCRIPTORS.is_dir() else 0,
            len([*Path(tempfile.gettempdir()).glob("seedbed-*")]),
        )

    def until(self, after: Taken) -> Taken:
        """Return what was taken since; it may be less, as runs before this moment were on their way out."""
        return Taken(*(max(0, one - other) for one, other in zip(after, self, strict=True)))


@contextmanager
def without_cycles() -> Iterator[None]:
    """Have Python collect no cycles meanwhile: what is forgotten is to go by itself."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def grown(kind: Callable[[], object], times: int) -> Taken:
    """Return what so many more runs have taken and not given back."""
    with without_cycles():
        kind()
        before = Taken.now()
        for _ in range(times):
            kind()
        end = time.monotonic() + 60
        # The threads on which the last run was made are still on their way out of it.
        while (growth := before.until(Taken.now())) != (0, 0, 0) and time.monotonic() < end:
            time.sleep(0.01)
    return growth


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_grows_with_the_runs_of_a_process(kind: Callable[[], object]) -> None:
    assert grown(kind, 5) == (0, 0, 0)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_grows_with_forty_runs(kind: Callable[[], object]) -> None:
    assert grown(kind, 40) == (0, 0, 0)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [complete, capped, graph, cancelled])
def test_rows_live_as_long_as_their_run(kind: Callable[[], Run]) -> None:
    made = kind()
    with without_cycles():
        assert len([*made.rows()]) == made.accepted
        store = weakref.ref(made.store)
        folder = made.store.folder
        del made
        end = time.monotonic() + 60
        while store() is not None and time.monotonic() < end:
            time.sleep(0.01)
        assert store() is None
        while folder.exists() and time.monotonic() < end:
            time.sleep(0.01)
        assert not folder.exists()


def timers() -> list[Any]:
    """Return the timers of event loops that have not fired."""
    # Found in memory: uvloop does not tell which timers it has.
    gc.collect()
    found = [one for one in gc.get_objects() if type(one).__name__ == "TimerHandle"]
    now = loop_thread().loop.time()
    return [timer for timer in found if not timer.cancelled() and timer.when() > now]


def added(before: list[Any]) -> list[Any]:
    """Return the timers that weren't among those before; of these, some may have gone off since."""
    return [timer for timer in timers() if not any(timer is one for one in before)]


@pytest.mark.slow
def test_timers_are_found() -> None:
    kept: list[Any] = []
    loop, ended = loop_thread().loop, threading.Event()
    loop.call_soon_threadsafe(lambda: kept.append(loop.call_later(60, print)))
    loop.call_soon_threadsafe(ended.set)
    ended.wait()
    assert any(timer is kept[0] for timer in timers())
    kept[0].cancel()
    assert not any(timer is kept[0] for timer in timers())


@pytest.mark.slow
@pytest.mark.parametrize("kind", [capped, failed, cancelled, graph, yielding])
def test_no_timer_outlives_a_run(kind: Callable[[], object]) -> None:
    before = timers()
    kept = kind()

    assert added(before) == []
    del kept


def test_the_timer_of_a_run_says_nothing_of_it_when_it_has_ended() -> None:
    for seconds in (0.3, 3.0, 30.0):
        made = run(Numbers(llm=scripted(prompt)), 2, max_seconds=seconds)
        # A busy machine may need longer for two rows than the timer has.
        if made.outcome == "complete":
            break
    assert (made.outcome, made.stopped_by) == ("complete", None)
    ended = threading.Event()
    loop = loop_thread().loop
    loop.call_soon_threadsafe(lambda: loop.call_later(seconds + 0.1, ended.set))
    ended.wait()

    assert (made.outcome, made.stopped_by) == ("complete", None)


@pytest.mark.slow
def test_a_run_that_has_ended_is_not_stopped_any_more() -> None:
    session = open_session(make_plan(Numbers(llm=scripted()), n=2))
    made = session.execute()
    before = timers()
    session.drain()
    session.cancel()
    ended = threading.Event()
    loop_thread().loop.call_soon_threadsafe(ended.set)
    ended.wait()

    assert made.outcome == "complete"
    assert added(before) == []


def test_no_call_is_sent_when_a_run_has_ended() -> None:
    # A thread of a generator's own, which does not hear that enough rows are there.
    answered = threading.Event()
    outcome: list[object] = []

    class Careless(GeneratorTask):
        def process(self, offset: int = 0) -> Iterator[Row]:
            def later() -> None:
                ended.wait(60)
                try:
                    outcome.append(self.llm.generate([[{"role": "user", "content": "late"}]]))
                except BaseException as error:  # noqa: BLE001 - whatever it is, it is looked at
                    outcome.append(error)
                answered.set()

            threading.Thread(target=later).start()
            yield {"n": 0}

    ended = threading.Event()
    llm = scripted(lambda request: Response.of_text("yes"))
    run(Careless(llm=llm), 1, name="careless")
    ended.set()
    answered.wait(60)

    assert llm.requests == []
    assert isinstance(outcome[0], BaseException)


IN_A_THREAD = """
import threading
from seedbed import GeneratorStep, Step, run

class Count(GeneratorStep):
    def process(self, offset=0):
        yield from ({"n": n} for n in range(1000))

begun = threading.Event()
class Slow(Step):
    def process(self, row):
        begun.set()
        threading.Event().wait(0.05)
        return row

pipeline = Count(name="count") >> Slow()
threading.Thread(target=lambda: run(pipeline, 1000, name="cut"), daemon=True).start()
begun.wait()
"""


@pytest.mark.slow
def test_a_run_in_a_thread_that_ends_with_the_process_shows_nothing(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", IN_A_THREAD], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
