"""Files as outsiders have them: each is read right, or refused with its line and what to do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from seedbed.errors import DatasetError, UsageError
from seedbed.store import read_rows
from seedbed.store.read_options import Reading
from seedbed.tasks.files import Files

DEEP = '{"a": ' + "[" * 3000 + "]" * 3000 + "}"


def written(folder: Path, name: str, content: str) -> Path:
    path = folder / name
    path.write_bytes(content.encode())
    return path


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (
            "a.jsonl",
            '{"a":1}\n{"a":"x\0y"}',
            r"line 2 is not JSON: invalid control character at, at character 8",
        ),
        ("a.jsonl", '{"a":1}\n[{"a":1},', r"line 2 is not JSON: .*, at character 10\n.*`json`"),
        ("a.jsonl", '{\n  "a": 1\n}', r"line 1 is not JSON.*\n.*a line of its own"),
        ("a.jsonl", DEEP, "line 1 is not JSON: it's nested too deep"),
        ("a.json", f"[{DEEP}]", "item 1 is not JSON: it's nested too deep"),
        ("a.jsonl", '{"a": ' + "9" * 5000 + "}", "line 1 is not JSON: it holds a number of too many digits"),
        ("a.json", '{"a": 1}\n{"a": 2}', r"is not a list of objects\n.*\n.*`jsonl`"),
        ("a.csv", 'a,b\n1,2\n3,"4\n5,6\n', r"line 4 is not CSV: .*\n  its row begins on line 3"),
        ("a.csv", 'a\n"b\n"c\n', r"line 3 is not CSV: .*\n  its row begins on line 2"),
        ("a.csv", "\n\na,b\n1\n", "line 4 has too few cells: 1 for 2 columns"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(name: str, content: str, said: str, tmp_path: Path) -> None:
    path = written(tmp_path, name, content)

    with pytest.raises(DatasetError, match=said) as caught:
        list(read_rows(path))
    assert name in str(caught.value)


@pytest.mark.parametrize("number", ["1e400", "-1e400", "NaN", "-Infinity"])
@pytest.mark.parametrize(("name", "form"), [("a.jsonl", '{{"a": [{}]}}'), ("a.json", '[{{"a": [{}]}}]')])
def test_a_number_that_no_row_can_hold_is_noted(name: str, form: str, number: str, tmp_path: Path) -> None:
    path = written(tmp_path, name, form.format(number))
    notes: list[str] = []

    assert list(read_rows(path, Reading(note=notes.append))) == [{"a": [None]}]
    assert len(notes) == 1
    assert notes[0].endswith(f": {number}, which no row can hold, is read as null")


def test_empty_lines_before_the_columns_of_csv_are_no_columns(tmp_path: Path) -> None:
    assert list(read_rows(written(tmp_path, "a.csv", "\r\n\na,b\n1,2\n"))) == [{"a": "1", "b": "2"}]


def test_cells_between_semicolons_are_noted(tmp_path: Path) -> None:
    notes: list[str] = []

    list(read_rows(written(tmp_path, "a.csv", "a;b\n1;2\n"), Reading(note=notes.append)))
    assert notes == [f"'{tmp_path}/a.csv': its only column is 'a;b': cells are separated by ',', not by ';'"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    os.mkfifo(path := tmp_path / "a.jsonl")

    with pytest.raises(UsageError, match=r"a pipe or a device, not a file\n.*save"):
        read_rows(path)
    with pytest.raises(UsageError, match=r"a pipe or a device, not a file\n.*save"):
        Files(path).require()
