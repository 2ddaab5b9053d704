"""Files of a few kilobytes that would keep a reader busy for minutes are refused, and named."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from seedbed import DatasetError, Row, get_step, run
from seedbed_data.sources.memory_watch import grows_beyond


def made(name: str, **parameters: object) -> list[Row]:
    ended = run(get_step(name, **parameters))  # type: ignore[arg-type]
    if ended.stopped_by is not None:
        raise ended.stopped_by
    return [*ended.rows()]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("front", "said"),
    [
        ("a: " + "[" * 5000, "in more than 50 others"),
        ("a: " + "{" * 5000, "in more than 50 others"),
        ("- " * 2500, "in more than 50 others"),
        ("? " * 2500, "in more than 50 others"),
        ("{a: " * 1250, "in more than 50 others"),
        ("a: " + "1:" * 2500 + "1", "a number of 5,001 digits"),
        ("a: " + "9" * 5000, "a number of 5,000 digits"),
        ("a: 2024-02-30", "cannot be read: day is out of range"),
    ],
)
def test_front_matter_is_bounded(front: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(f"---\n{front}\n---\ntext")

    with pytest.raises(DatasetError, match=rf"'.*a\.md' has front matter .*{said}"):
        made("text", path=tmp_path)


def test_front_matter_of_many_entries_is_read(tmp_path: Path) -> None:
    entries = "".join(f"k{number}: [{number}, {{a: [b]}}]\n" for number in range(200))
    (tmp_path / "a.md").write_text(f"---\n{entries}long: '{'9' * 5000}'\n---\ntext")

    (row,) = made("text", path=tmp_path)
    assert row["k199"] == [199, {"a": ["b"]}]
    assert row["long"] == "9" * 5000


@pytest.mark.parametrize("source", ["text", "documents"])
def test_a_folder_that_links_to_itself_gives_each_file_once(source: str, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.md").write_text("[" * 5000)
    for name in ("one", "two"):
        (tmp_path / "in" / name).symlink_to(tmp_path, target_is_directory=True)

    assert [row["path"] for row in made(source, path=str(tmp_path / "**" / "*.md"))] == ["in/a.md"]


@pytest.mark.slow
def test_documents_read_text_as_text_without_a_converter(tmp_path: Path) -> None:
    # Beyond the part by which an encoding would be guessed.
    (tmp_path / "a.md").write_bytes(b"\xef\xbb\xbf" + b"a" * 10_000 + "é\r\n".encode())
    program = f"""if True:
        import subprocess, sys
        from seedbed import get_step, run
        sys.addaudithook(lambda event, _: event == "subprocess.Popen" and sys.exit("starts a process"))
        (row,) = run(get_step("documents", path={str(tmp_path / "*.md")!r})).rows()
        assert row == {{"path": "a.md", "text": "a" * 10_000 + "é", "title": None}}, row
        assert "markitdown" not in sys.modules
    """
    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path)


def test_documents_in_an_encoding_of_their_own_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"caf\xe9 au lait")

    with pytest.raises(DatasetError, match=r"a\.txt"):
        made("documents", path=str(tmp_path / "*.txt"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", ["<p>x" + " " * 60_000 + "x", '<a b="' * 20_000, "<pre>x" + "\n" * 60_000 + "x"]
)
def test_a_document_that_takes_too_long_is_named_and_the_rows_before_it_stay(
    page: str, tmp_path: Path
) -> None:
    for name, text in {"a.html": "<title>T</title><p>first", "b.html": page, "c.html": "<p>last"}.items():
        (tmp_path / name).write_text(text)

    ended = run(get_step("documents", path=tmp_path, seconds=1))
    assert "b.html' takes more than 1 s of processor time" in str(ended.stopped_by)
    assert [(row["path"], row["title"]) for row in ended.rows()] == [("a.html", "T")]


def packed(path: Path, size: int) -> None:
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b" " * size)


@pytest.mark.parametrize("name", ["a.docx", "a.pptx", "a.html", "a.htm", "a.pdf", "a.md"])
def test_a_document_that_is_too_large_is_named_before_it_is_read(name: str, tmp_path: Path) -> None:
    is_packed = name in ("a.docx", "a.pptx")
    if is_packed:
        packed(tmp_path / name, 3_000_000)
        assert (tmp_path / name).stat().st_size < 10_000
    else:
        (tmp_path / name).write_bytes(b" " * 3_000_000)

    with pytest.raises(DatasetError) as refused:
        made("documents", path=str(tmp_path / name), megabytes=2)

    has = "3.0 MB unpacked" if is_packed else "3.0 MB"
    assert f"{name}' has {has}, and a document may have 2 (`megabytes`)" in refused.value.fact


@pytest.mark.parametrize("content", [b"", b"not packed", b"PK\x03\x04 cut off"])
def test_a_packed_document_that_is_none_is_named(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.docx").write_bytes(content)
    with pytest.raises(DatasetError, match=r"a\.docx' is not a \.docx document"):
        made("documents", path=tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds the address space")
def test_a_document_that_takes_too_much_memory_is_named_and_the_rows_before_it_stay(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<title>T</title><p>first")
    (tmp_path / "b.html").write_text("<p " + "a=b " * 10_000_000 + ">x")

    ended = run(get_step("documents", path=tmp_path, memory=1000))
    assert "b.html' takes more than 1,000 MB of memory to read (`memory`)" in str(ended.stopped_by)
    assert [row["path"] for row in ended.rows()] == ["a.html"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the memory of another process")
@pytest.mark.parametrize(
    ("program", "is_beyond"),
    [
        ("x = bytearray(200_000_000); input()", True),
        ("print('read')", False),
        ("", False),
    ],
)
def test_the_memory_of_a_reader_is_seen_whatever_it_does(program: str, is_beyond: bool) -> None:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", program], **pipes, text=True) as process:
        assert grows_beyond(process, 100) is is_beyond
        process.kill()


def _zipped(path: Path, names: Sequence[str]) -> None:
    with ZipFile(path, "w") as file:
        for name in names:
            file.writestr(name, "<not closed")


@pytest.mark.slow
def test_a_damaged_document_is_no_text(tmp_path: Path) -> None:
    pytest.importorskip("markitdown")
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4 what an editor left of it")
    _zipped(tmp_path / "b.docx", ["word/document.xml", "[Content_Types].xml"])
    _zipped(tmp_path / "c.pptx", ["ppt/presentation.xml", "[Content_Types].xml"])

    rows = list(run(get_step("documents", path=tmp_path, on_error="keep")).rows())

    assert [row["text"] for row in rows] == ["", "", ""]
    assert ["cannot be read as a document" in row["error"] for row in rows] == [True, True, True]
    assert str(tmp_path) not in str(rows)


def test_a_query_that_names_a_file_says_how_files_are_named(tmp_path: Path) -> None:
    pytest.importorskip("duckdb")
    (tmp_path / "data.csv").write_text("a\n1\n")
    with pytest.raises(DatasetError) as caught:
        run(get_step("sql", query=f"select * from '{tmp_path}/data.csv'"))
    assert "select from the names: tables: {rows: data.csv}" in "\n".join(caught.value.advice)
