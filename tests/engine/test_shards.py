"""Shards: their parts of the rows, and that the united run is the one that was made at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.no_room import no_file_larger_than
from tests.support.scripted_llm import ScriptedLLM

from seedbed import GeneratorTask, GlobalStep, Pipeline, Reject, Step, UsageError, run
from seedbed.engine.sources.shard import Shard
from seedbed.store import RunReader, RunStore, merge_runs, run_folder, runs_folder

ASKED = []


def answer(request):
    ASKED.append(request.messages[-1]["content"])
    return f"{request.messages[-1]['content']} / {request.seed}"


class Numbers(GeneratorTask):
    """One number per row."""

    template: str = "Number {{ number }}"

    def sample(self, index, rng):
        return {"number": rng.randrange(1000)}


class Sieve(Step):
    """Refuses every `of`-th number."""

    of: int = 3

    def process(self, row):
        if row["number"] % self.of == 0:
            raise Reject("divisible")
        return [row]


class Twice(Step):
    """Makes two rows of each."""

    def process(self, row):
        return [row, {**row, "second": True}]


class Largest(GlobalStep):
    """Keeps the row with the largest number."""

    def process(self, rows):
        yield max(rows, key=lambda row: row["number"])


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ASKED.clear()


def llm():
    return ScriptedLLM(answer, model="m")


def text(path):
    return Path(path).read_bytes()


def in_shards(what, count, *args, name="all", **options):
    for number in range(1, count + 1):
        run(what, *args, shard=f"{number}/{count}", name=f"{name}-{number}", out=f"{name}.jsonl", **options)
    merge_runs(run_folder(name), [run_folder(f"{name}-{k}") for k in range(1, count + 1)])


def test_united_shards_are_the_run_that_was_made_at_once():
    run(Numbers(), 20, llm=llm(), name="one", out="one.jsonl")
    in_shards(Numbers(), 3, 20, llm=llm())
    ASKED.clear()
    made = run(Numbers(), 20, llm=llm(), name="all", out="all.jsonl")
    assert made.outcome == "complete"
    assert ASKED == []
    assert text("all.jsonl") == text("one.jsonl")


def test_each_shard_makes_its_share_and_no_row_twice():
    in_shards(Numbers(), 3, 20, llm=llm())
    assert len(ASKED) == 20


def test_rows_of_a_file_are_cut_by_their_place_and_united():
    rows = [{"number": number // 2} for number in range(25)]
    run(Sieve(), input=rows, name="one", out="one.jsonl")
    in_shards(Sieve(), 4, input=rows)
    run(Sieve(), input=rows, name="all", out="all.jsonl")
    assert text("all.jsonl") == text("one.jsonl")


@pytest.mark.slow
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.integers(1, 5),
    st.integers(5, 25),
    st.lists(st.sampled_from([Sieve(), Sieve(name="other", of=4), Twice()]), unique_by=lambda s: s.name),
    st.integers(0, 3),
)
def test_whatever_the_pipeline_the_united_run_has_the_same_bytes(count, n, steps, seed):
    number = len([*Path().glob("one*.jsonl")])
    one, name = f"one{number}", f"all{number}"
    what = Pipeline([Numbers(), *steps])
    run(what, n, llm=llm(), seed=seed, name=one, out=f"{one}.jsonl")
    in_shards(what, count, n, llm=llm(), seed=seed, name=name)
    run(what, n, llm=llm(), seed=seed, name=name, out=f"{name}.jsonl")
    assert text(f"{name}.jsonl") == text(f"{one}.jsonl")


def test_a_step_over_all_rows_runs_after_the_merge_without_buying_anything():
    with pytest.raises(UsageError, match="needs all rows"):
        run(Pipeline([Numbers(), Largest()]), 12, llm=llm(), shard="1/2", name="a")
    in_shards(Numbers(), 2, 12, llm=llm())
    ASKED.clear()
    whole = Pipeline([Numbers(), Largest()], name="numbers")
    made = run(whole, 12, llm=llm(), name="all", out="all.jsonl")
    assert made.accepted == 1
    assert ASKED == []


class Echo(GeneratorTask):
    """Samples from accepted rows."""

    feedback = 2
    template: str = "{{ number }}"

    def sample(self, index, rng, accepted):
        return {"number": index}


def test_feedback_is_refused_before_anything_is_spent():
    with pytest.raises(UsageError, match="samples from the rows accepted so far"):
        run(Echo(), 4, llm=llm(), shard="1/2", name="a")
    assert ASKED == []


@pytest.mark.parametrize("wrong", ["0/3", "4/3", "3", "a/b", "1/0", "-1/3", "1.5/3", ""])
def test_what_is_no_shard_is_refused(wrong):
    with pytest.raises(UsageError, match="is not a shard"):
        Shard.parse(wrong)


def test_a_shard_without_rows_is_refused():
    with pytest.raises(UsageError, match="has none of the 2 rows"):
        run(Numbers(), 2, llm=llm(), shard="3/3", name="a")


@pytest.mark.parametrize(("before", "said"), [("1/2", "is the shard 1/2"), (None, "has all rows")])
def test_a_shard_does_not_replace_the_rows_of_another_run_of_the_same_name(before, said):
    run(Numbers(), 6, llm=llm(), shard=before, name="a", out="a.jsonl")
    kept = text("a.jsonl")
    with pytest.raises(UsageError, match=f"{said}, not the shard 2/2") as refused:
        run(Numbers(), 6, llm=llm(), shard="2/2", name="a", out="a.jsonl")
    assert "--name numbers-2 -o numbers-2.jsonl" in str(refused.value)
    assert text("a.jsonl") == kept


def test_a_shard_is_made_under_the_name_of_another_after_a_restart():
    run(Numbers(), 6, llm=llm(), shard="1/2", name="a")
    made = run(Numbers(), 6, llm=llm(), shard="2/2", name="a", restart=True)
    assert made.accepted == 3


def test_a_run_over_all_rows_keeps_those_of_the_shard_that_had_its_name():
    run(Numbers(), 6, llm=llm(), shard="1/2", name="a")
    run(Numbers(), 6, llm=llm(), name="a")
    assert len(ASKED) == 6


def shards(count, n=6, **options):
    for number in range(1, count + 1):
        run(Numbers(), n, llm=llm(), shard=f"{number}/{count}", name=f"s{number}", out="s.jsonl", **options)


def merged(*names):
    return merge_runs(run_folder("all"), [run_folder(name) for name in names])


def test_a_missing_and_a_doubled_shard_are_named():
    shards(3)
    with pytest.raises(UsageError, match="missing: 2/3"):
        merged("s1", "s3")
    with pytest.raises(UsageError, match="are both the shard 1/3"):
        merged("s1", "s1", "s2", "s3")


def test_what_differs_between_shards_is_named():
    shards(2)
    run(Numbers(template="No. {{ number }}"), 6, llm=llm(), shard="2/2", name="odd", out="s.jsonl")
    with pytest.raises(UsageError, match=r"differ in numbers\.template"):
        merged("s1", "odd")
    run(Numbers(), 6, llm=llm(), shard="2/2", name="seeded", seed=4, out="s.jsonl")
    with pytest.raises(UsageError, match="differ in seed"):
        merged("s1", "seeded")
    run(Numbers(), 6, llm=llm(), name="whole", out="s.jsonl")
    with pytest.raises(UsageError, match="is not a shard"):
        merged("s1", "whole")
    assert not run_folder("all").exists()


def test_sessions_of_shards_keep_their_calls_and_are_not_taken_for_killed_ones():
    shards(2)
    merged("s1", "s2")
    RunStore.open(run_folder("all")).close()
    with RunReader.open(run_folder("all")) as reader:
        found = [(one.outcome, one.summary["calls"]) for one in reader.sessions()]
        assert found == [("interrupted", 3), ("interrupted", 3)]
        assert reader.count_calls() == 6


def test_a_run_is_not_replaced_by_a_merge():
    shards(2)
    merged("s1", "s2")
    with pytest.raises(UsageError, match="exists already"):
        merged("s1", "s2")
    (runs_folder() / "notes").write_text("of a user")
    with pytest.raises(UsageError, match="exists already"):
        merge_runs(runs_folder() / "notes", [run_folder("s1"), run_folder("s2")])


def test_what_a_killed_merge_left_is_replaced():
    shards(2)
    left = runs_folder() / ".all.merging"
    left.mkdir()
    (left / "run.db").write_bytes(b"half")
    assert merged("s1", "s2").calls == 6


def test_a_merge_that_the_disk_has_no_room_for_leaves_nothing():
    shards(2)
    before = sorted(path.name for path in runs_folder().iterdir())
    with no_file_larger_than(20_000), pytest.raises(UsageError):
        merged("s1", "s2")
    assert sorted(path.name for path in runs_folder().iterdir()) == before
    assert merged("s1", "s2").calls == 6


def test_an_interrupted_shard_is_merged_and_the_rest_is_bought():
    run(Numbers(), 20, llm=llm(), name="one", out="one.jsonl")
    run(Numbers(), 20, llm=llm(), shard="1/2", name="s1", out="s.jsonl")
    run(Numbers(), 20, llm=llm(), shard="2/2", name="s2", out="s.jsonl", max_tokens=1, max_attempts=3)
    merged("s1", "s2")
    run(Numbers(), 20, llm=llm(), name="all", out="all.jsonl")
    assert text("all.jsonl") == text("one.jsonl")


class Numbering(Step):
    """Numbers the rows as they come."""

    ordered = True

    def process(self, row):
        return [row]


class Chain(GeneratorTask):
    """Each row follows from the answer before."""

    def process(self, offset=0):
        while True:
            yield {"number": len(self.llm.generate([[{"role": "user", "content": "next"}]])[0][0])}


@pytest.mark.parametrize(
    ("what", "why"),
    [
        (Pipeline([Numbers(), Numbering()]), "takes the rows in their order"),
        (Chain(), "makes its rows one after the other with a model"),
    ],
)
def test_what_needs_the_rows_in_their_order_is_refused_before_anything_is_spent(what, why):
    with pytest.raises(UsageError, match=why):
        run(what, 4, llm=llm(), shard="1/2", name="a")
    assert ASKED == []


class Few(Numbers):
    """Numbers of which many come twice."""

    unique = ("number",)

    def sample(self, index, rng):
        return {"number": rng.randrange(12)}


def test_duplicates_in_different_shards_are_dropped_and_replaced_by_the_last_run():
    run(Few(), 8, llm=llm(), name="one", out="one.jsonl")
    in_shards(Few(), 2, 8, llm=llm())
    made = run(Few(), 8, llm=llm(), name="all", out="all.jsonl")
    assert made.accepted == 8
    assert text("all.jsonl") == text("one.jsonl")
