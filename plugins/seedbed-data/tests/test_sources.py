"""What each source reads from the files that people have, and what it refuses, naming file and line."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import math
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from seedbed import BaseStep, DatasetError, Row, SeedbedError, UsageError, get_step, run

ROWS: list[Row] = [{"text": 'Grüße,\n"so"', "n": "1"}, {"text": "b", "n": "2"}]


def made(step: BaseStep) -> list[Row]:
    ended = run(step)
    if ended.stopped_by is not None:
        raise ended.stopped_by
    return [*ended.rows()]


def as_jsonl(rows: list[Row]) -> bytes:
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)


def as_csv(rows: list[Row]) -> bytes:
    quoted = [[str(cell).replace('"', '""') for cell in row.values()] for row in rows]
    return "".join(",".join(f'"{cell}"' for cell in row) + "\r\n" for row in [[*rows[0]], *quoted]).encode()


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def written(path: Path, rows: list[Row]) -> Path:
    """Write rows in the format of a path's ending."""
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=2)
    elif path.suffix == ".arrow":
        pyarrow.feather.write_feather(pa.Table.from_pylist(rows), str(path), chunksize=2)
    elif path.suffix == ".json":
        path.write_bytes(orjson.dumps(rows))
    else:
        path.write_bytes(as_jsonl(rows) if path.suffix == ".jsonl" else as_csv(rows))
    return path


TABLES = ["jsonl", "json", "csv", "parquet", "arrow"]
TEXTS = ["jsonl", "json", "csv"]


@pytest.mark.slow
@pytest.mark.parametrize("source", TABLES)
def test_a_file_a_pattern_a_folder_and_a_list_are_read_in_order(source: str, tmp_path: Path) -> None:
    names = [f"{letter}[1].{source}" for letter in "ab"]
    one, two = (written(tmp_path / name, [row]) for name, row in zip(names, ROWS, strict=True))
    (tmp_path / "notes.txt").write_text("not rows")

    assert made(get_step(source, path=str(one))) == ROWS[:1]
    assert made(get_step(source, path=one)) == ROWS[:1]
    assert made(get_step(source, path=str(tmp_path / f"*.{source}"))) == ROWS
    assert made(get_step(source, path=tmp_path)) == ROWS
    assert made(get_step(source, path=[two, one])) == ROWS[::-1]
    assert made(get_step(source, path=[one, str(tmp_path / f"*.{source}")])) == ROWS


@pytest.mark.parametrize("source", TABLES)
def test_columns_are_chosen_and_a_misspelt_one_is_refused(source: str, tmp_path: Path) -> None:
    path = written(tmp_path / f"a.{source}", ROWS)

    assert made(get_step(source, path=path, only=["n"])) == [{"n": "1"}, {"n": "2"}]
    assert made(get_step(source, path=path, without=["text"])) == [{"n": "1"}, {"n": "2"}]
    with pytest.raises(UsageError, match=r"no column 'txt'.*\n.*did you mean 'text'"):
        made(get_step(source, path=path, only=["txt"]))


@pytest.mark.parametrize("source", TABLES)
def test_a_file_is_read_by_the_source_and_not_by_its_ending(source: str, tmp_path: Path) -> None:
    path = written(tmp_path / f"a.{source}", ROWS).rename(tmp_path / "dump.log")

    assert made(get_step(source, path=path)) == ROWS


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": lambda content: pa.compress(content, "zstd", asbytes=True),
}


@pytest.mark.parametrize("packed", PACKERS)
@pytest.mark.parametrize("source", [*TEXTS, "text"])
def test_compressed_files_are_read(source: str, packed: str, tmp_path: Path) -> None:
    if source == "text":
        plain, expected = b"Gr\xc3\xbc\xc3\x9fe", [{"path": f"a.md{packed}", "text": "Grüße"}]
        path = tmp_path / f"a.md{packed}"
    else:
        plain, expected = written(tmp_path / f"a.{source}", ROWS).read_bytes(), ROWS
        path = tmp_path / f"a.{source}{packed}"
    write(path, PACKERS[packed](plain))

    assert made(get_step(source, path=path)) == expected
    write(path, path.read_bytes()[:-9])
    with pytest.raises(DatasetError, match=rf"a\.\w+\{packed}.*"):
        made(get_step(source, path=path))


@pytest.mark.variants(8)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252", "utf-16-le"])
@pytest.mark.parametrize("source", [*TEXTS, "text"])
def test_encodings_are_read(source: str, encoding: str, tmp_path: Path) -> None:
    text = "Grüße" if source == "text" else written(tmp_path / f"a.{source}", ROWS).read_text("utf-8")
    path = write(tmp_path / f"a.{'txt' if source == 'text' else source}", text.encode(encoding))
    expected = [{"path": "a.txt", "text": "Grüße"}] if source == "text" else ROWS

    assert made(get_step(source, path=path, encoding=encoding)) == expected
    if encoding == "cp1252":
        with pytest.raises(DatasetError, match=f"{path.name}.* is not UTF-8 text"):
            made(get_step(source, path=path))
    elif encoding != "utf-16-le":
        assert made(get_step(source, path=path)) == expected
    with pytest.raises(UsageError, match="there is no encoding 'utf-9'"):
        made(get_step(source, path=path, encoding="utf-9"))


def test_line_ends_empty_lines_and_quoted_line_breaks_are_no_rows(tmp_path: Path) -> None:
    jsonl = write(tmp_path / "a.jsonl", b'\xef\xbb\xbf{"a": 1}\r\n\r\n   \r\n{"a": 2}')
    table = write(tmp_path / "a.csv", b'a,b\r\n"x\r\ny",1\r\n\r\n"",2\r\n')
    tabs = write(tmp_path / "a.tsv", b"a\tb\nx\t1,5\n")

    assert made(get_step("jsonl", path=jsonl)) == [{"a": 1}, {"a": 2}]
    assert made(get_step("csv", path=table)) == [{"a": "x\r\ny", "b": "1"}, {"a": None, "b": "2"}]
    assert made(get_step("csv", path=tabs)) == [{"a": "x", "b": "1,5"}]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"a,b\n1,2\n\n1\n", "'.*a.csv' line 4 has too few cells: 1 for 2 columns"),
        ("a.csv", b"a,b\n1,2,3\n", "line 2 has too many cells"),
        ("a.csv", b'a\n"1\n2\n', "line 3 is not CSV"),
        ("a.csv", b"a,a\n1,2\n", "two columns named 'a'"),
        ("a.jsonl", b'{"a": 1}\n\n{"a": 1', "'.*a.jsonl' line 3 is not JSON"),
        ("a.jsonl", b"[1]\n", "line 1 is not a JSON object"),
        ("a.jsonl", b'{"a": 18446744073709551616}\n', "line 1: .*more than 64 bits"),
        ("a.json", b'[{"a": 1}, 2]', "'.*a.json' item 2 is not a JSON object"),
        ("a.json", b'{"a": 1}', "is not a list of objects"),
        ("a.json", b'[{"a": 1}', "item 1 is followed by neither"),
        ("a.parquet", b"PAR1 no", "'.*a.parquet' cannot be read as Parquet"),
        ("a.arrow", b"ARROW1 no", "'.*a.arrow' cannot be read as Arrow"),
    ],
)
def test_what_is_no_row_is_refused_with_its_place(
    name: str, content: bytes, said: str, tmp_path: Path
) -> None:
    path = write(tmp_path / name, content)

    with pytest.raises(DatasetError, match=said):
        made(get_step(path.suffix[1:], path=path))


@pytest.mark.parametrize("source", [*TABLES, "text", "documents"])
def test_a_file_that_is_not_there_is_named(source: str, tmp_path: Path) -> None:
    ending = {"text": "md", "documents": "html"}.get(source, source)
    write(tmp_path / f"rows.{ending}", b"")

    for path, said in (
        (tmp_path / f"row.{ending}", rf"there is no file.*\n.*did you mean 'rows.{ending}'"),
        (tmp_path / "none*", "no file matches"),
        (tmp_path / "empty", "the folder '.*empty' has no file"),
    ):
        (tmp_path / "empty").mkdir(exist_ok=True)
        with pytest.raises(UsageError, match=said):
            made(get_step(source, path=path))


COLUMNS = pa.table(
    {
        "day": pa.array([date(2024, 1, 2)]),
        "at": pa.array([datetime(2024, 1, 2, 3, 4, 5)], pa.timestamp("us", "UTC")),
        "took": pa.array([timedelta(minutes=1)], pa.duration("s")),
        "price": pa.array([Decimal("1.10")]),
        "big": pa.array([2**64 - 1], pa.uint64()),
        "raw": pa.array([b"\x00\xff"]),
        "nested": pa.array([[{"a": [1, None]}]]),
        "nothing": pa.array([math.nan]),
        "kind": pa.array(["x"]).dictionary_encode(),
    }
)
AS_JSON = {
    "day": "2024-01-02",
    "at": "2024-01-02T03:04:05Z",
    "took": "PT1M",
    "price": "1.10",
    "big": 2**64 - 1,
    "raw": "AP8=",
    "nested": [{"a": [1, None]}],
    "nothing": None,
    "kind": "x",
}


def test_typed_values_have_one_json_form_in_every_source(tmp_path: Path) -> None:
    pq.write_table(COLUMNS, tmp_path / "a.parquet")
    pyarrow.feather.write_feather(COLUMNS, str(tmp_path / "a.arrow"), compression="zstd")
    (row,) = made(get_step("sql", query="SELECT * FROM t", tables={"t": str(tmp_path / "a.parquet")}))

    assert made(get_step("parquet", path=tmp_path)) == [AS_JSON]
    assert made(get_step("arrow", path=tmp_path)) == [AS_JSON]
    assert {**row, "took": "PT1M"} == AS_JSON


DRIFTS: dict[str, list[Row]] = {
    "a column that comes late": [{"a": 1}] * 3 + [{"a": 2, "b": "x"}],
    "a column that ends": [{"a": 1, "b": "x"}] + [{"a": 2}] * 3,
    "nulls, then text": [{"a": None}] * 50 + [{"a": "x"}],
    "integers, then a fraction": [{"a": 1}, {"a": 2}, {"a": 2.5}],
    "integers, then text": [{"a": 1}, {"a": "x"}],
    "a number, then a list": [{"a": 1}, {"a": [1]}],
    "lists of growing depth": [{"a": []}, {"a": [1]}, {"a": [[1]]}],
    "structs of other keys": [{"a": {"x": 1}}, {"a": {"y": "z"}}],
    "columns in another order": [{"a": 1, "b": 2}, {"b": 3, "a": 4}],
    "a signed, then a 64-bit unsigned integer": [{"a": -1}, {"a": 2**64 - 1}],
}


@pytest.mark.slow
@pytest.mark.variants(3)
@pytest.mark.parametrize("shape", DRIFTS)
def test_rows_that_drift_come_through_as_they_are(shape: str, tmp_path: Path) -> None:
    rows = DRIFTS[shape]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    for ending in ("jsonl", "json"):
        assert made(get_step(ending, path=written(tmp_path / f"a.{ending}", rows))) == rows
    assert made(get_step("rows", rows=rows)) == rows
    for ending in ("parquet", "arrow"):
        # Columnar files are written by the run itself: a column without one type is JSON text in them.
        path = tmp_path / f"a.{ending}"
        run(get_step("jsonl", path=tmp_path / "a.jsonl"), out=path)
        read = made(get_step(ending, path=path))
        assert [_without_none(row) for row in read] == [_without_none(row) for row in rows]
        assert all(list(row) == columns for row in read)


def _without_none(value: Any) -> Any:
    """Leave out nulls: in a columnar file a row that lacks a column has null there."""
    if isinstance(value, dict):
        return {name: _without_none(item) for name, item in value.items() if item is not None}
    return value


@pytest.mark.parametrize("source", ["jsonl", "parquet"])
def test_files_of_other_columns_are_read_together(source: str, tmp_path: Path) -> None:
    written(tmp_path / f"a.{source}", [{"a": 1}])
    written(tmp_path / f"b.{source}", [{"b": "x", "a": 2}])

    assert made(get_step(source, path=tmp_path)) == [{"a": 1}, {"b": "x", "a": 2}]


def test_a_message_says_what_rest_was_not_read(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", as_jsonl(ROWS) * 50 + b"{")

    with pytest.raises(SeedbedError, match="the rest of the input was not read"):
        made(get_step("jsonl", path=tmp_path / "a.jsonl"))


def test_rows_of_a_pipeline_file_may_hold_dates() -> None:
    assert made(get_step("rows", rows=[{"a": date(2024, 1, 2)}, {"a": [1, {"b": None}]}])) == [
        {"a": "2024-01-02"},
        {"a": [1, {"b": None}]},
    ]


def test_streams_of_arrow_are_read(tmp_path: Path) -> None:
    kept = io.BytesIO()
    with pa.ipc.new_stream(kept, COLUMNS.schema) as writer:
        writer.write_table(COLUMNS)

    assert made(get_step("arrow", path=write(tmp_path / "a.arrow", kept.getvalue()))) == [AS_JSON]


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("DATE 'infinity'", "9999-12-31"),
        ("DATE '-infinity'", "0001-01-01"),
        ("TIMESTAMP 'infinity'", "9999-12-31T23:59:59.999999"),
        ("TIMESTAMP '-infinity'", "0001-01-01T00:00:00"),
        ("[DATE 'infinity']", ["9999-12-31"]),
        ("{'a': TIMESTAMP 'infinity'}", {"a": "9999-12-31T23:59:59.999999"}),
        ("DATE '10000-01-01'", "10000-01-01"),
        ("TIMESTAMP '12000-01-01 10:20:30'", "12000-01-01 10:20:30"),
        ("DATE '0044-03-15 (BC)'", "0044-03-15 (BC)"),
    ],
)
def test_times_that_python_lacks_have_one_form(value: str, form: object) -> None:
    assert made(get_step("sql", query=f"SELECT {value} AS v")) == [{"v": form}]


def test_rows_of_texts_are_known_by_their_files(tmp_path: Path) -> None:
    for name in ("b.md", "a/c.md", "a/d.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    pick = get_step("filter", keep="'c.md' not in path")
    made = run(get_step("text", path=str(tmp_path)) >> pick, name="texts")
    (tmp_path / "a" / "a.md").write_text("another")
    again = run(get_step("text", path=str(tmp_path)) >> pick, name="texts")

    assert [one.source for one in made.rejected_rows()] == ["a/c.md"]
    assert [one.source for one in again.rejected_rows()] == ["a/c.md"]
    assert [again.explain(line=line).source for line in (1, 2, 3)] == ["a/a.md", "a/d.txt", "b.md"]
    assert again.explain("a/d.txt").row == made.explain(line=2).row
