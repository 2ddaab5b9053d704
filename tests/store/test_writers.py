"""Files appear complete or not at all, and rows that were made are never lost."""

from __future__ import annotations

import io
import os
import signal
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from seedbed.errors import DatasetError, InvalidRowError, UsageError
from seedbed.store import open_writer, read_rows

ENDINGS = [".jsonl", ".ndjson", ".csv", ".parquet"]
ROWS = [{"a": "one", "b": "x"}, {"a": "two", "b": "y"}]


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def run_python(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_committed_dataset_holds_the_rows_in_order_and_nothing_else_is_left(tmp_path, ending):
    path = tmp_path / f"out{ending}"
    with open_writer(path) as writer:
        for row in ROWS:
            writer.write(row)
        assert not path.exists()
        writer.commit()
    assert list(read_rows(path)) == ROWS
    assert names(tmp_path) == {path.name}


def test_a_file_that_cannot_be_made_is_refused_at_once(tmp_path):
    with pytest.raises(UsageError, match="unknown ending"):
        open_writer(tmp_path / "out.json")


@pytest.mark.parametrize("ending", ENDINGS)
def test_abandoning_leaves_the_old_file_and_keeps_the_rows_beside_it(tmp_path, ending):
    path = tmp_path / f"out{ending}"
    path.write_bytes(b"old")
    writer = open_writer(path)
    writer.write(ROWS[0])
    kept = writer.abandon()
    assert kept == tmp_path / f"out.partial{ending}"
    assert list(read_rows(kept)) == ROWS[:1]
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == {path.name, kept.name}


@pytest.mark.parametrize("ending", ENDINGS)
def test_abandoning_without_rows_leaves_nothing(tmp_path, ending):
    assert open_writer(tmp_path / f"out{ending}").abandon() is None
    assert names(tmp_path) == set()


def test_leaving_the_block_by_an_error_keeps_the_rows(tmp_path):
    def interrupted() -> None:
        with open_writer(tmp_path / "out.jsonl") as writer:
            writer.write(ROWS[0])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert names(tmp_path) == {"out.partial.jsonl"}


def test_nothing_happens_after_the_end(tmp_path):
    writer = open_writer(tmp_path / "out.jsonl")
    writer.write(ROWS[0])
    writer.commit()
    assert writer.abandon() is None
    assert names(tmp_path) == {"out.jsonl"}
    with pytest.raises(DatasetError, match="has ended already"):
        writer.write(ROWS[0])
    with pytest.raises(DatasetError, match="has ended already"):
        writer.commit()


def test_a_refused_row_writes_nothing(tmp_path):
    path = tmp_path / "out.jsonl"
    writer = open_writer(path)
    writer.write({"a": 1})
    with pytest.raises(InvalidRowError, match="column 'a'"):
        writer.write({"a": object()})
    writer.write({"a": 2})
    writer.commit()
    assert writer.rows == 2
    assert path.read_bytes() == b'{"a":1}\n{"a":2}\n'


@pytest.mark.parametrize("ending", [".jsonl", ".csv", ".parquet"])
def test_files_in_the_making_are_private_and_the_result_follows_the_umask(tmp_path, ending):
    path = tmp_path / f"out{ending}"
    before = os.umask(0o027)
    try:
        writer = open_writer(path)
        writer.write(ROWS[0])
        (spool,) = tmp_path.iterdir()
        assert spool.name.startswith(".out.")
        assert stat.S_IMODE(spool.stat().st_mode) == 0o600
        writer.commit()
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize("ending", [".jsonl", ".parquet"])
def test_a_killed_process_leaves_the_rows_that_were_written(tmp_path, ending):
    code = """
        import os, signal, sys
        from pathlib import Path
        from seedbed.store import open_writer
        writer = open_writer(Path(sys.argv[1]))
        for index in range(100):
            writer.write({"index": index})
        os.kill(os.getpid(), signal.SIGKILL)
    """
    assert run_python(code, tmp_path / f"out{ending}").returncode == -signal.SIGKILL
    (spool,) = tmp_path.iterdir()
    assert [row["index"] for row in read_rows(spool)] == list(range(100))


@pytest.mark.parametrize("ending", [".jsonl", ".csv", ".parquet"])
def test_rows_survive_a_commit_that_fails(tmp_path, ending):
    path = tmp_path / f"out{ending}"
    writer = open_writer(path)
    writer.write(ROWS[0])
    path.mkdir()
    with pytest.raises(DatasetError, match=r"its rows are kept in '.*out.partial.jsonl'"):
        writer.commit()
    assert list(read_rows(tmp_path / "out.partial.jsonl")) == ROWS[:1]
    assert names(tmp_path) == {path.name, "out.partial.jsonl"}


def test_rows_in_a_format_that_fails_are_kept_as_json_lines_when_abandoned(tmp_path):
    writer = open_writer(tmp_path / "out.parquet")
    writer.write(ROWS[0])
    (tmp_path / "out.partial.parquet").mkdir()
    assert writer.abandon() == tmp_path / "out.partial.jsonl"
    assert list(read_rows(tmp_path / "out.partial.jsonl")) == ROWS[:1]


def test_a_full_disk_fails_the_row_and_keeps_the_earlier_ones(tmp_path):
    code = """
        import resource, signal, sys
        from pathlib import Path
        from seedbed.errors import DatasetError
        from seedbed.store import open_writer
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        writer = open_writer(Path(sys.argv[1]))
        writer.write({"text": "x" * 600})
        try:
            writer.write({"text": "y" * 600})
        except DatasetError as error:
            print(error)
        writer.write({"text": "z"})
        print(writer.abandon())
    """
    done = run_python(code, tmp_path / "out.jsonl")
    assert "cannot write rows for" in done.stdout, done.stderr
    assert [row["text"][0] for row in read_rows(tmp_path / "out.partial.jsonl")] == ["x", "z"]


def test_without_a_path_each_row_is_a_flushed_line():
    stream = io.BytesIO()
    buffered = io.BufferedWriter(stream)  # type: ignore[arg-type]
    writer = open_writer(None, buffered)
    writer.write({"a": "é"})
    assert stream.getvalue() == '{"a":"é"}\n'.encode()
    writer.write({"a": 2})
    writer.commit()
    assert writer.abandon() is None
    assert stream.getvalue().splitlines()[1:] == [b'{"a":2}']


def test_a_closed_standard_output_is_a_dataset_error():
    code = """
        import os
        from seedbed.errors import DatasetError
        from seedbed.store import open_writer
        reader, stream = os.pipe()
        os.close(reader)
        writer = open_writer(None, os.fdopen(stream, "wb", buffering=0))
        try:
            writer.write({"a": 1})
        except DatasetError as error:
            print(error, type(error.__cause__).__name__)
    """
    assert "BrokenPipeError" in run_python(code).stdout
