"""Rows that came from somewhere are named by that: file and line, or their place in what was given."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seedbed import GlobalStep, Pass, Reject, Step, hookimpl, run, when
from seedbed.store import RunReader
from seedbed.store.row_names import row_names


class Picky(Step):
    def process(self, row):
        if row["n"] in ("3", 3):
            raise ValueError("three")
        if row["n"] in ("4", 4):
            raise Reject("four")
        return row


ROWS = [{"n": n} for n in (1, 2, 3, 4)]


def jsonl(path: Path) -> None:
    # Blank lines are lines, and no rows.
    path.write_text("\n".join(f"{json.dumps(row)}\n" for row in ROWS))


def packed(path: Path) -> None:
    with gzip.open(path, "wt") as file:
        file.write("\n".join(map(json.dumps, ROWS)))


def utf16(path: Path) -> None:
    path.write_text("\n".join(map(json.dumps, ROWS)), "utf-16")


def csv(path: Path) -> None:
    # A record that goes on over three lines is named by its first.
    path.write_text('n,text\n1,"a\nb\nc"\n2,\n3,"x\ny"\n4,\n')


def as_list(path: Path) -> None:
    path.write_text(json.dumps(ROWS, indent=2))


def parquet(path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(ROWS), path)


@pytest.mark.parametrize(
    ("name", "write", "failed", "rejected"),
    [
        ("rows.jsonl", jsonl, "line 5", "line 7"),
        ("rows.jsonl.gz", packed, "line 3", "line 4"),
        ("rows.ndjson", utf16, "line 3", "line 4"),
        ("rows.csv", csv, "line 6", "line 8"),
        ("rows.json", as_list, "item 3", "item 4"),
        ("rows.parquet", parquet, "row 3", "row 4"),
    ],
)
def test_a_row_of_a_file_is_named_by_file_and_line(tmp_path, name, write, failed, rejected):
    write(tmp_path / name)
    done = run(Picky(), input=tmp_path / name, name="named")
    assert [one.source for one in done.failures] == [f"{name}, {failed}"]
    with RunReader.open(done.folder) as reader:
        sources = [(one.verdict, one.source) for one in reader.refused("picky")]
    assert sources == [("failed", f"{name}, {failed}"), ("rejected", f"{name}, {rejected}")]


@pytest.mark.parametrize("rows", [ROWS, pa.Table.from_pylist(ROWS), (row for row in ROWS)])
def test_a_row_in_memory_is_named_by_its_place(rows):
    assert [one.source for one in run(Picky(), input=rows).failures] == ["row 3 of input"]


def test_observers_and_notebooks_name_it_alike():
    class Notes:
        def __init__(self):
            self.sources = []

        @hookimpl
        def seedbed_row_finished(self, run, row):
            self.sources.append(row.source)

    notes = Notes()
    done = run(Picky(), input=ROWS, observers=[notes])
    assert notes.sources == [None, None, "row 3 of input", "row 4 of input"]
    assert "ValueError: three (row 3 of input)" in done._repr_html_()


def test_rows_made_of_one_are_named_by_it_and_by_their_number():
    class Twice(Step):
        def process(self, row):
            return [row, row]

    done = run(Twice() >> Picky(), input=ROWS)
    assert [one.place for one in done.failures] == ["row 3/0 of input", "row 3/1 of input"]


def test_the_same_name_holds_at_routes_and_joins():
    routed = [when("n < 3", Pass(name="low"))] >> Pass(name="end")
    done = run(routed, input=ROWS, name="routed")
    with RunReader.open(done.folder) as reader:
        assert [one.source for one in reader.refused("end")] == ["row 3 of input", "row 4 of input"]

    class Twice(Step):
        def process(self, row):
            return [row, row]

    joined = Pass(name="start") >> [Twice(name="one"), Twice(name="two")] >> Pass(name="end")
    assert [one.source for one in run(joined, input=ROWS[:1]).failures] == ["row 1 of input"]


def test_a_row_that_is_none_is_named():
    done = run(Picky(), input=[{"n": 1}, {"n": object()}])
    assert [one.source for one in done.failures] == ["row 2 of input"]


def test_rows_of_a_step_over_all_rows_are_named_by_their_index_there():
    class Sort(GlobalStep):
        def process(self, rows):
            yield from sorted(rows, key=lambda row: -row["n"])

    done = run(Sort() >> Picky(), input=ROWS)
    assert [one.source for one in done.failures] == ["row 1 of 'sort'"]


def test_a_row_that_has_moved_is_named_by_where_it_stands_now(tmp_path):
    path = tmp_path / "rows.jsonl"
    routed = Picky() >> [when("n < 2", Pass(name="low"))] >> Pass(name="end")
    for before, lines in (("", [2, 3, 4]), ("\n\n", [4, 5, 6]), ('{"n": 0}\n', [3, 4, 5])):
        path.write_text(before + "\n".join(map(json.dumps, ROWS)))
        done = run(routed, input=path, name="moved")
        with RunReader.open(done.folder) as reader:
            sources = [one.source for one in reader.refused("end")]
        assert sources == [f"rows.jsonl, line {line}" for line in lines]
        assert [one.source for one in done.failures] == [f"rows.jsonl, line {lines[1]}"]
    again = run(routed, input=path, name="moved")
    assert [one.source for one in again.failures] == ["rows.jsonl, line 4"]


@pytest.mark.parametrize(
    ("named", "text"),
    [
        ([("7", "")], "row 7"),
        ([("7", ""), ("9/1", "")], "rows 7, 9/1"),
        ([("T-7", "q.jsonl, line 7")], "row T-7 (q.jsonl, line 7)"),
        ([("T-7/1", "row 7 of input"), ("T-9", "row 9 of input")], "rows T-7/1, T-9"),
        ([("82.0", ""), ("c2.0", "")], "rows 82.0, c2.0"),
        ([("abababababababab.0", "q.jsonl, line 7")], "q.jsonl, line 7"),
        (
            [("abababababababab.0", "q.jsonl, line 7"), ("cdcdcdcdcdcdcdcd.0/1", "q.jsonl, line 9")],
            "q.jsonl, lines 7, 9/1",
        ),
        (
            [("abababababababab.0", "row 7 of input"), ("cdcdcdcdcdcdcdcd.0", "row 9 of input")],
            "row 7 of input; row 9 of input",
        ),
        ([("abababababababab.0", "q.jsonl, line 7"), ("source", "")], "q.jsonl, line 7; row source"),
    ],
)
def test_several_names_are_one_text(named, text):
    assert row_names(named) == text
