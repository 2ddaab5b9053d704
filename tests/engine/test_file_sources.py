"""Sources of files: the run reads the files itself, and each row is known by its file and line."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seedbed import (
    BrokenPluginError,
    FileSource,
    GeneratorOutput,
    Reading,
    Reject,
    Row,
    RowFiles,
    RunReader,
    Step,
    UsageError,
    get_step,
    plan,
    run,
)


class Lines(FileSource):
    paths: list[Path]
    only: list[str] | None = None

    def row_files(self) -> RowFiles:
        return RowFiles(tuple(self.paths), Reading(columns=None if self.only is None else tuple(self.only)))


class Upper(Step):
    keeps: ClassVar[bool] = True

    def process(self, row: Row) -> Row:
        if row.get("text") == "bad":
            raise Reject("bad text")
        return {**row, "text": str(row.get("text")).upper()}


def written(path: Path, *rows: Row) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def two(tmp_path: Path) -> list[Path]:
    """Two files of rows."""
    first = written(tmp_path / "a.jsonl", {"id": 1, "text": "one"}, {"id": 2, "text": "bad"})
    return [first, written(tmp_path / "b.jsonl", {"id": 3, "text": "three"}, {"id": 4, "text": "bad"})]


def test_rows_of_several_files_are_known_by_file_and_line(two: list[Path]) -> None:
    made = run(Lines(paths=two) >> Upper(), name="r")

    assert [*made.rows()] == [{"id": 1, "text": "ONE"}, {"id": 3, "text": "THREE"}]
    assert [refused.source for refused in made.rejected_rows()] == ["a.jsonl, line 2", "b.jsonl, line 2"]
    assert made.explain("b.jsonl:2").row == made.explain("b.jsonl, line 2").row


def test_rows_of_files_that_a_source_calls_otherwise_are_found_by_those_names(two: list[Path]) -> None:
    class Named(Lines):
        def row_files(self) -> RowFiles:
            return RowFiles(tuple(self.paths), names=("first", "second"))

    made = run(Named(paths=two) >> Upper(), name="r")

    assert [refused.source for refused in made.rejected_rows()] == ["first, line 2", "second, line 2"]
    assert made.explain("second:1").row == made.explain(line=2).row


class Renamed(Lines):
    """Gives its rows itself, which aren't those of the files."""

    def process(self, offset: int = 0) -> GeneratorOutput:
        for rows in super().process(offset):
            yield [{"id": -row["id"], "text": row["text"]} for row in rows]


class Unique(Lines):
    unique: ClassVar[tuple[str, ...]] = ("text",)


class Promising(Lines):
    outputs: ClassVar[list[str]] = ["id", "text"]


@pytest.mark.parametrize(
    ("source", "ids"),
    [
        (Renamed, [-1, -3]),
        (Unique, [1, 3]),
        (Promising, [1, 3]),
    ],
)
def test_a_source_that_makes_more_of_its_rows_than_the_files_hold_is_asked_for_them(
    source: type[Lines], ids: list[int], two: list[Path]
) -> None:
    made = run(source(paths=two) >> Upper())

    assert [row["id"] for row in made.rows()] == ids


def test_columns_of_a_source_that_are_renamed_have_their_new_names(two: list[Path]) -> None:
    made = run(Lines(paths=two, output_mappings={"id": "number"}) >> Upper())

    assert [row["number"] for row in made.rows()] == [1, 3]


def test_rows_of_a_file_that_comes_later_are_made_and_no_other_again(tmp_path: Path, two: list[Path]) -> None:
    run(Lines(paths=two) >> Upper(), name="r")
    first = written(tmp_path / "0.jsonl", {"id": 0, "text": "zero"}, {"id": 3, "text": "three"})
    made = run(Lines(paths=[first, *two]) >> Upper(), name="r")

    # The second row of that content is another row, whichever file it's in.
    assert [row["id"] for row in made.rows()] == [0, 3, 1, 3]
    assert [refused.source for refused in made.rejected_rows()] == ["a.jsonl, line 2", "b.jsonl, line 2"]


@pytest.mark.parametrize("n", [10, 30])
def test_a_run_for_other_numbers_of_rows_ends_up_with_the_same_rows(n: int, tmp_path: Path) -> None:
    paths = [
        written(tmp_path / f"{number}.jsonl", *({"id": 9 * number + i, "text": "x"} for i in range(9)))
        for number in range(4)
    ]
    run(Lines(paths=paths) >> Upper(), 20, name="r")
    made = run(Lines(paths=paths) >> Upper(), n, name="r")

    assert [row["id"] for row in made.rows()] == [*range(n)]
    assert [*made.rows()] == [*run(Lines(paths=paths) >> Upper(), n).rows()]


def test_the_types_of_parquet_files_reach_the_dataset(tmp_path: Path) -> None:
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    for day, path in enumerate(paths, start=1):
        pq.write_table(pa.table({"day": [date(2026, 1, day)], "text": ["x"]}), path)
    out = tmp_path / "out.parquet"
    run(get_step("parquet", path=[*map(str, paths)]) >> Upper(), out=out)

    assert pq.read_table(out).column("day").to_pylist() == [date(2026, 1, 1), date(2026, 1, 2)]


def test_a_source_is_not_replaced_by_the_dataset(two: list[Path]) -> None:
    before = two[1].read_bytes()

    with pytest.raises(UsageError, match="is both the input and the dataset"):
        run(Lines(paths=two) >> Upper(), out=two[1])
    assert two[1].read_bytes() == before


def test_what_is_wrong_with_a_source_of_files_shows_before_the_run(two: list[Path]) -> None:
    missing = [two[0], two[0].with_name("gone.jsonl")]

    for pipeline, said in (
        (Lines(paths=missing) >> Upper(), "there is no file '.*gone.jsonl'"),
        (Lines(paths=[]) >> Upper(), "takes one or more paths in a tuple"),
        (Lines(paths=two, only=["nope"]) >> Upper(), "no column 'nope'"),
        (Lines(paths=two) >> get_step("filter", keep="id > 'a'"), "compares column 'id'"),
        (Lines(paths=two) >> get_step("filter", keep="size > 1"), "reads a column 'size'"),
    ):
        with pytest.raises(UsageError, match=said):
            plan(pipeline)


def test_a_source_of_files_has_the_class_and_the_parameters_that_the_user_wrote(two: list[Path]) -> None:
    made = run(get_step("jsonl", path=[*map(str, two)]) >> Upper(), name="r")
    assert made.folder is not None
    with RunReader.open(made.folder) as reader:
        session = reader.last_working_session()
    assert session is not None
    step: dict[str, Any] = session.manifest["steps"][0]

    assert step["class"].endswith(".Jsonl")
    assert step["package"].startswith("seedbed-data ")
    assert step["fields"]["path"] == [*map(str, two)]


def test_wrong_returns_of_an_authors_class_are_told() -> None:
    class Listed(FileSource):
        def row_files(self) -> Any:
            return [Path("a.jsonl")]

    with pytest.raises(BrokenPluginError, match="its `row_files` returned a list"):
        run(Listed() >> Upper())
    with pytest.raises(UsageError, match="`row_files` of 'Asking' takes"):

        class Asking(FileSource):
            def row_files(self, offset: int) -> RowFiles:  # type: ignore[override]
                return RowFiles((Path("a.jsonl"),))
