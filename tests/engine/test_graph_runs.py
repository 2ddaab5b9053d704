"""Rows on their ways through forks and routes: none is lost, doubled, or taken for another's."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from tests.support.scripted_llm import scripted

from seedbed import GeneratorStep, GlobalStep, Pass, Step, Task, UsageError, otherwise, run, when
from seedbed.engine.segments.segments import upstream
from seedbed.store import RunReader
from seedbed.tasks.rows import Row

ROWS = [{"n": n} for n in range(200)]


class Count(GeneratorStep):
    count: int = 5

    def process(self, offset: int = 0) -> Iterator[Row]:
        for n in range(self.count):
            yield {"n": n}


class Largest(GlobalStep):
    def process(self, rows: Iterable[Row]) -> Iterable[Row]:
        return [max(rows, key=lambda row: row["n"])]


class Picky(Step):
    """Fails on odd numbers."""

    def process(self, row: Row) -> Row:
        if row["n"] % 2:
            raise ValueError("odd")
        return row


def test_a_generator_gives_its_rows_to_a_step_and_to_one_that_needs_all() -> None:
    made = (Count() >> [Largest(), Pass()]).run(leaf="pass")

    assert [row["n"] for row in made.rows()] == [0, 1, 2, 3, 4]
    assert [row["n"] for row in made.rows("largest")] == [4]


def test_rows_made_of_all_rows_go_to_a_step_and_to_another_that_needs_all() -> None:
    made = (Count() >> Largest(name="first") >> [Largest(), Pass()]).run(leaf="pass")

    assert [row["n"] for row in made.rows()] == [4]
    assert [row["n"] for row in made.rows("largest")] == [4]


@pytest.mark.slow
def test_the_steps_upstream_are_looked_at_once_however_many_ways_lead_there() -> None:
    # Two ways for each fork: 2^100 of them.
    forked = Count() >> Pass(name="start")
    for level in range(100):
        forked = forked >> [Pass(name=f"left {level}"), Pass(name=f"right {level}")] >> Pass(name=f"{level}")

    assert len(upstream(forked.topology(), "99")) == 302


def test_a_condition_that_changes_its_mind_neither_loses_a_row_nor_doubles_it() -> None:
    coin = random.Random(0)
    heads = when(lambda row: coin.random() < 0.5, Pass(name="heads"))

    made = ([heads, otherwise(Pass(name="tails"))] >> Pass()).run(input=ROWS)

    assert [row["n"] for row in made.rows()] == [row["n"] for row in ROWS]


def test_a_condition_that_was_changed_is_asked_again_in_a_finished_run(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"n": 1}\n{"n": 2}\n')
    only_high = [when(lambda row: row["n"] > 1, Pass(name="high"))] >> Pass()
    only_low = [when(lambda row: row["n"] < 2, Pass(name="high"))] >> Pass()

    first, second = (
        [row["n"] for row in pipeline.run(input=rows, name="routed").rows()]
        for pipeline in (only_high, only_low)
    )

    assert (first, second) == ([2], [1])


def test_a_row_that_fails_on_the_way_to_one_leaf_has_not_failed_on_the_way_to_another() -> None:
    done = (Pass(name="start") >> [Pass(name="all"), Picky()]).run(input=ROWS[:4], leaf="all", name="leaves")

    assert done.folder is not None
    with RunReader.open(done.folder) as reader:
        assert reader.count_verdicts("all") == {"accepted": 4, "rejected": 0, "failed": 0}
        assert reader.count_verdicts("picky") == {"accepted": 2, "rejected": 0, "failed": 2}


class Ask(Task):
    template: str = "{{ n }}"


class Backwards(GlobalStep):
    def process(self, rows: Iterable[Row]) -> Iterable[Row]:
        return reversed([*rows])


def test_a_row_behind_all_rows_is_known_by_what_it_holds_and_not_by_its_place() -> None:
    llm = scripted()

    def asked(count: int) -> int:
        before = len(llm.requests)
        (Count(count=count) >> Backwards() >> Ask(llm=llm)).run(name="backwards")
        return len(llm.requests) - before

    assert [asked(3), asked(5), asked(4)] == [3, 2, 0]


def test_two_leaves_are_both_kept_and_one_of_them_is_the_dataset() -> None:
    pipeline = Count() >> [Ask(name="one", llm=scripted("one")), Ask(name="two", llm=scripted("two"))]

    made = pipeline.run(3, leaf="two")

    assert [row["generation"] for row in made.rows()] == ["two"] * 3
    assert [row["generation"] for row in made.rows("one")] == ["one"] * 3


def test_a_leaf_must_be_named_where_there_are_several() -> None:
    pipeline = Count() >> [Pass(name="one"), Pass(name="two")]

    with pytest.raises(UsageError, match="ends in 2 steps: one, two\n  say which one's rows are the dataset"):
        run(pipeline)
    with pytest.raises(UsageError, match="the pipeline doesn't end in 'three'"):
        run(pipeline, leaf="three")
