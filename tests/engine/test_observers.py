"""Observers hear of what is durable, in order, each thing once, and can harm nothing."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tests.support.note_taker import NoteTaker
from tests.support.scripted_llm import ScriptedLLM, prompt, scripted

from seedbed import (
    BadRequestError,
    Choice,
    GeneratorTask,
    GlobalStep,
    InvalidResponseError,
    LLMConnectionError,
    ObservedTry,
    Reject,
    Response,
    Step,
    Task,
    Usage,
    hookimpl,
    run,
)
from seedbed.engine.observing import delivery, listener
from seedbed.engine.observing.named import observers_of
from seedbed.engine.open_session import open_session
from seedbed.engine.plan_making import make_plan
from seedbed.llm.pools.pool import PoolLLM
from seedbed.llm.response_json import sent_of
from seedbed.store import RunReader


class Word(GeneratorTask):
    """Row 1 is rejected and row 3 fails, where it is `picky`."""

    template: str = "{{ n }}"
    suffix: str = ""
    picky: bool = False

    def sample(self, index: int, rng: Any) -> dict[str, Any]:
        return {"n": index}

    def format_output(self, output: str | None, input: Any) -> dict[str, Any]:
        if self.picky and input["n"] == 1:
            raise Reject("too dull")
        if self.picky and input["n"] == 3:
            raise ValueError("no word")
        return {"word": f"{output}{self.suffix}"}


class Twice(Task):
    template: str = "{{ word }}"
    num_generations: int = 2


class Pass(Step):
    def process(self, row: Any) -> Any:
        return row


def observed(task: Any, n: int | None, **options: Any) -> NoteTaker:
    """Run a task, and return what an observer has heard of it."""
    notes = NoteTaker()
    run(task, n, observers=[notes], **options)
    return notes


def said(text: str) -> Response:
    return Response(choices=(Choice(text=text),), usage=Usage(10, 20), model="m")


def test_the_run_comes_first_and_its_outcome_last() -> None:
    notes = observed(Word(llm=scripted(lambda request: said(prompt(request)))), 3, name="words", seed=7)

    assert [kind for kind, _ in notes.heard] == [
        "run",
        "call",
        "call",
        "call",
        "row",
        "row",
        "row",
        "outcome",
    ]
    about, outcome = notes.run, notes.outcome
    assert (about.name, about.task, about.session, about.wanted, about.seed) == ("words", "word", 1, 3, 7)
    assert (about.leaf, about.leaves, about.steps) == ("word", ("word",), ("word",))
    assert about.models == ("scripted/scripted",)
    assert about.folder is not None
    assert (about.folder / "run.db").exists()
    assert (outcome.outcome, outcome.accepted, outcome.calls, outcome.usage) == (
        "complete",
        3,
        3,
        Usage(30, 60),
    )


def test_a_call_says_who_asked_what_it_took_and_what_was_answered() -> None:
    notes = observed(Word(llm=scripted(lambda request: said(prompt(request)))), 1)

    (call,) = notes.calls
    assert (call.step, call.row, call.attempt, call.model) == ("word", "0", 0, "scripted")
    assert (call.usage, call.cost) == (Usage(10, 20), None)
    assert call.response.choices[0].text == "0"


def test_a_row_says_what_became_of_it_and_why() -> None:
    notes = observed(Word(llm=scripted(), picky=True), 4)

    assert [(row.seq, row.id, row.verdict) for row in notes.rows] == [
        (0, "0", "accepted"),
        (1, "1", "rejected"),
        (2, "2", "accepted"),
        (3, "3", "failed"),
        (4, "4", "accepted"),
    ]
    assert notes.rows[0].columns == {"n": 0, "word": "yes", "model_name": "scripted"}
    assert (notes.rows[0].reason, notes.rows[1].columns) == (None, {})
    assert (notes.rows[1].reason, notes.rows[1].kind) == ("too dull", "Reject")
    assert notes.rows[3].kind == "ValueError"
    assert str(notes.rows[3].reason).startswith("ValueError: no word\n")


def test_what_is_heard_cannot_be_changed() -> None:
    notes = observed(Word(llm=scripted()), 1)

    for _, told in notes.heard:
        with pytest.raises(dataclasses.FrozenInstanceError):
            told.__setattr__(dataclasses.fields(told)[0].name, None)


class Checker(NoteTaker):
    """Looks each thing that it hears up in the store, at that moment."""

    def __init__(self) -> None:
        super().__init__()
        self.missing: list[Any] = []

    @hookimpl
    def seedbed_call_finished(self, run: Any, call: Any) -> None:
        super().seedbed_call_finished(run, call)
        with RunReader.open(run.folder) as reader:
            if call.encoded not in [known.answer for known in reader.calls(call.step, call.row)]:
                self.missing.append(call)

    @hookimpl
    def seedbed_row_finished(self, run: Any, row: Any) -> None:
        super().seedbed_row_finished(run, row)
        with RunReader.open(run.folder) as reader:
            verdict = reader.verdict_of(row.leaf, row.id)
            result = reader.result_of(row.step, verdict.source_row) if verdict else None
        if result is None or verdict is None or (verdict.seq, verdict.verdict) != (row.seq, row.verdict):
            self.missing.append(row)

    @hookimpl
    def seedbed_run_finished(self, run: Any, outcome: Any) -> None:
        super().seedbed_run_finished(run, outcome)
        with RunReader.open(run.folder) as reader:
            session = reader.last_session()
        if session is None or session.outcome != outcome.outcome:
            self.missing.append(outcome)


@pytest.mark.slow
@pytest.mark.parametrize("picky", [False, True])
def test_all_that_is_heard_is_in_the_store_at_that_moment(picky: bool, tmp_path: Path) -> None:
    checker = Checker()
    out = tmp_path / "out.jsonl"
    run(Word(llm=scripted(), picky=picky) >> Pass(), 50, observers=[checker], out=out)
    # Every row anew, in place of those that are there.
    run(Word(llm=scripted(), picky=picky, suffix="!") >> Pass(), 50, observers=[checker], out=out)

    assert len(checker.rows) == (102 if picky else 100)
    assert checker.missing == []
    assert checker.outcome.out == out


def test_calls_come_before_the_rows_that_are_made_of_them() -> None:
    notes = observed(Word(llm=scripted()) >> Twice(llm=scripted()), 30)

    asked = {"word": set[str](), "twice": set[str]()}
    for kind, told in notes.heard:
        if kind == "call":
            asked[told.step].add(told.row)
        elif kind == "row":
            parent = told.id.partition("/")[0]
            assert parent in asked["word"]
            assert parent in asked["twice"]
    assert [row.seq for row in notes.rows] == list(range(30))


def test_a_run_that_had_come_to_its_end_has_nothing_to_tell() -> None:
    observed(Word(llm=scripted()), 5, name="words")
    notes = observed(Word(llm=scripted()), 5, name="words")

    assert [kind for kind, _ in notes.heard] == ["run", "outcome"]
    assert (notes.run.session, notes.outcome.accepted, notes.outcome.calls) == (2, 5, 0)


def test_a_run_that_is_extended_tells_of_the_new_rows() -> None:
    observed(Word(llm=scripted()), 5, name="words")
    notes = observed(Word(llm=scripted()), 8, name="words")

    assert [row.id for row in notes.rows] == ["5", "6", "7"]
    assert [call.row for call in notes.calls] == ["5", "6", "7"]


def test_other_code_tells_of_all_rows_and_of_no_replayed_call() -> None:
    observed(Word(llm=scripted()), 5, name="words")
    notes = observed(Word(llm=scripted(), suffix="!"), 5, name="words")

    assert [row.columns["word"] for row in notes.rows] == ["yes!"] * 5
    assert notes.calls == []
    assert notes.outcome.replayed == 5


def failing_for(*numbers: str) -> Callable[..., str]:
    def answer(request: Any) -> str:
        if prompt(request) in numbers:
            raise LLMConnectionError("no line", retryable=False)
        return "yes"

    return answer


def test_retry_tells_of_the_rows_that_were_asked_again() -> None:
    first = observed(Word(llm=scripted(failing_for("1", "3"))), 6, name="words")
    again = observed(Word(llm=scripted(failing_for("3"))), 6, name="words", retry=True)

    assert [row.verdict for row in first.rows] == [
        "accepted",
        "failed",
        "accepted",
        "failed",
        *["accepted"] * 2,
    ]
    assert [(row.id, row.seq, row.verdict) for row in again.rows] == [("1", 1, "accepted")]
    assert [call.row for call in again.calls] == ["1"]


def test_rows_that_are_put_before_others_are_told_of_and_no_row_is_left_out() -> None:
    rows = [{"word": str(n)} for n in range(6)]
    observed(Twice(llm=scripted()), None, input=rows, name="over")
    new = [{"word": "new"}, *rows]
    notes = observed(Twice(llm=scripted()), None, input=new, name="over")

    assert [row.columns["word"] for row in notes.rows][:2] == ["new", "new"]
    assert len({call.row for call in notes.calls}) == 1


class Both(GlobalStep):
    """Needs all rows."""

    keeps: ClassVar[bool] = True
    broken: bool = False
    mark: str = ""

    def process(self, rows: Any) -> Any:
        if self.broken:
            raise ValueError("not today")
        return [{**row, "all": len(rows), "mark": self.mark} for row in rows]


def test_every_leaf_has_its_own_order_and_what_is_between_is_not_told_of() -> None:
    graph = Word(llm=scripted()) >> [Pass(name="plain"), Both() >> Pass(name="behind")]
    notes = observed(graph, 5, leaf="plain")

    by_leaf = {leaf: [row.seq for row in notes.rows if row.leaf == leaf] for leaf in notes.run.leaves}
    assert by_leaf == {"plain": [0, 1, 2, 3, 4], "behind": [0, 1, 2, 3, 4]}
    assert len(notes.rows) == 10


@pytest.mark.slow
def test_rows_behind_a_step_that_needs_all_are_told_of_again_when_it_makes_them_anew() -> None:
    made = observed(Word(llm=scripted()) >> Both() >> Pass(), 5, name="all")
    same = observed(Word(llm=scripted()) >> Both() >> Pass(), 5, name="all")
    more = observed(Word(llm=scripted()) >> Both() >> Pass(), 6, name="all")

    assert (len(made.rows), len(same.rows), len(more.rows)) == (5, 0, 6)
    assert {row.columns["all"] for row in more.rows} == {6}


def test_a_step_that_needs_all_rows_and_has_changed_tells_of_all_that_it_makes() -> None:
    observed(Word(llm=scripted()) >> Both(), 5, name="all")
    notes = observed(Word(llm=scripted()) >> Both(mark="!"), 5, name="all")

    assert [row.columns["mark"] for row in notes.rows] == ["!"] * 5


def test_rows_that_were_made_and_not_decided_before_a_run_was_cut_off_are_told_of_later() -> None:
    answered: list[str] = []

    async def answer(request: Any) -> str:
        if prompt(request) == "0":
            await asyncio.Event().wait()
        answered.append(prompt(request))
        if len(answered) == 9:
            session.cancel()
        return "yes"

    notes = NoteTaker()
    plan = make_plan(Word(llm=scripted(answer)), n=10)
    session = open_session(plan, name="words", observers=observers_of([notes]))
    session.execute()
    assert notes.rows == []
    again = observed(Word(llm=scripted()), 10, name="words")

    assert [row.id for row in again.rows] == [*map(str, range(10))]
    assert {call.row for call in [*notes.calls, *again.calls]} == {*map(str, range(10))}
    assert len(notes.calls) + len(again.calls) == 10


def test_a_step_that_fails_on_all_rows_is_told_of_once() -> None:
    notes = observed(Word(llm=scripted()) >> Both(broken=True) >> Pass(), 3, name="all")

    assert [(row.leaf, row.id, row.verdict, row.step) for row in notes.rows] == [
        ("pass", "all", "failed", "both")
    ]
    assert notes.outcome.outcome == "incomplete"


@pytest.mark.slow
def test_a_step_that_fails_on_all_rows_again_is_told_of_again_and_keeps_its_verdict() -> None:
    for retry in (False, True, True):
        notes = NoteTaker()
        pipeline = Word(llm=scripted()) >> Both(broken=True) >> Pass()
        made = run(pipeline, 3, name="all", observers=[notes], retry=retry)

        assert [row.id for row in notes.rows] == ["all"]
        assert made.folder is not None
        with RunReader.open(made.folder) as reader:
            assert reader.count_verdicts("pass")["failed"] == 1


def test_what_stops_a_run_is_in_the_outcome() -> None:
    notes = observed(Word(llm=scripted(), picky=True), 9, max_failures="0")

    assert notes.outcome.outcome == "stopped"
    assert "--max-failures" in str(notes.outcome.stopped_by)
    assert notes.rows[-1].verdict == "failed"


class Brief:
    """Has one hook, which takes one of its two arguments."""

    def __init__(self) -> None:
        self.ids: list[str] = []

    @hookimpl
    def seedbed_row_finished(self, row: Any) -> None:
        self.ids.append(row.id)


def test_a_hook_takes_those_of_the_arguments_that_it_needs() -> None:
    brief = Brief()
    run(Word(llm=scripted()), 3, observers=[brief])

    assert brief.ids == ["0", "1", "2"]


class Clumsy:
    """Raises all the time."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    @hookimpl
    def seedbed_run_started(self) -> None:
        raise self.error

    @hookimpl
    def seedbed_row_finished(self) -> None:
        raise self.error


@pytest.mark.parametrize("error", [KeyError("x"), SystemExit(3), KeyboardInterrupt()])
def test_an_observer_that_raises_is_named_once_and_harms_nobody(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    notes = NoteTaker()
    made = run(Word(llm=scripted()), 20, observers=[Clumsy(error), notes])

    assert made.outcome == "complete"
    assert len(notes.rows) == 20
    (record,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert (
        "the observer 'Clumsy' of this process is broken: seedbed_run_started raised" in record.getMessage()
    )
    assert "test_observers.py, line" in record.getMessage()


class Slow:
    """Stays with the first row until it is let go."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.has_begun = threading.Event()
        self.heard: list[str] = []
        self.thread = threading.current_thread()

    @hookimpl
    def seedbed_row_finished(self, row: Any) -> None:
        self.thread = threading.current_thread()
        self.has_begun.set()
        assert self.go_on.wait(60)
        self.heard.append(row.id)

    @hookimpl
    def seedbed_run_finished(self, outcome: Any) -> None:
        self.heard.append(outcome.outcome)


def test_a_slow_observer_holds_up_neither_the_run_nor_another_one() -> None:
    slow, notes = Slow(), NoteTaker()

    def answer(request: Any) -> str:
        if prompt(request) == "39":
            # The last row is made while the first one is being told of.
            slow.go_on.set()
        return "yes"

    async def in_turn(request: Any) -> str:
        if prompt(request) == "20":
            await asyncio.to_thread(slow.has_begun.wait, 60)
        return answer(request)

    made = run(Word(llm=scripted(in_turn)), 40, observers=[slow, notes], concurrency=1)

    assert made.outcome == "complete"
    assert len(notes.rows) == 40
    assert slow.heard == [*map(str, range(40)), "complete"]


@pytest.mark.slow
def test_an_observer_that_hangs_is_left_behind_at_the_end(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(delivery, "BRIEF", 0.05)
    # The other one has to be done by then.
    monkeypatch.setattr(delivery, "PATIENCE", 0.5)
    slow, notes = Slow(), NoteTaker()
    made = run(Word(llm=scripted()), 5, observers=[slow, notes])

    assert made.outcome == "complete"
    assert notes.outcome.accepted == 5
    assert "waiting for the observer 'Slow' of this process to take what is left" in caplog.text
    assert "the observer 'Slow' of this process makes no progress, and is abandoned" in caplog.text
    slow.go_on.set()
    slow.thread.join(60)
    assert slow.heard == ["0"]


def test_an_interrupted_run_waits_briefly_and_tells_the_outcome(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(delivery, "BRIEF", 0.0)
    monkeypatch.setattr(delivery, "GRACE", 60.0)
    slow = Slow()

    class Releasing:
        @hookimpl
        def seedbed_run_finished(self) -> None:
            slow.go_on.set()

    async def answer(request: Any) -> str:
        if prompt(request) == "8":
            await asyncio.to_thread(slow.has_begun.wait, 60)
            session.drain()
        return "yes"

    plan = make_plan(Word(llm=scripted(answer)), n=50, concurrency=1)
    session = open_session(plan, observers=observers_of([slow, Releasing()]))

    assert session.execute().outcome == "interrupted"
    assert slow.heard == ["0", "interrupted"]
    told = "the observer 'Slow' of this process didn't get all notifications: the run was interrupted"
    assert caplog.text.count(told) == 1


def test_who_cancels_a_run_that_is_complete_does_not_wait_for_its_observers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(delivery, "BRIEF", 0.0)
    monkeypatch.setattr(delivery, "GRACE", 0.0)
    slow = Slow()

    class Cancelling:
        @hookimpl
        def seedbed_run_finished(self) -> None:
            slow.has_begun.wait(60)
            session.cancel()

    session = open_session(make_plan(Word(llm=scripted()), n=5), observers=observers_of([slow, Cancelling()]))
    made = session.execute()
    slow.go_on.set()
    slow.thread.join(60)

    assert made.outcome == "complete"
    # Were it waited for, it would have given up by itself.
    assert slow.heard == ["0"]


def test_a_run_without_observers_has_no_thread_for_any() -> None:
    before = {*threading.enumerate()}
    met: list[threading.Thread] = []
    run(Word(llm=scripted(lambda _: met.extend(threading.enumerate()) or "yes")), 1)

    assert met
    assert [one.name for one in met if one not in before and one.name.startswith("seedbed ")] == []


def test_a_call_says_when_and_where_it_was_sent() -> None:
    before = time.time()
    notes = observed(Word(llm=scripted()), 2)
    after = time.time()

    for call in notes.calls:
        assert call.started is not None
        assert call.seconds is not None
        assert before - 0.001 <= call.started <= call.started + call.seconds <= after + 0.001
        assert (call.tries, call.backend, call.endpoint, call.is_reused) == (1, "scripted", "scripted", False)


def test_a_call_says_how_often_it_was_tried() -> None:
    refused: set[str] = set()

    def answer(request: Any) -> str:
        if prompt(request) not in refused:
            refused.add(prompt(request))
            raise LLMConnectionError("no line")
        return "yes"

    notes = observed(Word(llm=scripted(answer)), 1)

    assert [call.tries for call in notes.calls] == [2]


class Placed(ScriptedLLM):
    """One endpoint of a model that several have."""

    backend: ClassVar[str] = "placed"
    connection_fields: ClassVar[frozenset[str]] = ScriptedLLM.connection_fields | {"place"}


def shaky(request: Any) -> str:
    """Lose each second call of a text, refuse the third row, and answer otherwise."""
    text = prompt(request)
    if text == "2":
        raise BadRequestError("hush: not that", status=400)
    if text not in SHAKEN:
        SHAKEN.add(text)
        raise LLMConnectionError("hush: no line", retry_after=0.0)
    return "yes"


SHAKEN: set[str] = set()


@pytest.mark.slow
def test_each_try_that_failed_is_reported_before_its_row() -> None:
    SHAKEN.clear()
    before = time.time()
    notes = observed(Word(llm=Placed(shaky, place="http://user:hush@here:1/v1?key=hush")), 3)

    tries = {(one.row, one.number, one.kind, one.status) for one in notes.failed}
    lost = {(row, 1, "LLMConnectionError", None) for row in "01"}
    assert tries == {*lost, ("2", 1, "BadRequestError", 400)}
    for one in notes.failed:
        assert before - 0.001 <= one.started <= one.started + one.seconds <= time.time() + 0.001
        assert (one.step, one.attempt, one.model, one.backend) == ("word", 0, "scripted", "placed")
        assert "here:1/v1" in one.endpoint
        assert "hush" not in repr(one)
        assert not one.is_embedding
        row = next(told for kind, told in notes.heard if kind == "row" and told.id == one.row)
        assert notes.heard.index(("failed", one)) < notes.heard.index(("row", row))


def test_tries_that_failed_at_one_endpoint_of_a_pool_name_it() -> None:
    def gone(request: Any) -> str:
        raise LLMConnectionError("no line")

    there = Placed(gone, place="http://there:2/v1")
    notes = observed(Word(llm=PoolLLM(of=[there, Placed(lambda _: "yes", place="http://here:1/v1")])), 1)

    (one,) = notes.failed
    assert (one.endpoint, one.number, one.kind) == ("http://there:2/v1", 1, "LLMConnectionError")


@pytest.mark.slow
def test_a_call_that_never_succeeds_is_reported_with_all_its_tries() -> None:
    def unreadable(request: Any) -> str:
        raise InvalidResponseError("no JSON", retry_after=0.0)

    heard: list[ObservedTry] = []

    class Failures:
        @hookimpl
        def seedbed_try_failed(self, failed: ObservedTry) -> None:
            heard.append(failed)

    run(Word(llm=scripted(unreadable)), 1, observers=[Failures()], max_attempts=1)

    assert [one.number for one in heard] == [*range(1, len(heard) + 1)]
    assert len(heard) > 1
    assert {one.kind for one in heard} == {"InvalidResponseError"}


def test_an_observer_that_is_far_behind_gets_the_latest_failed_tries(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listener, "MOST_FAILED", 2)
    SHAKEN.clear()
    is_over = threading.Event()
    heard: list[str] = []

    class Late:
        @hookimpl
        def seedbed_run_started(self) -> None:
            is_over.wait(60)

        @hookimpl
        def seedbed_try_failed(self, failed: ObservedTry) -> None:
            heard.append(failed.row)

    def answer(request: Any) -> str:
        if prompt(request) == "8":
            is_over.set()
            return "yes"
        return shaky(request)

    run(Word(llm=scripted(answer)), 9, observers=[Late()], concurrency=1)

    assert heard == ["6", "7"]


def test_a_call_of_a_pool_says_which_endpoint_answered() -> None:
    def gone(request: Any) -> str:
        raise LLMConnectionError("no line")

    there = Placed(gone, place="http://there:2/v1")
    here = Placed(lambda _: "yes", place="http://user:hush@here:1/v1?key=hush")
    notes = observed(Word(llm=PoolLLM(of=[there, here])), 1)

    (call,) = notes.calls
    assert (call.backend, call.tries) == ("placed", 2)
    assert call.endpoint is not None
    assert "here:1/v1" in call.endpoint
    assert "hush" not in call.endpoint + call.encoded.decode()


def test_an_answer_that_the_run_had_is_reported_as_reused_before_its_row() -> None:
    first = observed(Word(llm=scripted()), 3, name="words")
    notes = observed(Word(llm=scripted(), suffix="!"), 3, name="words")

    assert first.reused == []
    assert [kind for kind, _ in notes.heard] == ["run", *["reused"] * 3, *["row"] * 3, "outcome"]
    assert {call.row for call in notes.reused} == {"0", "1", "2"}
    assert len(notes.reused) == notes.outcome.replayed
    for call in notes.reused:
        assert call.is_reused
        assert (call.started, call.seconds, call.tries, call.backend, call.endpoint) == (None,) * 5
        assert call.response.choices[0].text == "yes"


@pytest.mark.parametrize(("observers", "is_kept"), [([], False), ([Brief()], False), ([NoteTaker()], True)])
def test_times_of_calls_are_only_kept_for_an_observer_of_calls(observers: list[Any], is_kept: bool) -> None:
    made = run(Word(llm=scripted()), 1, name="words", observers=observers)

    assert made.folder is not None
    with RunReader.open(made.folder) as reader:
        assert [sent_of(call.answer) is not None for call in reader.calls("word", "0")] == [is_kept]
