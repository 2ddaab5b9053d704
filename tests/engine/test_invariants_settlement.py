"""Every row settles exactly once, and what comes out follows from configuration and answers alone.

Random graphs, compared with an interpreter that takes one row after the other.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from typing import Any
from zlib import crc32

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.support.random_graphs import (
    WATCH,
    Do,
    Expected,
    Fork,
    Graph,
    Routes,
    Source,
    expected,
    graphs,
    input_rows,
    own_columns,
    pipeline_of,
)
from tests.support.scripted_llm import ScriptedLLM, prompt, scripted

from seedbed import Run
from seedbed.engine.open_session import open_session
from seedbed.engine.plan_making import make_plan
from seedbed.engine.session import Session
from seedbed.engine.stopping.bounds import Bounds
from seedbed.store import RunReader

# Each example is several runs of a graph.
FEW = settings().max_examples // 2

KEEP = Do("step", ("keep",))
TWO = Do("step", ("two",))
TWO_GENERATIONS_OF_FORKS = Graph(
    Source("task", 12, ("two", "fail"), 7),
    (
        Fork(((TWO, Fork(((KEEP,), (KEEP,)))), (Do("task", ("keep", "fail")),))),
        Do("ordered", ("keep", "drop")),
    ),
)
BOTH_MULTIPLY_AND_ONE_DROPS = Graph(
    Source("input", 4, ("keep",), None), (Fork(((TWO,), (TWO,), (Do("task", ("drop",)),))),)
)
ROUTES_AT_THE_BEGINNING = Graph(
    Source("input", 9, ("keep",), 4), (Routes(((KEEP,), (TWO, Do("ordered", ("reject", "keep")))), False),)
)

FAILURES_ALL_OVER = Graph(
    Source("task", 12, ("two",), 30),
    (
        Fork(
            ((TWO, Do("task", ("fail",))), (TWO, Do("task", ("fail", "reject"))), (Do("task", ("reject",)),))
        ),
    ),
)

ROUTES_THAT_CROSS = Graph(
    Source("input", 12, ("keep",), None),
    (TWO, Routes(((KEEP,), (TWO,)), True), Routes(((KEEP,), (KEEP,)), True)),
)
NOTHING_COMES = Graph(Source("task", 6, ("reject",), 1), (KEEP,))
ONE_AFTER_THE_OTHER = Graph(
    Source("input", 40, ("keep",), None), (Do("ordered", ("keep", "drop", "two")), Do("task", ("keep",)))
)


class Slowly:
    """Answers after some turns of the loop, as many as the prompt and `delays` say."""

    def __init__(self, delays: list[int]) -> None:
        self.answered: Counter[str] = Counter()
        self._delays = delays

    async def __call__(self, request: Any) -> str:
        text = prompt(request)
        for _ in range(self._delays[crc32(text.encode()) % len(self._delays)]):
            await asyncio.sleep(0)
        self.answered[text] += 1
        return "yes"


def session_of(graph: Graph, llm: ScriptedLLM, concurrency: int, name: str | None = None) -> Session:
    source = graph.source
    plan = make_plan(
        pipeline_of(graph),
        n=source.n,
        input=input_rows(source) if source.kind == "input" else None,
        llm=llm,
        concurrency=concurrency,
        # The interpreter that it is compared with never gives up.
        bounds=Bounds(give_up_after=0),
    )
    return open_session(plan, name=name)


def check(made: Run, wanted: Expected) -> None:
    assert [own_columns(row) for row in made.rows()] == wanted.rows
    assert made.accepted == len(wanted.rows)
    assert Counter(failure.step for failure in made.failures) == wanted.failed
    assert (made.failed, made.rejected) == (wanted.failed.total(), wanted.rejected.total())


def check_verdicts(session: Session, wanted: Expected) -> None:
    """Check that no verdict stands twice, and none is missing."""
    (leaf,) = session.plan.topology.leaves
    verdicts = [*session._store.verdicts(leaf)]
    known = [(one.row, one.step, one.verdict) for one in verdicts]
    assert len(set(known)) == len(known)
    assert [one.seq for one in verdicts] == [*range(len(verdicts))]
    assert sum(one.verdict == "accepted" for one in verdicts) == len(wanted.rows)


some_delays = st.lists(st.integers(0, 9), min_size=1, max_size=9)


@settings(max_examples=FEW, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(graphs, some_delays, st.sampled_from([1, 3, 50]))
@example(TWO_GENERATIONS_OF_FORKS, [0, 5], 50)
@example(BOTH_MULTIPLY_AND_ONE_DROPS, [0, 5], 3)
@example(ROUTES_AT_THE_BEGINNING, [3, 0], 3)
@example(ROUTES_THAT_CROSS, [0], 3)
@example(NOTHING_COMES, [0], 1)
def test_what_comes_out_of_a_graph_is_what_one_row_after_the_other_would_make(graph, delays, concurrency):
    wanted = expected(graph)
    WATCH.clear()
    answer = Slowly(delays)
    session = session_of(graph, scripted(answer), concurrency)
    made = session.execute()

    check(made, wanted)
    check_verdicts(session, wanted)
    if graph.source.n is None:
        assert WATCH.visits == wanted.visits
    else:
        # Rows behind the last one wanted may be under way, and each step was given them once too.
        assert WATCH.visits >= wanted.visits


@settings(max_examples=FEW, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(graphs, some_delays, some_delays)
@example(TWO_GENERATIONS_OF_FORKS, [0], [9, 0, 5])
@example(FAILURES_ALL_OVER, [0], [9, 0, 5, 7])
def test_neither_timing_nor_concurrency_is_in_what_a_run_keeps(graph, delays, others):
    kept = []
    for concurrency, some in ((1, delays), (50, others)):
        WATCH.clear()
        session = session_of(graph, scripted(Slowly(some)), concurrency)
        made = session.execute()
        (leaf,) = session.plan.topology.leaves
        kept.append(([*session._store.verdicts(leaf)], [*session._store.rows(leaf)], made.failures))

    assert kept[0] == kept[1]


names = itertools.count()


@settings(max_examples=FEW, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(graphs, some_delays, st.sampled_from([1, 3, 50]), st.integers(1, 40), st.booleans())
@example(TWO_GENERATIONS_OF_FORKS, [0, 5], 50, 8, True)
@example(TWO_GENERATIONS_OF_FORKS, [0, 5], 3, 5, False)
@example(ONE_AFTER_THE_OTHER, [0], 1, 50, False)
@example(ONE_AFTER_THE_OTHER, [0], 50, 60, True)
def test_a_run_that_was_cut_off_comes_to_the_same_end(graph, delays, concurrency, moment, cancels):
    wanted = expected(graph)
    WATCH.clear()
    answer = Slowly(delays)
    name = f"cut-off-{next(names)}"
    session = session_of(graph, scripted(answer), concurrency, name)
    WATCH.on_visit = moments(moment, session.cancel if cancels else session.drain)
    session.execute()
    WATCH.clear()
    session = session_of(graph, scripted(answer), 53 - concurrency, name)
    made = session.execute()

    check(made, wanted)
    assert made.folder is not None
    with RunReader.open(made.folder) as reader:
        # A call is there once, so that none was paid for twice.
        assert reader.count_calls() == answer.answered.total()


def moments(moment: int, then: Any) -> Any:
    visits = itertools.count(1)
    return lambda: then() if next(visits) == moment else None
