"""What rows of sources are called: by file and line, or as the source says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar

import pytest

from seedbed import (
    BrokenPluginError,
    FileSource,
    GeneratorStep,
    Join,
    Pipeline,
    Reject,
    Row,
    RowFiles,
    Run,
    Step,
    diff_runs,
    run,
)
from seedbed.pipeline.file import load_pipeline


class Poems(GeneratorStep):
    """Poems, each called by its title."""

    finite: ClassVar[bool] = True
    seekable: ClassVar[bool] = True
    ids_from_content: ClassVar[bool] = True

    titles: list[str] = ["Dawn", "Tide 2", "list of 3"]

    def process(self, offset=0):
        yield from ({"text": title.lower(), "n": n} for n, title in enumerate(self.titles) if n >= offset)

    def place_of(self, number: int) -> str:
        return self.titles[number]


class Numbered(Poems):
    """Poems that are known by their numbers."""

    ids_from_content: ClassVar[bool] = False


class Picky(Step):
    keeps: ClassVar[bool] = True
    refused: str = "tide 2"

    def process(self, row: Row) -> Row:
        if row["text"] == self.refused:
            raise Reject("not this one")
        return row


class Twice(Step):
    keeps: ClassVar[bool] = True

    def process(self, row: Row) -> list[Row]:
        return [{**row, "half": half} for half in (0, 1)]


class Lines(FileSource):
    path: Path

    def row_files(self) -> RowFiles:
        return RowFiles((self.path,))


def refused(made: Run) -> list[str]:
    return [one.source for one in made.rejected_rows()]


@pytest.mark.parametrize("source", [Poems, Numbered])
def test_a_source_says_what_its_rows_are_called(source: type[Poems]) -> None:
    made = run(source() >> Picky(), name="poems")

    assert refused(made) == ["Tide 2"]
    assert made.explain(line=2).source == "list of 3"
    assert made.explain("list of 3").row == made.explain(line=2).row
    assert [*run(source() >> Picky(refused="dawn"), name="poems").rows()][-1]["text"] == "list of 3"
    assert made.explain("Tide 2").source == "Tide 2"


def test_the_parts_of_a_row_are_found_by_its_name() -> None:
    made = run(Poems() >> Twice(), name="poems")

    assert made.explain("list of 3/1").row == made.explain(line=6).row
    assert f"{made.explain(line=6)}".startswith("list of 3/1 ")


def test_a_row_that_its_source_calls_nothing_is_called_by_its_number() -> None:
    class Half(Poems):
        def place_of(self, number: int) -> str:
            return "" if number else "Dawn"

    made = run(Half() >> Picky(), name="poems")

    assert refused(made) == ["row 2 of 'half'"]
    assert made.explain("Dawn").row == made.explain(line=1).row


def test_a_place_that_is_no_text_is_named_as_a_mistake_of_the_source() -> None:
    class Odd(Poems):
        def place_of(self, number: int) -> str:
            return number  # type: ignore[return-value]

    with pytest.raises(BrokenPluginError, match=r"`place_of` returned an int, not a str"):
        raise run(Odd(), name="odd").stopped_by or AssertionError("it ran")


def joined(folder: Path, refuse: str = "b") -> Pipeline:
    """Return two sources of files whose rows are joined."""
    left, right = Lines(name="left", path=folder / "l.jsonl"), Lines(name="right", path=folder / "r.jsonl")
    return [left, right >> Picky(refused=refuse)] >> Join(on=["k"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two files of rows, one of them with blank lines."""
    left = [{"k": k, "n": k} for k in range(4)]
    (tmp_path / "l.jsonl").write_text("\n\n".join(map(json.dumps, left)) + "\n")
    right = [{"k": k, "text": "abcd"[k]} for k in range(4)]
    (tmp_path / "r.jsonl").write_text("\n" + "\n".join(map(json.dumps, right)))
    return tmp_path


def test_rows_of_several_files_that_are_joined_are_known_by_file_and_line(folder: Path) -> None:
    made = run(joined(folder), name="j")
    assert refused(made) == ["r.jsonl, line 3"]
    assert made.explain("r.jsonl:3").source == "r.jsonl, line 3"

    again = run(joined(folder, refuse="d"), name="j")
    # Rows that an earlier session has kept have the same names.
    assert refused(again) == ["r.jsonl, line 5"]
    assert again.explain("l.jsonl, line 5").source == "l.jsonl, line 5"
    assert again.explain("row 3 of 'left'").row == again.explain("l.jsonl:5").row


def test_a_row_that_is_no_longer_in_its_line_is_not_called_by_that(folder: Path) -> None:
    made = run(joined(folder), name="j")
    row = made.explain("l.jsonl:5").row
    (folder / "l.jsonl").write_text('{"k": 9, "n": 9}\n' * 5)

    assert made.explain(row).source == "row 3 of 'left'"


FILE = """
steps:
  - use: rows
    with:
      rows:
        - {text: a}
        - text: b
          n: 1

        - {text: c}
  - use: filter
    with: {keep: "text != 'b'"}
"""


def test_rows_of_a_pipeline_file_are_known_by_its_lines(tmp_path: Path) -> None:
    (tmp_path / "few.yaml").write_text(FILE)
    made = load_pipeline(tmp_path / "few.yaml").run(name="few")

    assert refused(made) == ["few.yaml, line 7"]
    assert made.explain(line=2).source == "few.yaml, line 10"
    assert made.explain("few.yaml:10").row == made.explain("few.yaml, line 10").row


def test_lines_of_a_pipeline_file_that_have_moved_are_those_of_the_last_session(tmp_path: Path) -> None:
    (tmp_path / "few.yaml").write_text(FILE)
    load_pipeline(tmp_path / "few.yaml").run(name="few")
    (tmp_path / "few.yaml").write_text("\n" + FILE.replace("'b'", "'c'"))
    made = load_pipeline(tmp_path / "few.yaml").run(name="few")

    assert refused(made) == ["few.yaml, line 11"]
    assert [made.explain(line=line).source for line in (1, 2)] == ["few.yaml, line 7", "few.yaml, line 8"]


def test_rows_that_stand_in_one_line_are_known_by_their_numbers(tmp_path: Path) -> None:
    (tmp_path / "few.yaml").write_text(
        "input: {use: rows, with: {rows: [{text: a}, {text: b}]}}\n"
        "steps: [{use: filter, with: {keep: \"text != 'b'\"}}]\n"
    )
    assert refused(load_pipeline(tmp_path / "few.yaml").run(name="few")) == ["row 2 of 'rows'"]


def test_rows_that_differ_between_two_runs_are_named_by_file_and_line(folder: Path) -> None:
    class Marked(Step):
        keeps: ClassVar[bool] = True
        marks: dict[str, str] = {}

        def process(self, row: Row) -> Row:
            return {**row, "mark": self.marks.get(row["text"], "")}

    run(Lines(path=folder / "r.jsonl") >> Picky(refused="a") >> Marked(), name="a")
    run(Picky(refused="d") >> Marked(marks={"b": "x"}), input=folder / "r.jsonl", name="b")
    diff = diff_runs("a", "b")

    assert [one.source for one in diff.rows.changed_rows] == ["r.jsonl, line 3"]
    assert [one.name for one in diff.rows.first_rows] == ["r.jsonl, line 5"]
    assert diff.as_json()["rows"]["second_rows"][0]["source"] == "r.jsonl, line 2"
    assert "\nr.jsonl, line 3\n  ~ mark" in f"{diff}"


def test_rows_of_sources_that_differ_between_two_runs_are_named_as_their_source_does() -> None:
    run(Poems() >> Picky(), name="a")
    run(Poems() >> Picky(refused="dawn"), name="b")
    rows = diff_runs("a", "b").rows

    assert [one.name for one in (*rows.first_rows, *rows.second_rows)] == ["Dawn", "Tide 2"]


def test_rows_with_ids_of_their_own_are_named_by_both(folder: Path) -> None:
    for name, refuse in (("a", "b"), ("b", "c")):
        run(joined_by_id(folder, refuse), id="k", name=name)
    rows = diff_runs("a", "b").rows

    assert [one.name for one in rows.first_rows] == ["row 2 (r.jsonl, line 4)"]


def joined_by_id(folder: Path, refuse: str) -> Pipeline:
    return Lines(path=folder / "r.jsonl") >> Picky(refused=refuse)
