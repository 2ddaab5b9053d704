"""Another engine makes the rows; the run around them is the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tests.support.note_taker import NoteTaker
from tests.support.scripted_llm import scripted

from seedbed import (
    Engine,
    Failure,
    GeneratorTask,
    Job,
    PluginError,
    Reject,
    Result,
    StopRun,
    UsageError,
    Verdict,
    run,
)
from seedbed.engine.engine_check import engine_name
from seedbed.engine.open_session import open_session
from seedbed.engine.plan_making import make_plan
from seedbed.plugins.registry import Registry
from seedbed.store import RunReader, RunStore

MADE: list[Job] = []


class Word(GeneratorTask):
    template: str = "{{ n }}"

    def sample(self, index: int, rng: Any) -> dict[str, Any]:
        return {"n": index}


class Fixed(Engine):
    """Makes rows that say which one they are; row 1 is rejected and row 3 fails."""

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        MADE.append(job)
        self.is_cut = False

    async def make_rows(self) -> bool:
        leaf = self.job.plan.leaf
        for seq in range((self.job.plan.n or 0) + 1):
            if self.is_cut:
                return False
            self._decide(leaf, seq)
        return True

    def _decide(self, leaf: str, seq: int) -> None:
        job, row = self.job, str(seq)
        if seq in (1, 3):
            failure = Failure.of(
                row, leaf, Reject("odd") if seq == 1 else ValueError("bad"), rejected=seq == 1
            )
            verdict = "rejected" if seq == 1 else "failed"
            reasons = b"[" + failure.encoded() + b"]"
            job.store.add_result(Result(leaf, row, bytes(16), 0, verdict, b"[]", reasons))
            job.store.add_verdict(Verdict(leaf, seq, row, verdict, leaf, row, 0))
            (job.run.reject if seq == 1 else job.run.fail)(failure)
            job.decided({leaf: seq + 1})
        else:
            encoded = json.dumps({"n": seq}).encode()
            job.store.add_result(Result(leaf, row, bytes(16), 0, "done", b"[" + encoded + b"]"))
            job.store.add_verdict(Verdict(leaf, seq, row, "accepted", leaf, row, 0))
            job.run.accepted += 1
            job.decided({leaf: seq + 1}, [encoded])

    def drain(self) -> None:
        self.is_cut = True

    def cancel(self) -> None:
        self.is_cut = True


@pytest.fixture(autouse=True)
def made() -> Iterator[list[Job]]:
    MADE.clear()
    yield MADE
    MADE.clear()


def test_its_rows_are_the_dataset_and_its_counts_the_outcome(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    notes = NoteTaker()
    done = run(Word(llm=scripted()), 5, out=out, engine=Fixed, observers=[notes])

    assert (done.outcome, done.accepted, done.rejected, done.failed) == ("incomplete", 4, 1, 1)
    assert [json.loads(line) for line in out.read_text().splitlines()] == [{"n": n} for n in (0, 2, 4, 5)]
    assert [(row.id, row.verdict) for row in notes.rows][:4] == [
        ("0", "accepted"),
        ("1", "rejected"),
        ("2", "accepted"),
        ("3", "failed"),
    ]
    assert notes.rows[3].kind == "ValueError"
    assert notes.outcome.accepted == 4
    assert done.folder is not None
    with RunReader.open(done.folder) as reader:
        session = reader.last_session()
    assert session is not None
    assert (session.outcome, session.summary and session.summary["failed"]) == ("incomplete", 1)
    assert session.manifest["engine"].endswith("test_engines.Fixed")
    assert session.manifest["observers"] == [
        {"name": "NoteTaker", "package": "this process", "module": "NoteTaker"}
    ]


def test_its_rows_leave_the_run_when_they_are_durable() -> None:
    left: list[bytes] = []
    session = open_session(make_plan(Word(llm=scripted()), n=5), emit=left.append, engine=Fixed)
    session.execute()

    assert left == [json.dumps({"n": n}).encode() for n in (0, 2, 4, 5)]


def test_what_writing_a_row_raises_ends_the_run() -> None:
    def emit(row: bytes) -> None:
        raise StopRun("no more")

    session = open_session(make_plan(Word(llm=scripted()), n=5), emit=emit, engine=Fixed)

    assert str(session.execute().stopped_by) == "no more"


def test_it_is_given_the_plan_and_the_store(made: list[Job]) -> None:
    run(Word(llm=scripted()), 5, name="words", seed=3, engine=Fixed, retry=True)

    (job,) = made
    assert (job.plan.n, job.plan.seed, job.plan.leaf, job.retrying) == (5, 3, "word", True)
    assert [step.name for step in job.plan.steps] == ["word"]
    assert [*job.fingerprints] == ["word"]
    assert isinstance(job.store, RunStore)


def test_of_a_run_that_had_come_to_its_end_it_is_asked_nothing() -> None:
    class Silent(Fixed):
        async def make_rows(self) -> bool:
            raise AssertionError

    first = run(Word(llm=scripted()), 5, name="words")
    again = run(Word(llm=scripted()), 5, name="words", engine=Silent)

    assert (first.outcome, again.outcome, again.accepted) == ("complete", "complete", 5)


def test_one_that_is_drained_leaves_an_interrupted_run() -> None:
    class Cut(Fixed):
        async def make_rows(self) -> bool:
            self.drain()
            return await super().make_rows()

    assert run(Word(llm=scripted()), 5, engine=Cut).outcome == "interrupted"


class Broken(Fixed):
    """Fails after so many rows."""

    after: ClassVar[int]

    async def make_rows(self) -> bool:
        for seq in range(self.after):
            self._decide("word", seq)
        raise KeyError("no such worker")


@pytest.mark.parametrize("after", [0, 1])
def test_one_that_fails_is_named_and_what_it_has_made_is_kept(after: int) -> None:
    Broken.after = after
    if after:
        made = run(Word(llm=scripted()), 5, name="words", engine=Broken)
        assert (made.outcome, [*made.rows()]) == ("stopped", [{"n": 0}])
        error: Any = made.stopped_by
    else:
        with pytest.raises(PluginError) as caught:
            run(Word(llm=scripted()), 5, name="words", engine=Broken)
        error = caught.value

    assert "test_engines.Broken' is broken: KeyError: 'no such worker'" in error.fact
    assert "test_engines.py, line" in error.advice[0]


class Careless(Fixed):
    """Does something wrong after its last row."""

    async def make_rows(self) -> bool:
        finished = await super().make_rows()
        self.job.store.flush()
        self.spoil(self.job.store, len([*self.job.store.verdicts("word")]))
        return finished

    def spoil(self, store: RunStore, count: int) -> None:
        raise NotImplementedError


class Doubling(Careless):
    def spoil(self, store: RunStore, count: int) -> None:
        store.add_verdict(Verdict("word", count, "0", "accepted", "word", "0", 0))


class Inventing(Careless):
    def spoil(self, store: RunStore, count: int) -> None:
        store.add_verdict(Verdict("word", count, "77", "accepted", "word", "77", 0))


class Skipping(Careless):
    def spoil(self, store: RunStore, count: int) -> None:
        store.add_verdict(Verdict("word", count + 1, "9", "rejected", "word", "9", 0))


class Forgetting(Careless):
    def spoil(self, store: RunStore, count: int) -> None:
        store.truncate_verdicts("word", count - 1)


@pytest.mark.parametrize(
    ("engine", "said"),
    [
        (Doubling, "accepted the row '0' 2 times at 'word'"),
        (Inventing, "accepted the row '77' at 'word', and the run has no result of 'word' for it"),
        (Skipping, "verdicts at 'word', with numbers up to 7: some are lost"),
        (Forgetting, "counted 4 rows, and accepted 3 at 'word': some are lost or doubled"),
    ],
)
def test_one_that_loses_rows_or_gives_one_twice_is_named_before_the_dataset_is_written(
    engine: type[Engine], said: str, tmp_path: Path
) -> None:
    made = run(Word(llm=scripted()), 5, name="words", engine=engine, out=tmp_path / "words.jsonl")
    assert (made.outcome, (tmp_path / "words.jsonl").exists()) == ("stopped", False)
    assert isinstance(made.stopped_by, PluginError)
    assert f"test_engines.{engine.__name__}' " in made.stopped_by.fact
    assert said in made.stopped_by.fact

    again = run(Word(llm=scripted()), 5, name="words", out=tmp_path / "words.jsonl")
    lines = (tmp_path / "words.jsonl").read_text().splitlines()
    assert (again.outcome, len({*lines}), len(lines)) == ("complete", 5, 5)


def test_one_of_an_installed_package_is_named_with_it() -> None:
    # As one that a program has imported itself.
    cls = type("Cluster", (Fixed,), {"__module__": "seedbed_openai.cluster"})
    named = engine_name(cls.__new__(cls), Registry())
    assert named == "the engine 'seedbed_openai.cluster.Cluster' of seedbed-openai 0.1.0"


def test_one_that_cannot_be_made_lets_go_of_the_run() -> None:
    class Fussy(Fixed):
        def __init__(self, job: Job) -> None:
            raise UsageError("not with this plan")

    with pytest.raises(UsageError, match="not with this plan"):
        run(Word(llm=scripted()), 5, name="words", engine=Fussy)
    assert run(Word(llm=scripted()), 5, name="words").outcome == "complete"
