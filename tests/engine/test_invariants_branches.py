"""What runs side by side in a row is told apart by the program, and never by which answer comes first.

Random rows that ask the same in several branches at once, at random delays, cut off and gone on with.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import itertools
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.support.scripted_llm import ScriptedLLM, scripted, user

from seedbed import Capabilities, GeneratorTask, InvalidOutputError, Run, Step, call_label, run
from seedbed.engine.open_session import open_session
from seedbed.engine.plan_making import make_plan
from seedbed.llm.calling.scope import CallScope
from seedbed.store import RunReader
from seedbed.tasks.rows import Row

SEEDED = Capabilities(seed=True)


# --- rows as data ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ask:
    """One question, of few, so that branches ask the same."""

    prompt: str


@dataclass(frozen=True)
class Many:
    """The same question in several inputs of one call, each for several answers."""

    prompt: str
    inputs: int
    n: int


@dataclass(frozen=True)
class Pause:
    """Turns of the loop that are no call's: as many as the timing says."""


@dataclass(frozen=True)
class InTurn:
    """One after the other."""

    parts: tuple[Program, ...]


@dataclass(frozen=True)
class AtOnce:
    """Side by side, in one of the ways that asyncio has."""

    way: str
    parts: tuple[Program, ...]


Program = Ask | Many | Pause | InTurn | AtOnce

prompts = st.sampled_from(["a", "a", "b"])
leaves = st.one_of(
    st.builds(Ask, prompts),
    st.builds(Ask, prompts),
    st.builds(Many, prompts, st.integers(1, 3), st.integers(1, 2)),
    st.just(Pause()),
)
programs = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(InTurn, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(
            AtOnce,
            st.sampled_from(["gather", "group", "wait_for"]),
            st.lists(inner, min_size=2, max_size=3).map(tuple),
        ),
    ),
    max_leaves=8,
)

CHAIN = InTurn((Pause(), Ask("a"), Pause(), Ask("a"), Ask("b")))
TWO_CHAINS = AtOnce("gather", (CHAIN, CHAIN))
# A thread has a loop of its own, whose tasks nobody numbers: one thing after the other there.
MANY_AND_CHAINS = InTurn(
    (Many("a", 2, 2), AtOnce("group", (TWO_CHAINS, Many("a", 3, 2), AtOnce("thread", (CHAIN, CHAIN)))))
)


class Timing:
    """Turns of the loop that calls and pauses take, in the order in which they come to it."""

    def __init__(self, turns: list[int]) -> None:
        self._turns = itertools.cycle(turns)

    async def pass_by(self) -> None:
        for _ in range(next(self._turns)):
            await asyncio.sleep(0)


TIMING = Timing([0])


class Playing(GeneratorTask):
    """Makes each row by its program, and holds every answer in the place where it was asked for."""

    outputs: ClassVar[list[str]] = ["answers"]
    program: Any

    def sample(self, index: int, rng: Any) -> Row:
        return {"n": index}

    async def generate_row(self, input: Row) -> Row:
        return {"answers": await self._play(self.program)}

    async def _play(self, program: Program) -> Any:
        if isinstance(program, Ask):
            return await self.ask(program.prompt)
        if isinstance(program, Many):
            return await self.llm.agenerate([user(program.prompt)] * program.inputs, program.n)
        if isinstance(program, Pause):
            return await TIMING.pass_by()
        if isinstance(program, InTurn):
            return [await self._play(part) for part in program.parts]
        return await at_once(program.way, [lambda part=part: self._play(part) for part in program.parts])


async def at_once(way: str, plays: list[Callable[[], Any]]) -> list[Any]:
    if way == "group":
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(play(), name="all of one name") for play in plays]
        return [task.result() for task in tasks]
    if way == "wait_for":
        return await asyncio.gather(*(soon(play) for play in plays))
    if way == "thread":
        return await asyncio.gather(*(asyncio.to_thread(in_its_own_loop, play) for play in plays))
    return await asyncio.gather(*(play() for play in plays))


async def soon(play: Callable[[], Any]) -> Any:
    # Called here, since a coroutine that is made before its task is cancelled is never awaited.
    return await asyncio.wait_for(play(), 60)


def in_its_own_loop(play: Callable[[], Any]) -> Any:
    return asyncio.run(play())


class Reasked(GeneratorTask):
    """Takes a third of the answers, and says the same of all others, so that they are asked alike again."""

    template: str = "{{ n }}"

    def sample(self, index: int, rng: Any) -> Row:
        return {"n": index}

    def format_output(self, output: str | None, input: Row | None) -> Row:
        if output == "nope":
            raise InvalidOutputError("no number")
        return {"number": output}


def seed_of(request: Any) -> str:
    return str(request.seed)


def seed_or_nope(request: Any) -> str:
    return str(request.seed) if request.seed % 3 == 0 else "nope"


def llm_of(answer: Callable[[Any], str], turns: list[int], at: dict[int, Callable[[], None]]) -> ScriptedLLM:
    """Return an LLM that answers after some turns of the loop, and calls `at[3]` before its third answer."""
    global TIMING
    timing = TIMING = Timing(turns)
    numbers = itertools.count(1)

    async def respond(request: Any) -> str:
        await timing.pass_by()
        at.get(next(numbers), lambda: None)()
        return answer(request)

    return scripted(respond, offers=SEEDED)


names = itertools.count()


def made_at_once(task: Callable[[ScriptedLLM], GeneratorTask], answer: Any, turns: list[int]) -> list[Row]:
    made = run(task(llm_of(answer, turns, {})), 4)
    assert made.failed == 0
    return [*made.rows()]


def made_in_two(
    task: Callable[[ScriptedLLM], GeneratorTask],
    answer: Any,
    turns: list[int],
    others: list[int],
    moment: int,
) -> Iterator[Any]:
    """Yield the rows of a run that was cut off before an answer and gone on with, then how often it paid."""
    name = f"branches-{next(names)}"
    sent = 0
    for pace, stops in ((turns, True), (others, False)):
        at: dict[int, Callable[[], None]] = {}
        llm = llm_of(answer, pace, at)
        session = open_session(make_plan(task(llm), n=4, concurrency=50 if stops else 3), name=name)
        if stops:
            at[moment] = session.cancel
        made: Run = session.execute()
        sent += made.calls.answered
    yield [*made.rows()]
    assert made.folder is not None
    with RunReader.open(made.folder) as reader:
        yield sent - reader.count_calls()


# Each example is several runs.
FEW = settings().max_examples // 2


turns = st.lists(st.integers(0, 7), min_size=1, max_size=9)


@pytest.mark.slow
@settings(max_examples=FEW, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(programs, turns, turns, st.integers(1, 20))
@example(TWO_CHAINS, [0], [7, 0, 3], 5)
@example(MANY_AND_CHAINS, [0, 5], [7, 0, 3, 1, 1], 17)
def test_branches_of_a_row_come_to_the_same_answers_whatever_they_take(program, some, others, moment):
    def task(llm: ScriptedLLM) -> GeneratorTask:
        return Playing(program=program, llm=llm)

    rows = made_at_once(task, seed_of, some)
    assert made_at_once(task, seed_of, others) == rows
    cut, paid_twice = made_in_two(task, seed_of, some, others, moment)
    assert cut == rows
    assert paid_twice == 0


@pytest.mark.slow
@settings(max_examples=FEW, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(1, 4), turns, turns, st.integers(1, 25))
@example(3, [0], [7, 0, 3], 11)
def test_generations_that_are_asked_again_come_to_the_same_rows(generations, some, others, moment):
    def task(llm: ScriptedLLM) -> GeneratorTask:
        return Reasked(num_generations=generations, max_reasks=12, llm=llm)

    rows = made_at_once(task, seed_or_nope, some)
    assert made_at_once(task, seed_or_nope, others) == rows
    cut, paid_twice = made_in_two(task, seed_or_nope, some, others, moment)
    assert cut == rows
    assert paid_twice == 0


def test_no_two_calls_of_a_row_have_one_seed() -> None:
    llm = llm_of(seed_of, [3, 0, 1], {})
    made = run(Playing(program=MANY_AND_CHAINS, llm=llm), 2)

    assert made.accepted == 2
    seeds = [request.seed for request in llm.requests if request.messages[0]["content"] == "a"]
    assert len(set(seeds)) == len(seeds)


def test_calls_that_are_not_side_by_side_are_known_as_ever() -> None:
    # Seeds and keys of runs that are on disk: were they others, their answers would be bought again.
    one, several = llm_of(seed_or_nope, [0], {}), llm_of(seed_of, [0], {})
    run(Reasked(llm=one, max_reasks=12), 1)
    run(Reasked(llm=several, num_generations=3), 1)

    assert CallScope(0, "reasked", "0").digest(b"what is asked") == b"what is asked"
    seeds = [CallScope(0, "reasked", "0").derive_seed(k) for k in range(12)]
    assert [request.seed for request in one.requests][:2] == [431728358, seeds[0]]
    assert [request.seed for request in several.requests] == seeds[:3]


class Threads(Step):
    """Asks the same in threads of its own, each under a label, and again after each answer."""

    llm: Any = None

    def process(self, row: Row) -> Row:
        def chain(number: int) -> list[str | None]:
            with call_label(f"chain {number}"):
                return [self.llm.generate([user("a")])[0][0] for _ in range(3)]

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            contexts = [contextvars.copy_context() for _ in range(4)]
            return {"answers": [*pool.map(lambda number: contexts[number].run(chain, number), range(4))]}


@pytest.mark.parametrize("others", [[5, 0, 2], [0, 9, 1, 4]])
def test_threads_are_told_apart_by_their_labels(others: list[int]) -> None:
    rows = [
        [*run(Threads(llm=llm_of(seed_of, pace, {})), input=[{"n": 1}] * 3).rows()] for pace in ([0], others)
    ]

    assert rows[0] == rows[1]
    assert len({answer for row in rows[0] for chain in row["answers"] for answer in chain}) == 3 * 4 * 3


class Debate(GeneratorTask):
    """Asks two things, at once or, as an earlier version counted all calls, one after the other."""

    outputs: ClassVar[list[str]] = ["texts"]
    at_once: bool

    def sample(self, index: int, rng: Any) -> Row:
        return {"n": index}

    async def generate_row(self, input: Row) -> Row:
        if self.at_once:
            return {"texts": await asyncio.gather(self.ask("a"), self.ask("a"), self.ask("b"))}
        return {"texts": [await self.ask("a"), await self.ask("a"), await self.ask("b")]}


@pytest.mark.parametrize(("is_of_earlier_version", "bought"), [(True, 0), (False, 6)])
def test_answers_of_a_run_of_an_earlier_version_are_found(is_of_earlier_version: bool, bought: int) -> None:
    first = run(Debate(llm=llm_of(seed_of, [0], {}), at_once=False), 2, name="debate")
    assert first.folder is not None
    rows = [*first.rows()]
    if is_of_earlier_version:
        with sqlite3.connect(first.folder / "run.db") as connection:
            connection.execute("UPDATE sessions SET manifest = json_remove(manifest, '$.branches')")
        connection.close()

    again = run(Debate(llm=llm_of(seed_of, [3, 0, 5], {}), at_once=True), 2, name="debate")

    assert again.calls.answered == bought
    assert ([*again.rows()] == rows) == is_of_earlier_version
