from __future__ import annotations

import codecs
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.cells import cell_len

from seedbed.cli.terminal.counting import cost_text
from seedbed.durations import duration

Start = Callable[..., "subprocess.Popen[str]"]

ECHO = ("--llm", "t.py:Echo/m")


@pytest.mark.slow
def test_lines_say_that_a_model_loads_and_how_far_the_rows_are(start: Start) -> None:
    process = start("run", "t.py:Slow", *ECHO, "-n", "3", "-o", "out.jsonl")
    assert process.stderr is not None
    assert process.stderr.readline() == "loading t.py:Echo/m ...\n"
    Path("loaded").touch()
    _, err = process.communicate()
    assert "3 rows in out.jsonl" in err.splitlines()


IMPATIENT = """
from seedbed.cli import main
from seedbed.cli.terminal import progress

progress._LINE_SECONDS = 0.2
main()
"""


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_lines_come_while_the_run_goes_on() -> None:
    words = ("run", "t.py:Waiting", *ECHO, "-n", "6", "-o", "out.jsonl", "--set", "llm.waits_for=go")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen([sys.executable, "-c", IMPATIENT, *words], text=True, **pipes)
    assert process.stderr is not None
    # A slow machine says before that it loads, or that there are fewer.
    assert any(line.startswith("4 of 6 rows, ") for line in process.stderr)
    Path("go").touch()
    _, err = process.communicate()
    assert "6 rows in out.jsonl" in err.splitlines()


@pytest.mark.slow
def test_a_terminal_shows_a_bar_that_is_gone_at_the_end(start: Start) -> None:
    ours, theirs = pty.openpty()
    options = ("-n", "6", "-o", "out.jsonl", "--set", "llm.waits_for=go")
    process = start("run", "t.py:Waiting", *ECHO, *options, stderr=theirs)
    os.close(theirs)
    shown = _read_until(ours, "4 of 6 rows")
    assert "\N{BOX DRAWINGS HEAVY HORIZONTAL}" in shown
    Path("go").touch()
    end = _read_until(ours, "of each\r\n")
    process.communicate()
    os.close(ours)
    assert "\r\x1b[J" in end, "the bar was not cleared"
    assert "`seedbed view out` shows the rows" in end
    assert "6 rows in out.jsonl" in end
    assert process.returncode == 0


@pytest.mark.slow
def test_on_a_dumb_terminal_there_are_lines_without_colours(start: Start) -> None:
    ours, theirs = pty.openpty()
    options = ("-n", "6", "-o", "out.jsonl", "--set", "llm.waits_for=go")
    environment = {**_without_columns(), "TERM": "dumb"}
    process = start("run", "t.py:Waiting", *ECHO, *options, stderr=theirs, env=environment)
    os.close(theirs)
    _read_until(ours, "4 of 6 rows, ")
    Path("go").touch()
    end = _read_until(ours, "of each\r\n")
    process.communicate()
    os.close(ours)
    assert end.lstrip().startswith("6 rows in out.jsonl")
    assert "\x1b" not in end


@pytest.mark.slow
def test_ctrl_z_gives_the_shell_a_clean_terminal_and_fg_draws_again(start: Start) -> None:
    ours, theirs = pty.openpty()
    options = ("-n", "6", "-o", "out.jsonl", "--set", "llm.waits_for=go")
    process = start("run", "t.py:Waiting", *ECHO, *options, stderr=theirs, process_group=0)
    os.close(theirs)
    _read_until(ours, "4 of 6 rows")
    process.send_signal(signal.SIGTSTP)
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    _read_until(ours, "\x1b[?25h\r\x1b[J")
    process.send_signal(signal.SIGCONT)
    _read_until(ours, "4 of 6 rows")
    Path("go").touch()
    assert "6 rows in out.jsonl" in _read_until(ours, "of each\r\n")
    process.communicate()
    assert process.returncode == 0
    os.close(ours)


PIPELINE = """
steps:
  - {use: "t.py:Waiting", name: ask}
  - {use: "p.py:Judge", name: judge}
  - {use: "p.py:Half", name: half}
"""
STEPS = """
from seedbed import Reject, Step

class Judge(Step):
    def process(self, row):
        if row["index"] == 0:
            raise Reject("too dull")
        return row

class Half(Step):
    def process(self, row):
        return row if row["index"] % 2 else None
"""


@pytest.mark.slow
@pytest.mark.parametrize(("columns", "bars"), [(80, True), (40, False)])
def test_a_terminal_shows_each_step_of_a_pipeline_and_what_is_left_to_spend(
    start: Start, monkeypatch: pytest.MonkeyPatch, columns: int, bars: bool
) -> None:
    Path("p.yaml").write_text(PIPELINE)
    Path("p.py").write_text(STEPS)
    monkeypatch.setenv("NO_COLOR", "1")
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    caps = ("--max-cost", "5", "--max-tokens-total", "90000", "--price-input", "1", "--price-output", "1")
    options = ("-n", "6", "-o", "out.jsonl", "--set", "ask.llm.waits_for=go", *caps)
    allowed = ("--allow-code", "t.py", "--allow-code", "p.py")
    process = start("run", "p.yaml", *allowed, *ECHO, *options, stderr=theirs, env=_without_columns())
    os.close(theirs)
    # Rows may pass while a screen is drawn, so one line of it may be behind those below.
    shown = _read_until(ours, "4 out", "3 out 75% pass", "2 out 67% pass", "left to spend: $5.00 of $5.00 ·")
    # The last screen that was drawn.
    lines = [line.rstrip() for line in re.sub(r"\x1b\[[0-9;?]*\w", "\n", shown).splitlines() if line.strip()]
    assert max(map(cell_len, lines)) <= columns
    said = [" ".join(re.sub("[╸╺━]", "", line).split()) for line in lines]
    assert any(re.match(r"ask \d+ tried 4 out", line) for line in said)
    assert any(line.startswith("judge 4 in 3 out 75% pass") for line in said)
    assert any(line.startswith("half 3 in 2 out 67% pass") for line in said)
    assert any(line.startswith("left to spend: $5.00 of $5.00 ·") for line in said)
    assert any("━" in line for line in lines if "judge" in line) is bars
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    Path("go").touch()
    _read_until(ours, "tokens")
    process.kill()
    process.communicate()
    os.close(ours)


def _without_columns() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}


def _read_until(descriptor: int, *texts: str) -> str:
    """Read what a terminal shows, up to the last of some texts that follow each other."""
    # What is read at once may end in the middle of a letter.
    decoder, shown = codecs.getincrementaldecoder("utf-8")(), ""
    pattern = re.compile(".*?".join(map(re.escape, texts)), re.DOTALL)
    while not pattern.search(shown):
        shown += decoder.decode(os.read(descriptor, 4096))
    return shown


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (59.4, "59 s"),
        (200, "3 min 20 s"),
        (600, "10 min"),
        (7500, "2 h 5 min"),
    ],
)
def test_times_have_about_two_digits(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("dollars", "text"),
    [(None, ""), (0.0, ""), (0.0000123, "$0.000012"), (0.0042, "$0.0042"), (1234.5, "$1,234.50")],
)
def test_amounts_are_told_to_the_digit_that_matters(dollars: float | None, text: str) -> None:
    assert cost_text(dollars) == text
