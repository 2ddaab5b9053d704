"""Rows of a file that pass repeatable steps are kept in blocks: few results, and all that single ones say."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import PrivateAttr

from seedbed import Pipeline, Reject, Row, Run, RunReader, Step, row_id, run
from seedbed.engine.lineage.row_lookup import find_story, row_in_line
from seedbed.engine.lineage.story_making import story_of
from seedbed.engine.segments import block_line
from seedbed.engine.sources import stretches
from seedbed.errors import SeedbedError
from seedbed.store.refused_rows import RefusedRows
from seedbed.store.row_blocks import BLOCKS, is_block
from seedbed.store.run_queries import RunQueries


class Sieve(Step):
    """Rejects rows by their number, makes two of others, and raises for others."""

    repeatable: ClassVar[bool] = True

    bad: int = 3
    twice: int = -1
    broken: int = -1

    def process(self, row: Row) -> Any:
        if row["n"] % 10 == self.bad:
            raise Reject(f"{row['n']} ends in {self.bad}")
        if row["n"] % 10 == self.broken:
            raise ValueError("broken")
        if row["n"] % 10 == self.twice:
            return [row, row]
        return {**row, "half": row["n"] / 2}


class Swift(Sieve):
    """Does the same with many rows, as far as that makes one row of each."""

    def process_many(self, rows: Sequence[Row]) -> Iterator[Any]:
        for row in rows:
            try:
                yield self.process(row)
            except Reject as reason:
                yield reason


class Tag(Step):
    """Adds a column."""

    repeatable: ClassVar[bool] = True

    tag: str = "a"

    def process(self, row: Row) -> Row:
        return {**row, "tag": self.tag}


class Count(Step):
    """Counts the rows that it gets, so it has to get each of them once and in order."""

    ordered: ClassVar[bool] = True

    twice: int = -1
    broken: int = -1
    count: int = 0

    def load(self) -> None:
        self.count = 0

    def process(self, row: Row) -> Any:
        self.count += 1
        match row["n"] % 10:
            case 0:
                raise Reject(f"row {self.count} ends in 0")
            case 9:
                return None
            case self.broken:
                raise ValueError(f"broken at {self.count}")
            case self.twice:
                return [{**row, "count": self.count}, {**row, "count": -self.count}]
        return {**row, "count": self.count, "id": row_id()}


class Plain(Step):
    """Keeps rows as they are, and isn't repeatable, so a run with it keeps no blocks."""

    def process(self, row: Row) -> Row:
        return row


def rows(*numbers: int) -> list[Row]:
    return [{"n": number} for number in numbers]


def made_of(queries: RunQueries, steps: Sequence[str] = (), leaf: str = "tag") -> tuple[Any, ...]:
    """Return all that a run says of its rows, wherever it keeps them: at `steps`, or at all that it has."""
    session = queries.last_session()
    assert session is not None
    steps = steps or [step["name"] for step in session.manifest["steps"]]
    verdicts = [(one.row, one.verdict, one.step) for one in queries.verdicts(leaf)]
    # What a step below had made before the row failed is still there, as it may be used again.
    found = [
        queries.find_result(step, row)
        for row, _, last in verdicts
        for step in steps[: (*steps, last).index(last) + 1]
    ]
    return (
        [*queries.rows(leaf)],
        verdicts,
        [(one.step, one.row, one.status, json.loads(one.data), one.reasons) for one in found if one],
        [refused[:9] for refused in queries.refused(leaf)],
        {step: queries.count_results().get(step) for step in steps},
    )


def blocks_in(queries: RunQueries) -> tuple[set[str], set[str]]:
    """Return the blocks that a run has, and those that verdicts point to."""
    names = {one.row for step in ("sieve", "tag") for one in queries.results_of(step)}
    return (
        {name for name in names if is_block(name)},
        {one.source_row for one in queries.verdicts("tag") if is_block(one.source_row)},
    )


def store_of(made: Run) -> RunReader:
    assert made.folder is not None
    return RunReader.open(made.folder)


@pytest.mark.slow
def test_many_rows_are_kept_in_few_results_that_say_as_much() -> None:
    made = run(Sieve() >> Tag(), input=rows(*range(3000)), name="many")
    single = run(Sieve() >> Tag() >> Plain(), input=rows(*range(3000)), name="single")
    with store_of(made) as one, store_of(single) as other:
        assert sum(1 for _ in one.results_of("tag")) < 100
        assert made_of(one)[2:] == made_of(other, ["sieve", "tag"], "plain")[2:]
        assert one.count_results()["sieve"] == {"done": 2700, "rejected": 300}
    assert [*made.rejected_rows()] == [*single.rejected_rows()]


def test_a_row_in_a_block_is_explained_step_by_step() -> None:
    made = run(Sieve() >> Tag(), input=rows(*range(300)), name="told")
    story = made.explain(line=200)
    assert [chapter.step for chapter in story.chapters] == ["sieve", "tag"]
    assert story.chapters[-1].rows == [{"n": 221, "half": 110.5, "tag": "a"}]
    assert story.chapters[-1].input == {"n": 221, "half": 110.5}


def test_sql_finds_the_rows_of_blocks() -> None:
    made = run(Sieve() >> Tag(), input=rows(*range(600)), name="sql")
    assert made.folder is not None
    with sqlite3.connect(made.folder / "run.db") as connection:
        found = [json.loads(data) for (data,) in connection.execute("SELECT data FROM dataset ORDER BY seq")]
    connection.close()
    assert found == [*made.rows()]


@pytest.mark.parametrize("wanted", [1, 2, 255, 257, 500])
def test_a_block_ends_at_the_last_row_wanted(wanted: int) -> None:
    made = run(Sieve(bad=0) >> Tag(), wanted, input=rows(*range(2000)), name="cut")
    numbers = [number for number in range(2000) if number % 10 != 0]
    assert [row["n"] for row in made.rows()] == numbers[:wanted]
    # Not those after the last one wanted.
    assert made.rejected == numbers[wanted - 1] // 10 + 1


class OneByOne(Sieve):
    ordered: ClassVar[bool] = True
    repeatable: ClassVar[bool] = False


@pytest.mark.parametrize("step", [OneByOne(bad=0), Sieve(bad=-1, broken=0)])
def test_a_run_that_gives_up_does_so_after_the_same_row(step: Sieve) -> None:
    made = run(step, input=rows(*range(0, 900, 10)), name="hopeless", give_up_after=7)
    assert (made.rejected + made.failed, made.outcome) == (7, "stopped")


@pytest.mark.slow
def test_a_run_with_other_steps_keeps_no_blocks_and_begins_again_when_it_may() -> None:
    input_rows = rows(*range(700))
    run(Sieve() >> Tag(), input=input_rows, name="changing")
    made = run(Sieve() >> Plain() >> Tag(), input=input_rows, name="changing")
    with store_of(made) as reader:
        assert blocks_in(reader) == (set(), set())
        assert not reader.get_mark(BLOCKS)
        fresh = run(Sieve() >> Plain() >> Tag(), input=input_rows, name="fresh")
        with store_of(fresh) as other:
            assert made_of(reader) == made_of(other)


def test_rows_that_a_changed_step_makes_replace_those_in_blocks_and_others_stand() -> None:
    for tag in ("a", "b"):
        made = run(Sieve() >> Tag(tag=tag), input=rows(*range(40)), name="changed")
    assert {row["tag"] for row in made.rows()} == {"b"}
    with store_of(made) as reader:
        before = [*reader.verdicts("tag")]
    run(Sieve() >> Tag(tag="b"), input=rows(*range(50)), name="changed")
    with store_of(made) as reader:
        assert [*reader.verdicts("tag")][:40] == before


class Named(Step):
    """Adds the id of the row."""

    repeatable: ClassVar[bool] = True

    def process(self, row: Row) -> Row:
        return {**row, "id": row_id()}


@pytest.mark.slow
def test_a_repeatable_step_knows_the_id_of_its_row_wherever_it_is_kept() -> None:
    blocks = run(Sieve() >> Named(), input=rows(*range(300)))
    single = run(Sieve() >> Named() >> Plain(), input=rows(*range(300)))
    forked = run(
        Sieve() >> Named() >> [Plain(name="leaf"), Plain(name="b")], input=rows(*range(300)), leaf="leaf"
    )
    ids = [row["id"] for row in blocks.rows()]
    assert len({*ids}) == 270
    assert [row["id"] for row in single.rows()] == ids == [row["id"] for row in forked.rows()]


class Tagged(Tag):
    """Tags rows as its parent does, and in capitals."""

    def process(self, row: Row) -> Row:
        return {**super().process(row), "big": self.tag.upper()}


@pytest.mark.parametrize("kind", [Tag, Tagged])
def test_columns_have_their_final_names(kind: type[Tag]) -> None:
    made = run(Sieve() >> kind(output_mappings={"tag": "label"}), input=rows(1, 2), name="named")
    assert [row["label"] for row in made.rows()] == ["a", "a"]
    assert all("tag" not in row for row in made.rows())
    with store_of(made) as reader:
        assert reader.get_mark(BLOCKS)


@pytest.mark.slow
@pytest.mark.parametrize("sieve", [{}, {"twice": 5}, {"broken": 6}, {"bad": 1, "twice": 2, "broken": 200}])
def test_many_rows_at_once_become_what_they_become_one_by_one(sieve: dict[str, int]) -> None:
    made = [
        run(kind(name="sieve", **sieve) >> Swift(name="tag", bad=7), input=rows(*range(600)), name=name)
        for name, kind in (("one", Sieve), ("many", Swift))
    ]
    assert made[0].accepted > 400
    assert [*made[0].rows()] == [*made[1].rows()]
    assert [one[:4] for one in made[0].failures] == [one[:4] for one in made[1].failures]
    with store_of(made[0]) as one, store_of(made[1]) as other:
        assert made_of(one)[2:] == made_of(other)[2:]


class Mixing(Swift):
    """Returns other rows for many than for each, so it's known which were asked for."""

    asks: bool = False

    def process_many(self, rows: Sequence[Row]) -> Iterator[Any]:
        return ({**row, "many": f"{row_id()}" if self.asks else True} for row in rows)


class Alone(Mixing):
    """Overrides `process` alone."""

    def process(self, row: Row) -> Any:
        return {**row, "many": False}


@pytest.mark.parametrize(
    ("step", "many"),
    [
        (Mixing(), True),
        (Mixing(asks=True), None),
        (Mixing(output_mappings={"half": "part"}), None),
        (Alone(), False),
    ],
)
def test_process_many_is_called_where_it_can_be(step: Step, many: bool | None) -> None:
    made = run(step, input=rows(1, 2))
    assert {row.get("many") for row in made.rows()} == {many}


class Behind(Step):
    """Changes what it returned for the row before: nobody may see that."""

    repeatable: ClassVar[bool] = True

    nested: bool = False
    _last: Row = PrivateAttr(default_factory=dict)

    def process(self, row: Row) -> Row:
        self._last["n"] = -1
        self._last.get("deep", [0])[0] = -1
        self._last = {**row, "deep": [row["n"]]} if self.nested else row
        return self._last


@pytest.mark.parametrize("nested", [True, False])
def test_a_row_stays_as_it_was_returned(nested: bool) -> None:
    made = run(Behind(nested=nested) >> Tag(), input=rows(*range(100)))
    assert [row["n"] for row in made.rows()] == [*range(100)]
    assert not nested or [row["deep"] for row in made.rows()] == [[number] for number in range(100)]


class InPlace(Step):
    """Changes every other row that it gets, and all rows once it has returned them."""

    ordered: ClassVar[bool] = True
    keeps: ClassVar[bool] = True

    how: str
    _last: Row = PrivateAttr(default_factory=dict)

    def process(self, row: Row) -> Row:
        self._last["n"] = -1
        if isinstance(deep := self._last.get("deep"), list):
            deep[0] = -1
        if row["n"] % 2:
            match self.how:
                case "another value":
                    row["n"] += 1000
                case "an equal value of another type":
                    row["n"] = float(row["n"])
                case "another column":
                    row["more"] = row["n"]
                case "another name":
                    row["m"] = row.pop("other")
                case "another order":
                    row["n"] = row.pop("n")
                case "within a list":
                    row["deep"].append(row["n"])
        self._last = row
        return row


@pytest.mark.parametrize(
    ("how", "odd"),
    [
        ("not at all", {"n": 1, "other": 1}),
        ("another value", {"n": 1001, "other": 1}),
        ("an equal value of another type", {"n": 1.0, "other": 1}),
        ("another column", {"n": 1, "other": 1, "more": 1}),
        ("another name", {"n": 1, "m": 1}),
        ("another order", {"other": 1, "n": 1}),
    ],
)
def test_what_an_ordered_step_changes_in_its_row_counts(how: str, odd: Row) -> None:
    made = run(InPlace(how=how) >> Tag(), input=[{"n": n, "other": n} for n in range(3)])
    expected = [{"n": 0, "other": 0}, odd, {"n": 2, "other": 2}]
    assert [*map(json.dumps, made.rows())] == [json.dumps({**row, "tag": "a"}) for row in expected]


def test_what_an_ordered_step_changes_within_its_row_counts() -> None:
    made = run(InPlace(how="within a list") >> Tag(), input=[{"n": n, "deep": [n]} for n in range(3)])
    assert [row["deep"] for row in made.rows()] == [[0], [1, 1], [2]]


class Odd(Step):
    """Makes values of some rows that JSON lacks, or that can't be written."""

    ODD: ClassVar[dict[int, Any]] = {
        3: 2**70,
        50: "half \ud83d",
        77: float("nan"),
        78: float("inf"),
        90: {1},
        95: object(),
    }

    def process(self, row: Row) -> Row:
        return {**row, "value": self.ODD.get(row["n"], 1.5)}


class RepeatableOdd(Odd):
    repeatable: ClassVar[bool] = True


class OrderedOdd(Odd):
    ordered: ClassVar[bool] = True


@pytest.mark.parametrize("kind", [RepeatableOdd, OrderedOdd])
def test_rows_that_cannot_be_written_fail_alone(kind: type[Step]) -> None:
    made = run(kind(name="odd") >> Tag(), input=rows(*range(100)))
    plain = run(Odd(name="odd") >> Tag(), input=rows(*range(100)))
    assert [*made.rows()] == [*plain.rows()]
    assert [one[:4] for one in made.failures] == [one[:4] for one in plain.failures]
    assert made.failed == 3


def test_a_row_without_columns_goes_through_like_any_other() -> None:
    made = run(Tag(), input=[{"n": 1}, {}, {"n": 3}], name="empty")

    assert made.outcome == "complete"
    assert list(made.rows()) == [{"n": 1, "tag": "a"}, {"tag": "a"}, {"n": 3, "tag": "a"}]


@pytest.mark.parametrize("bound", ["MOST_SECONDS", "MOST_BYTES"])
def test_slow_and_large_rows_hold_back_no_others(bound: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(block_line, bound, 0)
    made = run(Sieve() >> Count() >> Tag(), input=rows(*range(1, 100)), name="slow")
    with store_of(made) as reader:
        kept, _ = blocks_in(reader)
    assert len(kept) > 10
    passed = [number for number in range(1, 100) if number % 10 != 3]
    counted = [count for count, number in enumerate(passed, start=1) if number % 10 not in (0, 9)]
    assert [row["count"] for row in made.rows()] == counted


SESSIONS = st.lists(
    st.tuples(
        st.lists(st.integers(0, 39), max_size=40),
        st.sampled_from([None, 1, 5, 20]),
        st.sampled_from([{"bad": 3}, {"bad": 4}, {"twice": 5}, {"broken": 6}, {"bad": 1, "broken": 2}]),
        st.sampled_from(["a", "b"]),
        st.sampled_from(["none", "plain", "count"]),
    ),
    min_size=2,
    max_size=4,
)


def steps_of(sieve: dict[str, int], tag: str, between: str) -> Pipeline:
    sieves = Sieve(**sieve) if tag == "a" else Swift(name="sieve", **sieve)
    match between:
        case "plain":
            return sieves >> Plain() >> Tag(tag=tag)
        case "count":
            return sieves >> Count(twice=5, broken=6) >> Tag(tag=tag)
    return sieves >> Tag(tag=tag)


@pytest.mark.slow
@pytest.mark.variants(1)
@pytest.mark.parametrize("most", [2, 256])
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sessions=SESSIONS)
@example(
    # By one id, the count of the second of two rows, and then the second count of one row.
    sessions=[([35], None, {"twice": 5}, "a", "count"), ([35], None, {"bad": 3}, "a", "count")]
)
def test_after_any_sessions_a_run_is_as_if_made_at_once(
    sessions: list[tuple[list[int], int | None, dict[str, int], str, str]],
    most: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stretches, "MOST_ROWS", most)
    # Sequences that share a beginning, as files do that grow or are edited.
    given_rows: list[int] = []
    for number, (numbers, wanted, sieve, tag, between) in enumerate(sessions):
        given_rows = given_rows[: len(given_rows) * (number % 3) // 2] + numbers or [0]
        options: dict[str, Any] = {"input": rows(*given_rows), "give_up_after": 0}
        made = run(steps_of(sieve, tag, between), wanted, name="sessions", restart=number == 0, **options)
    at_once = run(steps_of(sieve, tag, between), wanted, name="at-once", restart=True, **options)
    with store_of(made) as one, store_of(at_once) as other:
        assert [*one.rows("tag")] == [*other.rows("tag")]
        assert [*told(one)] == [*told(other)]
        assert [refused[:9] for refused in one.refused("tag")] == [
            refused[:9] for refused in other.refused("tag")
        ]
        kept, used = blocks_in(one)
        assert kept == used
        # Whole blocks are read at once, and all else row by row.
        by_one = [json.dumps(placed.data) for placed in one.rows("tag").placed()]
        assert [json.dumps(json.loads(row)) for row in one.rows("tag")] == by_one


def test_rows_of_a_block_that_is_not_whole_are_read_one_by_one() -> None:
    made = run(Sieve() >> Tag(), input=rows(*range(600)), name="cut")
    assert made.folder is not None
    whole = [*made.rows()]
    with closing(sqlite3.connect(made.folder / "run.db")) as connection, connection:
        connection.execute("DELETE FROM verdicts WHERE seq BETWEEN 300 AND 309 OR seq > 500")
    with store_of(made) as reader:
        numbers = [json.loads(row)["n"] for row in reader.rows("tag")]
    assert numbers == [row["n"] for row in whole if not 300 <= row["n"] <= 309 and row["n"] <= 500]


def told(queries: RunQueries) -> Iterator[tuple[Any, ...]]:
    """Yield what became of each row, and what each step made of it, but nothing outdated."""
    # Each of the first ones, and then every seventh: they're told one by one.
    for verdict in (one for one in queries.verdicts("tag") if one.seq < 5 or one.seq % 7 == 0):
        story = story_of(queries, verdict.row)
        chapters = (one for one in story.chapters if not one.is_old)
        yield (
            *verdict[2:5],
            [(one.step, one.row, one.status, one.input, one.rows, one.reasons) for one in chapters],
        )


@pytest.mark.slow
def test_ordered_steps_get_each_row_once_whatever_becomes_of_it() -> None:
    steps = Sieve(twice=1, broken=2) >> Count(twice=5, broken=6) >> Tag() >> Count(name="last", twice=7)
    made = run(steps, input=rows(*range(700)), name="ordered", give_up_after=0)
    # A fork after them: each row is a task of its own, and nothing goes into a block.
    forked = steps >> [Plain(name="leaf"), Plain(name="other")]
    other = run(forked, input=rows(*range(700)), leaf="leaf", give_up_after=0)
    assert [*made.rows()] == [*other.rows()]
    assert (made.rejections, made.reasons, made.dropped) == (other.rejections, other.reasons, other.dropped)
    with store_of(made) as reader:
        assert reader.get_mark(BLOCKS)


def test_a_failed_row_is_retried_and_its_neighbours_stand() -> None:
    class Mended(Sieve):
        is_mended: ClassVar[bool] = False

        def process(self, row: Row) -> Any:
            if row["n"] == 5 and not Mended.is_mended:
                raise ValueError("not yet")
            return super().process(row)

    run(Mended(name="sieve") >> Tag(), input=rows(*range(40)), name="mended")
    Mended.is_mended = True
    made = run(Mended(name="sieve") >> Tag(), input=rows(*range(40)), name="mended", retry="recompute")
    assert (made.failed, made.accepted) == (0, 36)
    with store_of(made) as reader:
        assert [*reader.failures()] == []
        kept, used = blocks_in(reader)
        assert kept == used


@pytest.mark.parametrize(
    "cell",
    ["verdicts.k", "verdicts.source_row", "verdicts.step", "results.data", "results.reasons", "results.row"],
)
@pytest.mark.parametrize(
    "value", [b"x", "x", -1, 99, 1.5, "0+1", "[]", '[{"a":1}]', b"[\n{}\n]", '[\n{"a"\n]']
)
def test_a_damaged_block_is_an_error_that_says_so_or_harms_nothing(cell: str, value: object) -> None:
    made = run(Sieve() >> Tag(), input=rows(*range(20)), name="damaged")
    assert made.folder is not None
    table, column = cell.split(".")
    with closing(sqlite3.connect(made.folder / "run.db")) as connection, connection:
        connection.execute(f"UPDATE OR IGNORE {table} SET {column} = ?", [value])
    with RunReader.open(made.folder) as reader:
        reads: list[Callable[[], object]] = [
            lambda: [*reader.rows("tag")],
            lambda: [*reader.refused("tag")],
            lambda: [*RefusedRows(reader)],
            lambda: reader.count_results(),
            lambda: reader.rows_at("tag", range(20)),
            lambda: reader.rows_by_id("tag", [one.row for one in reader.verdicts("tag")]),
            lambda: find_story(reader, "damaged", row_in_line(reader, "damaged", 3)),
        ]
        for read in reads:
            with suppress(SeedbedError):
                read()


def test_rows_that_a_pipe_brings_one_by_one_are_not_held_back(tmp_path: Path) -> None:
    made = run(Sieve() >> Tag(), input=iter(rows(*range(30))), name="piped")
    with store_of(made) as reader:
        assert not reader.get_mark(BLOCKS)
    assert made.accepted == 27
