from __future__ import annotations

import os
import pty
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from seedbed.cli.counting import duration

Start = Callable[..., "subprocess.Popen[str]"]

ECHO = ("--llm", "t.py:Echo/m")


def test_lines_say_that_a_model_loads_and_how_far_the_rows_are(start: Start) -> None:
    process = start("run", "t.py:Slow", *ECHO, "-n", "3", "-o", "out.jsonl")
    assert process.stderr is not None
    assert process.stderr.readline() == "loading t.py:Echo/m ...\n"
    Path("loaded").touch()
    _, err = process.communicate()
    assert err.startswith("3 rows in out.jsonl\n")


def test_lines_come_while_the_run_goes_on(start: Start) -> None:
    process = start("run", "t.py:Waiting", *ECHO, "-n", "6", "-o", "out.jsonl", "--set", "llm.waits_for=go")
    assert process.stderr is not None
    assert process.stderr.readline().startswith("4 of 6 rows, ")
    Path("go").touch()
    _, err = process.communicate()
    assert err.startswith("6 rows in out.jsonl\n")


def test_a_terminal_shows_a_bar_that_is_gone_at_the_end(start: Start) -> None:
    ours, theirs = pty.openpty()
    options = ("-n", "6", "-o", "out.jsonl", "--set", "llm.waits_for=go")
    process = start("run", "t.py:Waiting", *ECHO, *options, stderr=theirs)
    os.close(theirs)
    shown = _read_until(ours, "4 of 6 rows")
    assert "\N{BOX DRAWINGS HEAVY HORIZONTAL}" in shown
    Path("go").touch()
    end = _read_until(ours, "tokens\r\n")
    process.communicate()
    os.close(ours)
    assert "\x1b[2K" in end, "the bar was not cleared"
    assert "6 rows in out.jsonl" in end
    assert process.returncode == 0


def _read_until(descriptor: int, text: str) -> str:
    shown = ""
    deadline = time.monotonic() + 60
    while text not in shown:
        assert time.monotonic() < deadline
        shown += os.read(descriptor, 4096).decode()
    return shown


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (59.4, "59 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")],
)
def test_times_have_about_two_digits(seconds: float, words: str) -> None:
    assert duration(seconds) == words
