"""Runs whose rows have ids of the user's own: kept, compared, explained, and refused if they're wrong."""

from __future__ import annotations

import csv
import gzip
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from tests.support.crews import Here
from tests.support.scripted_llm import prompt, scripted

from seedbed import (
    Concat,
    DatasetError,
    GlobalStep,
    Pass,
    Pipeline,
    Reject,
    Request,
    Row,
    Run,
    RunReader,
    Step,
    UsageError,
    diff_runs,
    run,
)
from seedbed.engine.resume.checkpoint import EVERY
from seedbed.engine.sources.input_rows import InputRows
from seedbed.store import is_run, merge_runs, run_folder
from seedbed_data import Jsonl, Rows
from seedbed_tasks import SelfInstruct, TextGeneration

ROWS = [
    {"ticket": "T-1", "instruction": "Why is the sky blue?", "note": "a"},
    {"ticket": "docs/a.md", "instruction": "Why is the sea salty?", "note": "b"},
    {"ticket": "3", "instruction": "Why is grass green?", "note": "c"},
]
IDS = ["T-1", "docs%2Fa.md", "3"]


class Tag(Step):
    """Adds a column; such a step's rows are kept in blocks."""

    repeatable: ClassVar[bool] = True

    def process(self, row: Row) -> Row:
        if row.get("note") == "bad":
            raise Reject("bad")
        return {**row, "tag": f"{row['ticket']}: {row.get('note')}"}


class Twice(Step):
    """Makes two rows of each."""

    def process(self, row: Row) -> list[Row]:
        return [row, row]


class Ticket(BaseModel):
    ticket: str
    instruction: str
    note: str


def jsonl(path: Path, rows: Sequence[Row] = ROWS) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def with_csv(path: Path) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, ROWS[0])
        writer.writeheader()
        writer.writerows(ROWS)
    return path


def with_gzip(path: Path) -> Path:
    with gzip.open(path, "wt") as file:
        file.write("\n".join(map(json.dumps, ROWS)))
    return path


def with_json(path: Path) -> Path:
    path.write_text(json.dumps(ROWS, indent=1))
    return path


def with_parquet(path: Path) -> Path:
    pq.write_table(pa.Table.from_pylist(ROWS), path)
    return path


def with_arrow(path: Path) -> Path:
    feather.write_feather(pa.Table.from_pylist(ROWS), path)
    return path


def ids_in(made: Run) -> list[str]:
    assert made.folder is not None
    with RunReader.open(made.folder) as reader:
        return [verdict.row for verdict in reader.verdicts(made.leaf)]


def on_prompt(request: Request) -> str:
    return f"on {prompt(request)}"


def answered(rows: Any, name: str = "r", **options: Any) -> tuple[Run, list[str]]:
    """Run over the rows; return the run, and the prompts that were paid for."""
    llm = scripted(on_prompt)
    made = run(TextGeneration(), input=rows, id="ticket", llm=llm, name=name, **options)
    return made, [prompt(request) for request in llm.requests]


INPUTS: dict[str, Callable[[Path], Any]] = {
    "jsonl": lambda folder: jsonl(folder / "in.jsonl"),
    "csv": lambda folder: with_csv(folder / "in.csv"),
    "gz": lambda folder: with_gzip(folder / "in.jsonl.gz"),
    "json": lambda folder: with_json(folder / "in.json"),
    "parquet": lambda folder: with_parquet(folder / "in.parquet"),
    "arrow": lambda folder: with_arrow(folder / "in.arrow"),
    "pattern": lambda folder: str(jsonl(folder / "in.jsonl").with_name("i*.jsonl")),
    "step": lambda folder: Jsonl(path=jsonl(folder / "in.jsonl")),
    "rows": lambda folder: Rows(rows=ROWS),
    "list": lambda folder: ROWS,
    "table": lambda folder: pa.Table.from_pylist(ROWS),
    "stream": lambda folder: pa.Table.from_pylist(ROWS).to_reader(),
    "objects": lambda folder: [Ticket(**row) for row in ROWS],
    "iterator": lambda folder: iter(ROWS),
}


@pytest.mark.parametrize("kind", INPUTS)
@pytest.mark.parametrize("step", [Tag(), Twice() >> Tag()], ids=["blocks", "single"])
def test_rows_of_any_input_are_known_by_their_own_id(
    kind: str, step: Step | Pipeline, tmp_path: Path
) -> None:
    made = run(step, input=INPUTS[kind](tmp_path), id="ticket", name="r")

    wanted = IDS if isinstance(step, Step) else [f"{one}/{part}" for one in IDS for part in (0, 1)]
    assert ids_in(made) == wanted
    assert made.explain("docs/a.md").row == "docs%2Fa.md"
    # Read again, with what an earlier session has kept.
    if kind not in ("iterator", "stream"):
        assert ids_in(run(step, input=INPUTS[kind](tmp_path), id=["ticket"], name="r")) == wanted


def test_several_columns_make_up_an_id() -> None:
    rows = [{"ticket": 1, "lang": lang, "note": ""} for lang in ("en", "de")]
    assert ids_in(run(Tag(), input=rows, id=["ticket", "lang"], name="r")) == ["1,en", "1,de"]


# A file that the run reads, and files that a step reads.
each_way = pytest.mark.parametrize("given", ["in.jsonl", "i*.jsonl"])


@each_way
def test_a_change_that_no_prompt_shows_buys_nothing_and_reaches_the_dataset(
    tmp_path: Path, given: str
) -> None:
    path = jsonl(tmp_path / "in.jsonl")
    answered(tmp_path / given)
    jsonl(path, [{**row, "note": "new", "added": number} for number, row in enumerate(ROWS)])
    made, asked = answered(tmp_path / given)

    assert asked == []
    assert ids_in(made) == IDS
    assert [(row["note"], row["added"], row["generation"]) for row in made.rows()] == [
        ("new", number, f"on {row['instruction']}") for number, row in enumerate(ROWS)
    ]


@each_way
def test_a_row_whose_prompt_has_changed_is_asked_again_alone_and_has_the_new_answer(
    tmp_path: Path, given: str
) -> None:
    path = jsonl(tmp_path / "in.jsonl")
    answered(tmp_path / given)
    jsonl(path, [ROWS[0], {**ROWS[1], "instruction": "Why is the sea blue?"}, ROWS[2]])
    made, asked = answered(tmp_path / given)

    assert asked == ["Why is the sea blue?"]
    assert ids_in(made) == IDS
    assert [row["generation"] for row in made.rows()][1] == "on Why is the sea blue?"


@each_way
@pytest.mark.parametrize("retry", [False, True])
def test_rows_that_have_exchanged_their_ids_never_have_each_others_answers(
    tmp_path: Path, given: str, retry: bool
) -> None:
    path = jsonl(tmp_path / "in.jsonl")
    answered(tmp_path / given)
    first, second, *others = ROWS
    jsonl(path, [{**first, "ticket": second["ticket"]}, {**second, "ticket": first["ticket"]}, *others])
    made, asked = answered(tmp_path / given, retry=retry)

    # Bought again: an answer is that of a row, and the seed follows from the id.
    assert sorted(asked) == sorted([first["instruction"], second["instruction"]])
    assert [row["generation"] for row in made.rows()] == [f"on {row['instruction']}" for row in made.rows()]
    assert ids_in(made) == [IDS[1], IDS[0], IDS[2]]


@each_way
@pytest.mark.parametrize("step", [Tag(), Twice() >> Tag()], ids=["blocks", "single"])
def test_steps_without_a_model_make_new_rows_of_new_content(
    tmp_path: Path, given: str, step: Step | Pipeline
) -> None:
    path = jsonl(tmp_path / "in.jsonl")
    run(step, input=tmp_path / given, id="ticket", name="r")
    new = [ROWS[2], {**ROWS[0], "note": "bad"}, {**ROWS[1], "note": "new"}, {**ROWS[1], "ticket": "T-4"}]
    jsonl(path, new)
    made = run(step, input=tmp_path / given, id="ticket", name="r")
    whole = run(step, input=tmp_path / given, id="ticket", name="whole")

    assert list(made.rows()) == list(whole.rows())
    assert ids_in(made) == ids_in(whole)
    assert {row["tag"] for row in made.rows()} == {"3: c", "docs/a.md: new", "T-4: b"}


@each_way
def test_rows_that_have_moved_keep_their_answers_and_new_ones_are_asked(tmp_path: Path, given: str) -> None:
    path = jsonl(tmp_path / "in.jsonl")
    answered(tmp_path / given)
    jsonl(path, [{**ROWS[0], "ticket": "T-0", "instruction": "New?"}, *reversed(ROWS[1:])])
    made, asked = answered(tmp_path / given)

    assert asked == ["New?"]
    assert ids_in(made) == ["T-0", "3", "docs%2Fa.md"]


def test_workers_know_rows_by_the_same_ids(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "in.jsonl")
    whole, _ = answered(path, "here")
    made, _ = answered(path, "there", engine=Here)

    assert ids_in(made) == ids_in(whole) == IDS
    assert list(made.rows()) == list(whole.rows())


def test_two_runs_are_compared_by_the_ids_of_their_rows(tmp_path: Path) -> None:
    answered(jsonl(tmp_path / "in.jsonl"), "before")
    answered(jsonl(tmp_path / "in.jsonl", [{**ROWS[0], "note": "typo"}, *ROWS[1:]]), "after")
    rows = diff_runs("before", "after").rows

    assert (rows.same, rows.changed, rows.only_first, rows.only_second) == (2, 1, 0, 0)
    assert not diff_runs("before", "after").settings


def test_that_two_runs_know_their_rows_by_other_ids_is_a_difference(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "in.jsonl")
    run(Tag(), input=path, name="before")
    run(Tag(), input=path, id="ticket", name="after")
    diff = diff_runs("before", "after")

    assert [(one.name, one.before, one.after) for one in diff.settings] == [("id", None, ["ticket"])]
    assert diff.rows.same == 0


class Silent(Step):
    """Raises for rows of a note, until it's told not to."""

    note: str = "a"

    def process(self, row: Row) -> Row:
        if row["note"] == self.note:
            raise ValueError("silent")
        return row


def test_refused_rows_are_told_by_id_and_retried(tmp_path: Path) -> None:
    options: dict[str, Any] = {"input": jsonl(tmp_path / "in.jsonl"), "id": "ticket", "name": "r"}
    made = run(Silent(), **options)
    assert [one.place for one in made.failures] == ["row T-1 (in.jsonl, line 1)"]
    assert [(one.row, one.source) for one in made.failed_rows()] == [("T-1", "in.jsonl, line 1")]

    assert ids_in(run(Silent(note=""), retry=True, **options)) == IDS


@pytest.mark.parametrize("name", ["docs/a.md", "docs%2Fa.md", "in.jsonl:2", "in.jsonl, line 2"])
def test_a_row_is_explained_by_its_id_or_by_its_line(tmp_path: Path, name: str) -> None:
    # One that is called like the first part of another.
    path = jsonl(tmp_path / "in.jsonl", [{**ROWS[0], "ticket": "docs"}, *ROWS[1:]])
    made = run(Twice() >> Tag(), input=path, id="ticket", name="r")

    assert str(made.explain(name)).startswith("row docs%2Fa.md (in.jsonl, line 2): became 2 rows")
    assert str(made.explain(f"{name}/1")).startswith("row docs%2Fa.md/1 (in.jsonl, line 2): accepted")
    with pytest.raises(UsageError, match="its rows are docs, docs%2Fa"):
        made.explain("T-9")


def test_an_id_as_the_run_writes_it_is_found_before_one_that_stands_like_this_in_the_input() -> None:
    rows = [{"ticket": ticket, "note": ticket} for ticket in ("docs", "docs/1", "docs/2", "docs%2F1")]
    made = run(Twice() >> Tag(), input=rows, id="ticket", name="r")

    asked = {"docs/1": "docs/1", "docs/2": "docs%2F2", "docs%2F1": "docs%2F1", "docs%252F1": "docs%252F1"}
    assert {name: made.explain(name).row for name in asked} == asked
    assert made.explain("docs/2").endings


def test_a_row_of_a_source_is_explained_by_its_own_id_not_by_its_number(tmp_path: Path) -> None:
    # By number from 0 on, the first three are other rows, and the last is the same.
    given = [(2, "a"), (0, "b"), (1, "c"), (3, "d")]
    rows = [{"ticket": ticket, "note": note} for ticket, note in given]
    made = run(
        Tag(), input=str(jsonl(tmp_path / "in.jsonl", rows).with_name("*.jsonl")), id="ticket", name="r"
    )

    for row, (ticket, note) in enumerate(given, start=1):
        story = made.explain(str(ticket))
        assert str(story).startswith(f"row {ticket} (in.jsonl, line {row}): accepted")
        assert [chapter.rows[0]["note"] for chapter in story.chapters] == [note, note]
    with pytest.raises(UsageError, match="there is no row '4'"):
        made.explain("4")


@pytest.mark.parametrize("other", [None, "note", ["ticket", "note"]])
def test_a_run_goes_on_with_the_ids_that_it_has(tmp_path: Path, other: Any) -> None:
    path = jsonl(tmp_path / "in.jsonl")
    made, _ = answered(path)
    llm = scripted("other")

    with pytest.raises(UsageError, match="'r' knows its rows by 'ticket', not by") as refused:
        run(TextGeneration(), input=path, id=other, llm=llm, name="r")
    assert "go on with --id ticket" in str(refused.value)
    assert not llm.requests
    assert ids_in(made) == IDS


def test_a_run_without_ids_does_not_get_any(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "in.jsonl")
    run(TextGeneration(), input=path, llm=scripted(), name="r")

    with pytest.raises(UsageError, match="knows its rows by what they hold, not by 'ticket'"):
        answered(path)


@pytest.mark.slow
def test_united_shards_are_the_run_that_was_made_at_once(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "in.jsonl")
    whole, _ = answered(path, "whole")
    for shard in ("1/2", "2/2"):
        answered(path, f"s{shard[0]}", shard=shard)
    merge_runs(run_folder("all"), [run_folder("s1"), run_folder("s2")])
    made, asked = answered(path, "all")

    assert asked == []
    assert list(made.rows()) == list(whole.rows())
    assert ids_in(made) == IDS


class Reversed(GlobalStep):
    """Turns the rows round, and leaves out those of a note."""

    out: str = "b"

    def process(self, rows: Any) -> Iterator[Row]:
        for row in sorted(rows, key=lambda row: row["note"], reverse=True):
            if row["note"] != self.out:
                yield row


class Parts(GlobalStep):
    """Makes two rows of each, the second of them twice, and one without its columns."""

    def process(self, rows: Any) -> Iterator[Row]:
        for row in rows:
            yield {**row, "part": 1}
            yield {**row, "part": 2}
            yield {**row, "part": 2}
            yield {"note": row["note"]}


@pytest.mark.parametrize("kind", ["list", "rows"])
def test_rows_keep_their_ids_through_steps_over_all_rows(tmp_path: Path, kind: str) -> None:
    given = INPUTS[kind](tmp_path)
    made = run(Twice() >> Reversed() >> TextGeneration(), input=given, id="ticket", name="r", llm=scripted())
    # Of the two rows of each, the first is still called by the id.
    assert [row if "." not in row else "by content" for row in ids_in(made)] == [
        *("3", "by content"),
        *("T-1", "by content"),
    ]
    made = run(Reversed(out="") >> TextGeneration(), input=given, id="ticket", name="s", llm=scripted())
    assert ids_in(made) == [IDS[2], IDS[1], IDS[0]]
    story = made.explain("docs/a.md")
    assert {chapter.step for chapter in story.chapters} >= {"reversed", "text-generation"}
    assert {row["ticket"] for chapter in story.chapters for row in chapter.rows} == {"docs/a.md"}


def test_rows_with_one_id_after_a_step_over_all_rows_are_told_apart_and_each_is_found(tmp_path: Path) -> None:
    made = run(Parts() >> Pass(), input=ROWS, id="ticket", name="r")
    ids = ids_in(made)

    assert len({*ids}) == 12
    assert [one for one in ids if "." not in one.removesuffix(".md")] == IDS
    # Also by its number: they're counted from 0 on.
    for number, (known, row) in enumerate(zip(ids, made.rows(), strict=True)):
        for name in (known, f"row {number} of 'parts'"):
            story = made.explain(name)
            assert story.row == known
            assert [chapter.rows for chapter in story.chapters if chapter.step == "pass"] == [[row]]


def test_a_change_that_no_prompt_shows_buys_nothing_after_a_step_over_all_rows(tmp_path: Path) -> None:
    for note in ("b", "c"):
        llm = scripted()
        rows = [{**row, "note": note} for row in ROWS]
        made = run(Reversed(out="") >> TextGeneration(), input=rows, id="ticket", name="r", llm=llm)
        assert len(llm.requests) == (3 if note == "b" else 0)
        assert {row["note"] for row in made.rows()} == {note}


def test_shards_with_other_ids_make_no_run(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "in.jsonl")
    answered(path, "s1", shard="1/2")
    run(TextGeneration(), input=path, llm=scripted(), name="s2", shard="2/2")
    with pytest.raises(UsageError, match="differ in id"):
        merge_runs(run_folder("all"), [run_folder("s1"), run_folder("s2")])


TWICE = [*ROWS, {**ROWS[1], "note": "again"}]
PLACES = {
    "jsonl": "in.jsonl, line 2 and in.jsonl, line 4",
    "list": "row 2 of input and row 4 of input",
    "table": "row 2 of input and row 4 of input",
    "rows": "row 2 of 'rows' and row 4 of 'rows'",
    "pattern": "in.jsonl, line 2 and in.jsonl, line 4",
}


@pytest.mark.parametrize("kind", PLACES)
@pytest.mark.parametrize("shard", [None, "1/3"])
def test_an_id_that_two_rows_have_is_an_error_that_names_both_before_anything_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, shard: str | None
) -> None:
    monkeypatch.setitem(globals(), "ROWS", TWICE)
    monkeypatch.setattr(jsonl, "__defaults__", (TWICE,))
    llm = scripted()

    with pytest.raises(DatasetError) as refused:
        run(TextGeneration(), input=INPUTS[kind](tmp_path), id="ticket", llm=llm, name="r", shard=shard)
    assert f"{PLACES[kind]} have the same id: ticket 'docs/a.md'" in str(refused.value)
    assert "--id A --id B" in str(refused.value)
    assert not llm.requests
    # No run is left.
    assert not is_run(run_folder("r"))


def test_only_as_many_rows_are_looked_at_before_as_may_be_needed(tmp_path: Path) -> None:
    far = [*({**ROWS[0], "ticket": number} for number in range(30)), ROWS[0], ROWS[0]]
    made, asked = answered(jsonl(tmp_path / "in.jsonl", far), n=2)
    assert (made.accepted, len(asked)) == (2, 2)

    with pytest.raises(DatasetError, match=r"line 31 and in\.jsonl, line 32 have"):
        answered(jsonl(tmp_path / "in.jsonl", far), "s", n=4)


def test_rows_before_a_wrong_id_of_an_iterator_are_kept_and_the_run_goes_on(tmp_path: Path) -> None:
    def rows(*last: Row) -> Iterator[Row]:
        yield from ROWS
        yield from last

    made, asked = answered(rows({"instruction": "No id"}))
    assert (made.outcome, made.accepted, len(asked)) == ("stopped", 3, 3)
    assert "row 4 of input has no id: it lacks the column 'ticket'" in str(made.stopped_by)
    assert "the rest of the input was not read" in str(made.stopped_by)

    made, asked = answered(rows({"ticket": 4, "instruction": "An id"}))
    assert (made.outcome, made.accepted, asked) == ("complete", 4, ["An id"])


def test_a_row_with_an_id_and_an_invalid_value_fails_alone_by_that_id() -> None:
    made, _ = answered([ROWS[0], {**ROWS[1], "note": object()}, ROWS[2]])

    assert [one.place for one in made.failures] == ["row docs%2Fa.md (row 2 of input)"]
    assert made.accepted == 2


def test_steps_without_a_model_find_a_wrong_id_as_they_read(tmp_path: Path) -> None:
    for kind in ("r", "s"):
        step = Tag() if kind == "r" else Twice() >> Tag()
        made = run(step, input=jsonl(tmp_path / "in.jsonl", TWICE), id="ticket", name=kind)
        assert (made.outcome, made.accepted) == ("stopped", 3 if kind == "r" else 6)
        assert "in.jsonl, line 2 and in.jsonl, line 4 have the same id" in str(made.stopped_by)


@pytest.mark.parametrize(
    ("options", "fact"),
    [
        (
            {"id": "tiket"},
            "the input has no column 'tiket' to be the id of its rows.*\n.*did you mean 'ticket'",
        ),
        ({"id": "ticket", "drop": ["ticket"]}, "'ticket' is to be the id of the rows, and isn't read"),
        ({"id": "ticket", "columns": ["instruction"]}, "isn't read"),
        ({"id": ""}, "names a column without a name"),
        ({"id": 3}, "give the name of a column, or a list of names"),
        ({"id": ["ticket", 3]}, "give the name of a column, or a list of names"),
    ],
)
def test_columns_that_cannot_be_ids_are_refused_at_once(
    tmp_path: Path, options: dict[str, Any], fact: str
) -> None:
    llm = scripted()
    with pytest.raises(UsageError, match=fact):
        run(TextGeneration(), input=jsonl(tmp_path / "in.jsonl"), llm=llm, name="r", **options)
    assert not llm.requests


def test_rows_that_a_task_makes_by_number_have_no_other_ids() -> None:
    with pytest.raises(UsageError, match="makes its rows itself"):
        run(SelfInstruct(), 2, id="ticket", llm=scripted())
    sources = [Rows(rows=ROWS, name="a"), Rows(rows=ROWS, name="b")] >> Concat()
    with pytest.raises(
        UsageError, match="rows come from several sources \\('a', 'b'\\), and `id` is for one"
    ):
        run(sources, id="ticket")


@pytest.mark.parametrize("kind", ["iterator", "stream"])
def test_rows_that_can_be_read_only_once_are_all_there(tmp_path: Path, kind: str) -> None:
    made, asked = answered(INPUTS[kind](tmp_path))
    assert (ids_in(made), len(asked)) == (IDS, 3)


class Slow(Rows):
    """A source that isn't known to be quick."""

    begun: ClassVar[list[int]] = []

    def process(self, offset: int = 0) -> Any:
        self.begun.append(offset)
        yield from self.rows[offset:]


def test_a_source_that_may_take_long_is_not_read_twice(tmp_path: Path) -> None:
    made, asked = answered(Slow(rows=ROWS))
    assert (ids_in(made), len(asked), Slow.begun) == (IDS, 3, [0])


def test_ids_are_looked_at_once_for_an_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[Path | None] = []
    narrowed = InputRows.narrowed

    def counting(given: InputRows, columns: tuple[str, ...]) -> InputRows:
        looked.append(given.files)
        return narrowed(given, columns)

    monkeypatch.setattr(InputRows, "narrowed", counting)
    path = jsonl(tmp_path / "in.jsonl")
    made, _ = answered(path, max_tokens=1)
    assert made.outcome == "stopped"
    answered(path)
    assert len(looked) == 1

    jsonl(path, ROWS[:2])
    answered(path)
    assert len(looked) == 2


def test_a_resumed_run_still_finds_an_id_that_a_decided_row_has(tmp_path: Path) -> None:
    rows = [{"ticket": number, "note": "bad" if number % 100 == 0 else ""} for number in range(2 * EVERY)]
    path = jsonl(tmp_path / "in.jsonl", [*rows, rows[7]])
    before = run(Tag(), input=path, id="ticket", name="r")
    assert before.outcome == "stopped"
    assert f"line 8 and in.jsonl, line {2 * EVERY + 1} have the same id" in str(before.stopped_by)
    # The next session begins after the decided rows.
    again = run(Tag(), input=path, id="ticket", name="r")
    assert str(again.stopped_by) == str(before.stopped_by)
    assert again.accepted == before.accepted


def test_a_pipeline_says_its_ids_and_keeps_them_in_its_file(tmp_path: Path) -> None:
    jsonl(tmp_path / "in.jsonl")
    file = tmp_path / "mine.yaml"
    file.write_text("input: in.jsonl\nid: ticket\nsteps:\n- use: limit\n  with: {rows: 2}\n")
    pipeline = Pipeline.from_file(file)
    assert ids_in(pipeline.run(name="one")) == IDS[:2]

    text = pipeline.to_yaml(tmp_path)
    assert "\nid: ticket\n" in text
    file.write_text(text.replace("id: ticket", "id: [ticket, note]"))
    again = Pipeline.from_file(file)
    assert ids_in(again.run(name="two")) == ["T-1,a", "docs%2Fa.md,b"]
    assert "- ticket\n- note\n" in again.to_yaml(tmp_path)
    assert ids_in(again.run(name="three", id="ticket")) == IDS[:2]


INPUT = st.dictionaries(
    st.sampled_from(["T-1", "T-1/0", "2", "1", "0", "a,b"]),
    st.tuples(st.sampled_from(["Why?", "How?", "Who?"]), st.sampled_from(["a", "b", "bad"])),
    min_size=1,
)


@pytest.mark.slow
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(INPUT, min_size=2, max_size=3), st.sampled_from([0, 1, 2, 3]), st.booleans())
def test_after_any_changes_of_its_input_a_run_is_as_if_made_at_once(
    runs: Path, tmp_path: Path, versions: list[dict[str, tuple[str, str]]], kind: int, is_pattern: bool
) -> None:
    def made(name: str, **options: Any) -> tuple[Any, ...]:
        # Not the same objects twice: a step is used up.
        task = TextGeneration(template="{{ instruction }}")
        steps = [Tag(), Twice() >> Tag() >> task, Reversed() >> task >> Tag(), Twice() >> Reversed() >> Tag()]
        llm = scripted(on_prompt)
        done = run(
            steps[kind], input=where, id="ticket", name=name, llm=llm if kind in (1, 2) else None, **options
        )
        return ids_in(done), list(done.rows()), done.rejected, str(done.stopped_by or ""), done

    path = tmp_path / "in.jsonl"
    where = tmp_path / "i*.jsonl" if is_pattern else path
    for name in ("changed", "whole"):
        shutil.rmtree(runs / name, ignore_errors=True)
    for version in versions:
        rows = [{"ticket": key, "instruction": one, "note": note} for key, (one, note) in version.items()]
        jsonl(path, rows)
        changed = made("changed")
    whole = made("whole", restart=True)

    assert changed[:4] == whole[:4]
    for row in changed[0]:
        story = changed[4].explain(row)
        assert story.row == row
        assert story.endings
