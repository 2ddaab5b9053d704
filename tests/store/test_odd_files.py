"""Files as outsiders have them: each is read right, or refused with its line and what to do."""

from __future__ import annotations

import bz2
import os
from pathlib import Path

import pytest

from seedbed.errors import DatasetError, UsageError
from seedbed.store import read_rows
from seedbed.store.read_options import Reading
from seedbed.store.readers import read_text
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
        ("a.jsonl", "a,b\n1,2\n", r"line 1 is not JSON.*\n.*ends in \.csv"),
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


@pytest.mark.parametrize(
    ("name", "mark", "usual"),
    [("a.csv", ";", ","), ("a.csv", "\t", ","), ("a.csv", "|", ","), ("a.tsv", ",", "\t")],
)
def test_cells_between_other_marks_are_noted_and_read_when_that_is_said(
    name: str, mark: str, usual: str, tmp_path: Path
) -> None:
    path = written(tmp_path, name, f'a{mark}b\n1{mark}2\n"{mark}\n""{mark}"{mark}"x"\n')
    notes: list[str] = []

    next(iter(read_rows(path, Reading(note=notes.append))))
    assert f"cells are separated by {usual!r}, not by {mark!r}" in notes[0]

    rows = [{"a": "1", "b": "2"}, {"a": f'{mark}\n"{mark}', "b": "x"}]
    assert list(read_rows(path, Reading(note=notes.append, delimiter=mark))) == rows
    assert list(read_rows(path, Reading(delimiter=mark), skip=1)) == rows[1:]
    assert len(notes) == 1


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be", "utf-8"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_declared_encoding_may_have_its_byte_order_mark_or_none(
    encoding: str, mark: str, tmp_path: Path
) -> None:
    (path := tmp_path / "a.csv").write_bytes(f"{mark}a,b\né,2\n".encode(_with_ends(encoding)))

    assert list(read_rows(path, Reading(encoding))) == [{"a": "é", "b": "2"}]
    assert read_text(path, encoding).endswith("a,b\né,2\n")


def _with_ends(encoding: str) -> str:
    """Return the encoding that writes no mark of its own."""
    return f"{encoding}-le" if encoding in ("utf-16", "utf-32") else encoding


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jsonl", b'{"a":1}\r{"a":2}\r', r"line 1 is not JSON.*\n.*a carriage return alone"),
        ("a.jsonl", b'{"a":1}{"a":2}\n', r"line 1 is not JSON.*\n.*a line of its own"),
        ("a.jsonl", '{"a":"é"}\n'.encode("utf-16")[:-1], r"within a character of utf-16.*\n.*cut off"),
        ("a.csv", "a\né".encode()[:-1], r"within a character of UTF-8.*\n.*cut off"),
        ("a.jsonl.gz", b"", r"it has no bytes\n.*cut off"),
        ("a.jsonl.zst", b"", r"it has no bytes\n.*cut off"),
        ("a.jsonl.gz", b'{"a":1}\n', r"\n.*isn't compressed, take .gz off its name"),
        ("a.jsonl.zst", b'{"a":1}\n', r"\n.*isn't compressed, take .zst off its name"),
        ("a.jsonl.gz", bz2.compress(b'{"a":1}\n'), r"\n.*begins like a file compressed by bzip2"),
    ],
)
def test_a_file_that_is_cut_or_misnamed_is_said_to_be(
    name: str, content: bytes, said: str, tmp_path: Path
) -> None:
    (path := tmp_path / name).write_bytes(content)

    with pytest.raises(DatasetError, match=said):
        list(read_rows(path))


def test_a_file_in_another_unicode_than_declared_says_which(tmp_path: Path) -> None:
    (path := tmp_path / "a.jsonl").write_bytes('{"a":1}\n'.encode("utf-16"))

    with pytest.raises(DatasetError, match="--encoding utf-16"):
        list(read_rows(path, Reading("utf-8")))


def test_files_put_one_after_another_with_their_marks_are_read(tmp_path: Path) -> None:
    path = written(tmp_path, "a.jsonl", '\ufeff{"a":1}\n\ufeff{"a":2}\n')

    assert list(read_rows(path)) == [{"a": 1}, {"a": 2}]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    os.mkfifo(path := tmp_path / "a.jsonl")

    with pytest.raises(UsageError, match=r"a pipe or a device, not a file\n.*save"):
        read_rows(path)
    with pytest.raises(UsageError, match=r"a pipe or a device, not a file\n.*save"):
        Files(path).require()


def test_an_empty_path_stands_for_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, "a.jsonl", "{}")

    assert Files("").paths() == Files(" ").paths() == []
    with pytest.raises(UsageError, match="the path is empty"):
        Files("").require()


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.parquet", "a.jsonl.gz", "a.json"])
def test_a_pointer_of_git_lfs_is_no_data(name: str, tmp_path: Path) -> None:
    (path := tmp_path / name).write_bytes(LFS)

    with pytest.raises(UsageError, match=r"is a pointer of Git LFS.*\n.*git lfs pull"):
        read_rows(path)
    with pytest.raises(UsageError, match="is a pointer of Git LFS"):
        read_text(path)


def test_a_link_to_a_file_that_is_not_there_is_not_passed_over(tmp_path: Path) -> None:
    written(tmp_path, "a.jsonl", "{}")
    (tmp_path / "b.jsonl").symlink_to(tmp_path / "gone")

    for pattern in ("*.jsonl", "**/*.jsonl"):
        with pytest.raises(UsageError, match=r"b.jsonl' is a link to a file that isn't there"):
            Files(tmp_path / pattern).require()
    assert Files(tmp_path / "a*").require() == [tmp_path / "a.jsonl"]


def test_a_name_too_long_for_a_file_is_refused() -> None:
    with pytest.raises(UsageError, match="cannot be read: File name too long"):
        Files("a" * 5000).require()
    with pytest.raises(UsageError, match="cannot be read: File name too long"):
        read_rows(Path("a" * 5000 + ".jsonl"))


def test_a_last_letter_in_another_encoding_is_told_from_a_file_that_is_cut_off(tmp_path: Path) -> None:
    (path := tmp_path / "a.txt").write_bytes("Café".encode("cp1252"))

    with pytest.raises(DatasetError, match=r"within a character.*\n.*cut off\n.*--encoding cp1252"):
        read_text(path)
