from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from seedbed.store import RunReader

Start = Callable[..., "subprocess.Popen[str]"]

WAITING = ("run", "t.py:Waiting", "--llm", "t.py:Echo/m", "-n", "100", "-o", "out.jsonl")


def _wait_for(path: str, lines: int = 0) -> None:
    deadline = time.monotonic() + 60
    while not Path(path).exists() or Path(path).read_text().count("\n") < lines:
        assert time.monotonic() < deadline, f"{path} never came"
        time.sleep(0.01)


def _say(process: subprocess.Popen[str], text: str) -> str:
    """Read stderr up to the line that has `text`."""
    assert process.stderr is not None
    for line in process.stderr:
        if text in line:
            return line
    raise AssertionError(f"the command ended without saying {text!r}")


def kept_rows(folder: Path, leaf: str) -> int:
    with RunReader.open(folder) as reader:
        return len(reader.rows(leaf))


@pytest.mark.slow
@pytest.mark.variants(1)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_lets_calls_in_flight_finish_and_keeps_the_rows(
    start: Start, number: signal.Signals, runs: Path
) -> None:
    Path("out.jsonl").write_text("old\n")
    process = start(*WAITING, "--set", "llm.waits_for=go", "--concurrency", "3")
    _wait_for("waiting", lines=3)
    process.send_signal(number)
    _say(process, "calls in flight have 10 s to finish")
    Path("go").touch()
    _, err = process.communicate()
    assert process.returncode == 3
    # The four that do not wait, and the three that were in flight.
    assert "interrupted: 7 of 100 rows" in err
    assert "run the same command again to resume" in err
    assert "out.jsonl was not changed" in err
    assert Path("out.jsonl").read_text() == "old\n"
    assert kept_rows(runs / "out", "waiting") == 7


@pytest.mark.slow
def test_the_second_signal_cancels_what_is_in_flight(start: Start) -> None:
    process = start(*WAITING, "--set", "llm.waits_for=never")
    _wait_for("waiting")
    process.send_signal(signal.SIGINT)
    _say(process, "calls in flight")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 3
    assert "interrupted: 4 of 100 rows" in err
    assert "out.jsonl was not written" in err
    assert "Traceback" not in err


@pytest.mark.slow
def test_the_third_signal_ends_a_process_that_cannot_stop(start: Start) -> None:
    process = start(*WAITING, "--set", "llm.blocks=true")
    _wait_for("blocking")
    process.send_signal(signal.SIGINT)
    _say(process, "calls in flight")
    process.send_signal(signal.SIGINT)
    _say(process, "stopping now")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 3
    assert err == "", "it was not the signal that ended it"


@pytest.mark.slow
def test_a_process_that_cannot_stop_ends_by_itself_and_keeps_its_rows(start: Start) -> None:
    process = start(*WAITING, "--set", "llm.blocks=true", "--set", "llm.waits_for=never")
    _wait_for("blocking")
    process.send_signal(signal.SIGINT)
    _say(process, "calls in flight")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 3
    assert "something does not stop, so the process ends; the rows so far are kept" in err


@pytest.mark.slow
def test_a_signal_while_a_step_loads_ends_the_run_before_anything_is_asked(start: Start) -> None:
    process = start("run", "t.py:Slow", "--llm", "t.py:Echo/m", "-n", "5", "-o", "out.jsonl")
    _wait_for("loading")
    process.send_signal(signal.SIGINT)
    _say(process, "interrupted: 0 of 5 rows")
    Path("loaded").touch()
    process.communicate()
    assert process.returncode == 3
    assert not Path("out.jsonl").exists()


@pytest.mark.slow
def test_a_killed_session_says_what_it_came_to(start: Start, runs: Path) -> None:
    process = start(*WAITING, "--set", "llm.waits_for=go", "--concurrency", "3")
    _wait_for("waiting", lines=3)
    deadline = time.monotonic() + 60
    # Its first rows are durable soon, and it waits for the others.
    while not (runs / "out/run.db").exists() or kept_rows(runs / "out", "waiting") < 4:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.kill()
    process.communicate()
    with RunReader.open(runs / "out") as reader:
        (killed,) = reader.sessions()
    assert (killed.outcome, killed.summary) == (None, {"accepted": 4, "calls": 4})
    Path("go").touch()
    process = start(*WAITING, "--set", "llm.waits_for=go", "--concurrency", "3")
    process.communicate()
    assert process.returncode == 0
    with RunReader.open(runs / "out") as reader:
        killed, whole = reader.sessions()
    assert (killed.outcome, killed.summary) == (None, {"accepted": 4, "calls": 4})
    assert whole.summary is not None
    assert (whole.outcome, whole.summary["calls"]) == ("complete", 96)


AT_AN_IMPORT = """
import os, signal, sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == os.environ["AT"]:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
"""


@pytest.mark.parametrize("module", ["logging", "click"])
def test_ctrl_c_while_the_command_is_imported_ends_it_without_a_traceback(
    module: str, start: Start, folder: Path
) -> None:
    (folder / "sitecustomize.py").write_text(AT_AN_IMPORT)
    # In the background of a shell a process ignores the signal, and what it starts does so too.
    env = {**os.environ, "PYTHONPATH": str(folder), "AT": module}
    process = start("plugins", env=env, preexec_fn=heed_interrupts)
    out, err = process.communicate()
    assert (process.returncode, out, err) == (3, "", "error: interrupted\n")


AT_EXIT = """
import atexit, os, signal
from seedbed import GeneratorTask

class Exiting(GeneratorTask):
    "Interrupted as the process ends."
    template: str = "x"

atexit.register(lambda: os.kill(os.getpid(), signal.SIGINT))
"""


@pytest.mark.slow
def test_ctrl_c_as_the_process_ends_shows_no_traceback_and_keeps_the_status(
    start: Start, folder: Path
) -> None:
    (folder / "e.py").write_text(AT_EXIT)
    process = start("run", "e.py:Exiting", "--help", preexec_fn=heed_interrupts)
    out, err = process.communicate()
    assert (process.returncode, err) == (0, "")
    assert "Interrupted as the process ends." in out


TWICE = """
import os, signal, sys
from seedbed import GeneratorTask

class Stream:
    "Interrupted again while it says that it was interrupted."
    def __init__(self, stream):
        self._stream = stream
    def write(self, text):
        if "interrupted" in text:
            os.kill(os.getpid(), signal.SIGINT)
        return self._stream.write(text)
    def __getattr__(self, name):
        return getattr(self._stream, name)

sys.stderr = Stream(sys.stderr)
os.kill(os.getpid(), signal.SIGINT)
"""


@pytest.mark.slow
def test_a_second_ctrl_c_while_the_first_is_reported_shows_no_traceback(start: Start, folder: Path) -> None:
    (folder / "e.py").write_text(TWICE)
    process = start("run", "e.py:Exiting", "--help", preexec_fn=heed_interrupts)
    _, err = process.communicate()
    assert process.returncode == 3
    assert "Traceback" not in err


def heed_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
