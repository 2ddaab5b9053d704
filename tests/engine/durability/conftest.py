"""Programs in processes of their own, and the server that they all ask."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.support.answering_server import AnsweringServer, Asked, answering_server
from tests.support.nursery import Child, Nursery

from seedbed.store import RunReader
from seedbed_openai import OpenAILLM

__all__ = ["answering_server"]

PROGRAMS = Path(__file__).with_name("programs.py")
COMMAND = Path(sys.executable).with_name("seedbed")

DURABLE_SECONDS = 0.25
"""The time within which an answer must be safe from whatever happens to the process."""


class Sessions:
    """One run in a folder of its own, in as many processes, one after the other, as it takes.

    `cuts` are the moments at which its processes were killed or told to stop; `waits` the seconds for which
    their threads had waited for a processor until then.
    """

    def __init__(self, nursery: Nursery, server: AnsweringServer, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self.out = folder / "out.jsonl"
        self.runs = folder / "runs"
        self.cuts: dict[int, float] = {}
        self.waits: dict[int, float] = {}
        self.child: Child | None = None
        self._nursery = nursery
        self._numbers: set[int] = set()

    def start(self, *command: object) -> Child:
        """Start a program, given by its path, as the next session of the run."""
        self.server.session += 1
        self._numbers.add(self.server.session)
        environment = {
            "OPENAI_BASE_URL": self.server.base_url,
            "OPENAI_API_KEY": "none",
            "SEEDBED_RUNS": self.runs,
            "COLUMNS": "200",
        }
        self.child = self._nursery.start(
            command, folder=self.folder, environment=environment, on_end=self.server.wake
        )
        return self.child

    def kind(self, kind: str, *more: object) -> Child:
        """Start one of the kinds of runs; `more` is for the program: concurrency, retry."""
        return self.start(PROGRAMS, kind, self.out.name, *more)

    def command(self, kind: str, n: int) -> Child:
        """Start one of the tasks by the command."""
        task = f"{PROGRAMS}:{kind}"
        options = ("--llm", "openai/m", "-n", n, "-o", self.out.name, "--concurrency", 8)
        return self.start(COMMAND, "run", task, *options)

    def wait_for(self, holds: Callable[[list[Asked]], bool]) -> None:
        """Return when something holds of the requests of all sessions, or the process has ended."""
        child = self.child
        assert child is not None
        self.server.wait_until_the_log(lambda log: child.has_ended or holds(self._own(log)))

    def wait_for_answers(self, number: int) -> None:
        """Return when so many different calls have been answered in all, or the process has ended."""
        self.wait_for(lambda log: len(answered(log)) >= number)

    def wait_for_word(self, word: str) -> None:
        """Return when the process has said something on standard error."""
        assert self.child is not None
        while word not in self.child.said:
            assert not self.child.has_ended, self.child.said
            time.sleep(0.005)

    def wait_until_durable(self, calls: int) -> None:
        """Return when so many answers are on disk."""
        assert self.child is not None
        with RunReader.open(self.runs / self.out.stem) as reader:
            while reader.count_calls() < calls:
                assert not self.child.has_ended, self.child.said
                time.sleep(0.005)

    def note_cut(self) -> None:
        """Note that what the process has not made safe by now may be lost."""
        assert self.child is not None
        self.waits[self.server.session] = seconds_in_line(self.child.pid)
        self.cuts[self.server.session] = time.monotonic()

    def cut(self, number: int) -> int:
        """Send the process a signal, and return its status when it has ended."""
        assert self.child is not None
        self.note_cut()
        self.child.send(number)
        return self.child.wait()

    def asked(self) -> list[Asked]:
        """Return the requests of all sessions so far."""
        return self._own(self.server.log)

    def calls(self) -> set[bytes]:
        """Return all calls that were made."""
        return {asked.body for asked in self.asked()}

    def bought_twice(self) -> list[str]:
        """Return each call that was asked again though its answer had to be safe, in words."""
        last: dict[bytes, Asked] = {}
        found = []
        for asked in self.asked():
            before = last.get(asked.body)
            if before is not None and before.was_paid and (late := self._late(before)) > 0:
                found.append(f"{before} was safe, and asked again {late:.3f} s too late")
            last[asked.body] = asked
        return found

    def _own(self, log: list[Asked]) -> list[Asked]:
        return [asked for asked in log if asked.session in self._numbers]

    def _late(self, asked: Asked) -> float:
        """Return by how many seconds an answer was older than it may be when it was lost."""
        cut = self.cuts.get(asked.session)
        assert asked.answered is not None
        if cut is None:
            return float("inf")
        # Where the machine lets a process wait, it is not Seedbed that is late.
        late = self.server.lateness(asked.answered, cut) + self.waits[asked.session]
        allowed = DURABLE_SECONDS + late
        return cut - asked.answered - allowed


def seconds_in_line(pid: int) -> float:
    """Return for how long the threads of a process could have worked and had no processor, on Linux."""
    waited = 0
    for thread in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        # Nanoseconds that it ran, nanoseconds that it waited, and turns.
        with suppress(OSError):
            waited += int(thread.read_text().split()[1])
    return waited / 1e9


def answered(log: list[Asked]) -> set[bytes]:
    """Return the calls that have an answer."""
    return {asked.body for asked in log if asked.answered is not None}


@pytest.fixture
def llm(answering_server: AnsweringServer) -> OpenAILLM:
    """A model of the test's own server."""
    return OpenAILLM(model="m", api_key="none", base_url=answering_server.base_url)


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """A process that starts others in no time."""
    with Nursery() as started:
        yield started


@pytest.fixture(scope="module")
def shared_server() -> Iterator[AnsweringServer]:
    """A server for all tests of a module."""
    with AnsweringServer() as server:
        yield server


@pytest.fixture
def sessions(
    nursery: Nursery, shared_server: AnsweringServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Sessions]]:
    """Makes runs in processes of their own, and ends what is left of them."""
    made: list[Sessions] = []

    def make() -> Sessions:
        made.append(Sessions(nursery, shared_server, tmp_path_factory.mktemp("run")))
        return made[-1]

    yield make
    shared_server.release()
    for one in made:
        if one.child is not None:
            one.child.send(signal.SIGKILL)
            one.child.wait()
