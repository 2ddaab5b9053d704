"""A run goes on without standard output and standard error, and its status is that of its rows."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import COMMAND

from seedbed.store import RunReader

Start = Callable[..., "subprocess.Popen[str]"]

RUN = ("run", "t.py:Haiku", "--llm", "t.py:Echo/m", "-n", "3")


def in_shell(folder: Path, args: tuple[str, ...], redirections: str) -> subprocess.CompletedProcess[bytes]:
    line = f'exec "{COMMAND}" {" ".join(args)} {redirections}'
    return subprocess.run(["sh", "-c", line], cwd=folder, capture_output=True, check=False, timeout=60)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("redirections", "more"),
    [
        (">&-", ()),
        ("2>&-", ("--json",)),
        ("<&- >&- 2>&-", ()),
        ("2>/dev/full", ()),
        pytest.param(">&- 2>&-", ("--json",), marks=pytest.mark.slow),
        pytest.param(">/dev/full 2>/dev/full", ("--json",), marks=pytest.mark.slow),
    ],
)
def test_a_dataset_is_made_without_the_standard_streams(
    redirections: str, more: tuple[str, ...], folder: Path, runs: Path
) -> None:
    ended = in_shell(folder, (*RUN, "-o", "out.jsonl", *more), redirections)
    assert ended.returncode == 0, ended.stderr
    assert b"Traceback" not in ended.stderr
    assert len(Path("out.jsonl").read_text().splitlines()) == 3
    with RunReader.open(runs / "out") as reader:
        assert [session.outcome for session in reader.sessions()] == ["complete"]


@pytest.mark.slow
def test_rows_for_a_closed_standard_output_are_kept(folder: Path, runs: Path) -> None:
    ended = in_shell(folder, (*RUN, "--name", "kept"), ">&-")
    assert ended.returncode == 0, ended.stderr
    with RunReader.open(runs / "kept") as reader:
        assert len(reader.rows("haiku")) == 3
    assert b"standard output is closed" in ended.stderr


@pytest.mark.slow
@pytest.mark.parametrize("args", [("plugins",), ("nonsense",)])
def test_no_command_fails_for_want_of_streams(args: tuple[str, ...], folder: Path) -> None:
    ended = in_shell(folder, args, ">&- 2>&-")
    assert ended.returncode in (0, 2)


@pytest.mark.slow
@pytest.mark.variants(1)
@pytest.mark.parametrize(
    "args", [("plugins",), ("runs",), ("--help",), ("schema",), ("runs", "export", "kept")], ids=" ".join
)
def test_output_that_nobody_reads_is_no_fault_of_anybody(args: tuple[str, ...], start: Start) -> None:
    start(*RUN, "-o", "out.jsonl", "--name", "kept").communicate()
    read, write = os.pipe()
    os.close(read)
    process = start(*args, stdout=write)
    os.close(write)
    _, err = process.communicate()
    assert (process.returncode, err) == (3, "")


@pytest.mark.slow
def test_standard_error_that_nobody_reads_any_more_stops_nothing(
    start: Start,
) -> None:
    read, write = os.pipe()
    process = start(*RUN, "-o", "out.jsonl", stderr=write)
    os.close(write)
    os.close(read)
    process.communicate()
    assert process.returncode == 0
    assert len(Path("out.jsonl").read_text().splitlines()) == 3


@pytest.mark.slow
def test_the_summary_that_nobody_reads_changes_no_status(start: Start) -> None:
    read, write = os.pipe()
    process = start(*RUN, "-o", "out.jsonl", "--json", stdout=write)
    os.close(write)
    os.close(read)
    _, err = process.communicate()
    assert process.returncode == 0, err
    assert [json.loads(line)["index"] for line in Path("out.jsonl").read_text().splitlines()] == [0, 1, 2]


@pytest.mark.slow
def test_the_end_of_the_terminal_is_ignored_under_nohup(start: Start) -> None:
    def ignoring() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    process = start(
        *("run", "t.py:Waiting", "--llm", "t.py:Echo/m", "-n", "8", "-o", "out.jsonl"),
        *("--set", "llm.waits_for=go"),
        preexec_fn=ignoring,
    )
    while not Path("waiting").exists():
        assert process.poll() is None
    process.send_signal(signal.SIGHUP)
    Path("go").touch()
    _, err = process.communicate()
    assert process.returncode == 0, err
    assert len(Path("out.jsonl").read_text().splitlines()) == 8
