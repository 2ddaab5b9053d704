"""All formats hold the same rows, whatever their columns do."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.support.drift import DRIFT, assert_csv_agrees, exactly, without_none
from tests.support.memory import grows_by_less, measured, peak_megabytes

from seedbed.errors import UsageError
from seedbed.store import export_rows, read_rows
from seedbed.store.formats import format_of_scheme
from seedbed.tasks.rows import Row, encode_row


def written(path: Path, rows: list[Row]) -> list[Row]:
    assert export_rows([encode_row(row) for row in rows], path) == len(rows)
    return list(read_rows(path))


@pytest.mark.parametrize("case", DRIFT)
def test_json_lines_give_the_rows_back_exactly(tmp_path, case):
    assert exactly(written(tmp_path / "out.jsonl", DRIFT[case])) == exactly(DRIFT[case])


@pytest.mark.parametrize("case", DRIFT)
@pytest.mark.parametrize("ending", [".parquet", ".arrow"])
def test_columnar_files_give_the_rows_back_with_every_column_in_order_of_appearance(tmp_path, case, ending):
    rows = DRIFT[case]
    back = written(tmp_path / f"out{ending}", rows)
    assert without_none(back) == without_none(rows)
    assert list(back[0]) == list(dict.fromkeys(name for row in rows for name in row))


@pytest.mark.parametrize("case", DRIFT)
def test_csv_gives_the_rows_back_within_its_encoding(tmp_path, case):
    assert_csv_agrees(written(tmp_path / "out.csv", DRIFT[case]), DRIFT[case])


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([None, None], "string"),
        ([None, 1], "int64"),
        ([1, 2.5], "double"),
        ([2**53 + 1, 2.5], "string"),
        ([2.5, -(2**53) - 1], "string"),
        ([2**63], "uint64"),
        ([2**63, -1], "string"),
        ([True, None], "bool"),
        ([True, 1], "string"),
        ([[], []], "list<element: string>"),
        ([[], ["a"]], "list<element: string>"),
        ([{"x": 1}, {"y": None}], "struct<x: int64, y: string>"),
        ([{}, {}], "string"),
        ([[{}], [{"x": []}]], "list<element: struct<x: list<element: string>>>"),
        ([[1], ["a"]], "string"),
        ([{str(i): i for i in range(201)}], "string"),
        ([{str(i): {str(j): 1 for j in range(20)} for i in range(20)}], "string"),
    ],
)
def test_a_parquet_column_has_the_smallest_type_that_holds_all_values(tmp_path, values, kind):
    path = tmp_path / "out.parquet"
    written(path, [{"a": value} for value in values])
    assert str(pq.read_schema(path).field("a").type) == kind


def test_parquet_says_which_columns_are_json_text(tmp_path):
    path = tmp_path / "out.parquet"
    written(path, [{"a": 1, "b": "x"}, {"a": "1", "b": "y"}, {"a": None, "b": "[1]"}])
    schema = pq.read_schema(path)
    assert schema.field("a").metadata == {b"seedbed.encoding": b"json"}
    assert schema.field("b").metadata is None
    assert pq.read_table(path).column("a").to_pylist() == ["1", '"1"', None]


def test_parquet_is_written_in_row_groups_of_bounded_size(tmp_path):
    path = tmp_path / "out.parquet"
    written(path, [{"a": index} for index in range(25_000)])
    groups = pq.ParquetFile(path).metadata
    assert [groups.row_group(i).num_rows for i in range(groups.num_row_groups)] == [10_000, 10_000, 5_000]


def test_csv_is_as_its_standard_says(tmp_path):
    path = tmp_path / "out.csv"
    written(path, [{"a": 'say "hi"', "b": None, "c": True}, {"a": "x,y", "b": [1, {"k": "é"}], "c": 0.5}])
    assert path.read_bytes().decode() == ('a,b,c\r\n"say ""hi""",,true\r\n"x,y","[1,{""k"":""é""}]",0.5\r\n')


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".arrow"])
def test_rows_without_columns_do_not_break_the_export(tmp_path, ending):
    assert written(tmp_path / f"none{ending}", [{}, {}]) == []
    assert written(tmp_path / f"some{ending}", [{}, {"a": "x", "b": None}]) == [
        {"a": None, "b": None},
        {"a": "x", "b": None},
    ]


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
INTEGERS = st.integers(-(2**63), 2**64 - 1) | st.integers(-3, 3) | st.sampled_from([2**53, 2**53 + 1])
FLOATS = st.floats(allow_nan=True, allow_infinity=True)
VALUES = st.recursive(
    st.none() | st.booleans() | INTEGERS | FLOATS | TEXT,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("xyz") | TEXT, inner, max_size=4)
    ),
    max_leaves=8,
)
ROWS = st.lists(st.dictionaries(st.sampled_from("abc") | TEXT, VALUES, max_size=4), max_size=6)


@pytest.mark.slow
@settings(deadline=None)
@given(ROWS)
@example([{"\0": False}])
@example([{"0\0": None}])
def test_all_formats_agree_on_any_rows(rows):
    with tempfile.TemporaryDirectory() as folder:
        lines = written(Path(folder, "out.jsonl"), rows)
        columns = written(Path(folder, "out.parquet"), rows)
        arrow = written(Path(folder, "out.arrow"), rows)
        cells = written(Path(folder, "out.csv"), rows)
    if any(rows):
        assert len(lines) == len(rows)
        assert without_none(columns) == without_none(lines)
        assert exactly(arrow) == exactly(columns)
        assert_csv_agrees(cells, lines)


PEAK = """
import sys
from pathlib import Path
import orjson
from seedbed.errors import UsageError
from seedbed.store import export_rows, read_rows
from seedbed.store.formats import format_of_scheme
class Rows:
    def __iter__(self):
        for i in range(count):
            yield orjson.dumps({"index": i, "text": f"{i} " * 200, "tags": ["a"], "mixed": i % 2 or "x"})
path, count = Path(sys.argv[1]), int(sys.argv[2])
if path.suffix == ".json":
    with path.open("wb") as file:
        file.write(b"[")
        file.writelines(row + b"," for row in Rows())
        file.write(b"{}]")
else:
    export_rows(Rows(), path)
assert sum(1 for row in read_rows(path)) == count + (path.suffix == ".json")
"""


@pytest.mark.slow
@measured
@pytest.mark.parametrize("ending", [".jsonl", ".csv", ".parquet", ".arrow", ".json"])
def test_memory_does_not_grow_with_the_number_of_rows(tmp_path, ending):
    # Two row groups of Parquet: with fewer the memory of its writer is still growing.
    few, many = (partial(peak_megabytes, PEAK, tmp_path / f"a{ending}", rows) for rows in (20_000, 45_000))
    assert grows_by_less(12, few, many)  # the 25,000 further rows are 30 MB of text


def test_an_address_that_no_format_knows_is_told_what_there_is_to_do():
    with pytest.raises(UsageError, match="\n  install a plugin for it, or name a file or a folder"):
        format_of_scheme("zzzz")
