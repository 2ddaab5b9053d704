"""`seedbed runs`: listed, shown, exported and removed, whatever state they are in."""

from __future__ import annotations

import json
import os
import pty
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.cli.conftest import Result
from tests.support.scripted_llm import scripted
from tests.support.terminal import terminal

from seedbed import GeneratorTask
from seedbed import run as make
from seedbed.cli import invoke
from seedbed.cli.terminal.counting import ago
from seedbed.store import RunReader, is_run

Seedbed = Callable[..., Result]
Start = Callable[..., "subprocess.Popen[str]"]

ECHO = ("--llm", "t.py:Echo/m")
WAITING = ("run", "t.py:Waiting", *ECHO, "-n", "6", "-o", "w.jsonl", "--set", "llm.waits_for=go")


@pytest.fixture
def odd(seedbed: Seedbed) -> Result:
    """A run of eight rows, half of which failed."""
    return seedbed("run", "t.py:Odd", *ECHO, "-n", "8", "-o", "odd.jsonl")


@pytest.fixture
def working(start: Start, runs: Path) -> subprocess.Popen[str]:
    """A process that works on the run `w`, of which four rows of six are there."""
    process = start(*WAITING)
    deadline = time.monotonic() + 60
    while _durable_rows(runs / "w") != 4:
        assert time.monotonic() < deadline, "the rows that do not wait never came"
        time.sleep(0.01)
    return process


def _durable_rows(folder: Path) -> int:
    if not is_run(folder):
        return 0
    with RunReader.open(folder) as reader:
        return len(reader.rows("waiting"))


def _end(process: subprocess.Popen[str]) -> None:
    Path("go").touch()
    process.communicate()


def _listed(seedbed: Seedbed) -> dict[str, dict[str, object]]:
    return {one["name"]: one for one in json.loads(seedbed("runs", "--json").out)}


def test_where_there_are_none_the_list_says_how_to_make_one(seedbed: Seedbed) -> None:
    result = seedbed("runs")
    assert (result.status, result.out) == (0, "")
    assert "there are no runs in" in result.err
    assert "seedbed run TASK" in result.err
    assert seedbed("runs", "list", "--json").out == "[]\n"


def test_the_list_has_rows_calls_and_tokens_of_all_sessions(seedbed: Seedbed, odd: Result) -> None:
    seedbed("run", "t.py:Haiku", *ECHO, "-n", "3", "--name", "poems")
    seedbed("run", "t.py:Haiku", *ECHO, "-n", "5", "--name", "poems")
    _, *lines = (line.split() for line in seedbed("runs").out.splitlines())
    assert [line[:11] for line in lines] == [
        ["poems", "haiku", "complete", "5", "0", "0", "5", "50", "100", "-", lines[0][10]],
        ["odd", "odd", "incomplete", "4", "of", "8", "4", "0", "8", "80", "160"],
    ]
    machine = _listed(seedbed)["poems"]
    assert (machine["accepted"], machine["calls"], machine["input_tokens"]) == (5, 5, 50)


@pytest.mark.slow
def test_on_a_terminal_the_newest_run_is_first_and_its_time_is_in_words(seedbed: Seedbed) -> None:
    for name in ("b", "c", "a"):
        seedbed("run", "t.py:Haiku", *ECHO, "-n", "1", "--name", name)
    with terminal() as screen:
        invoke(["runs"])
    lines = [line for line in screen.text.splitlines() if "haiku" in line]
    assert [line.split()[0] for line in lines] == ["a", "c", "b"]
    assert all(line.endswith("just now") for line in lines)
    assert [one["name"] for one in json.loads(seedbed("runs", "--json").out)] == ["a", "c", "b"]


NOW = datetime(2026, 11, 28, 15, 30).astimezone()


@pytest.mark.parametrize(
    ("then", "said"),
    [
        (NOW - timedelta(seconds=20), "just now"),
        (NOW + timedelta(seconds=20), "just now"),
        (NOW - timedelta(minutes=59, seconds=59), "59 min ago"),
        (NOW - timedelta(hours=3), "3 h ago"),
        (NOW - timedelta(hours=20), "yesterday 19:30"),
        (NOW - timedelta(days=40), "19 Oct 15:30"),
        (NOW - timedelta(days=400), "24 Oct 2025"),
        (NOW + timedelta(days=2), "30 Nov 2026"),
    ],
)
def test_times_are_said_as_people_do(then: datetime, said: str) -> None:
    assert ago(then.astimezone(UTC).isoformat(), NOW) == said


def test_what_is_paid_for_is_shown_where_the_price_is_known(seedbed: Seedbed) -> None:
    prices = ("--price-input", "1000", "--price-output", "2000")
    result = seedbed("run", "t.py:Haiku", *ECHO, "-n", "2", "-o", "h.jsonl", *prices)
    assert "2 calls · 20 input + 40 output tokens · $0.10" in result.err
    assert "$0.10" in seedbed("runs").out
    assert "2 calls, 20 input + 40 output tokens, $0.10" in seedbed("runs", "show", "h").out


@pytest.mark.slow
def test_a_run_that_is_worked_on_is_listed_with_its_process(
    seedbed: Seedbed, working: subprocess.Popen[str]
) -> None:
    one = _listed(seedbed)["w"]
    assert (one["outcome"], one["accepted"]) == ("running", 4)
    assert f"w: process {working.pid} on " in seedbed("runs").out
    assert f"running: process {working.pid}" in seedbed("runs", "show", "w").out
    exported = seedbed("runs", "export", "w", "-o", "part.jsonl")
    assert exported.err == "4 rows in part.jsonl\n"
    _end(working)
    assert _listed(seedbed)["w"]["outcome"] == "complete"


@pytest.mark.slow
def test_a_run_that_is_worked_on_is_kept_from_others(
    seedbed: Seedbed, working: subprocess.Popen[str]
) -> None:
    for args in (WAITING, (*WAITING, "--restart"), ("runs", "retry", "w")):
        result = seedbed(*args)
        assert result.status == 2
        assert f"process {working.pid} on " in result.error
        assert "wait for it to end" in result.error
    removed = seedbed("runs", "remove", "w", "--yes")
    assert removed.status == 2
    assert f"stop it first: kill {working.pid}" in removed.error
    _end(working)
    assert len(Path("w.jsonl").read_text().splitlines()) == 6


@pytest.mark.slow
def test_a_run_that_was_killed_is_listed_so_and_goes_on(
    seedbed: Seedbed, working: subprocess.Popen[str]
) -> None:
    working.send_signal(signal.SIGKILL)
    working.communicate()
    assert _listed(seedbed)["w"]["outcome"] == "killed"
    assert "the same command resumes from here" in seedbed("runs", "show", "w").out
    Path("go").touch()
    result = seedbed(*WAITING)
    assert result.status == 0
    assert result.err.startswith("resuming the run 'w': 4 rows kept, at least 2 calls to make\n6 rows in")


def test_a_damaged_run_is_named_and_the_others_are_listed(seedbed: Seedbed, odd: Result, runs: Path) -> None:
    (runs / "bad").mkdir()
    (runs / "bad" / "run.db").write_text("not a database")
    result = seedbed("runs")
    assert result.status == 0
    assert [line.split()[:2] for line in result.out.splitlines()[1:3]] == [["odd", "odd"], ["bad", "-"]]
    assert "is damaged: it is not a SQLite database" in result.out
    assert "is damaged" in str(_listed(seedbed)["bad"]["error"])
    assert f"rm -r {runs / 'bad'}" in seedbed("runs", "remove", "bad", "--yes").error
    assert (runs / "bad" / "run.db").read_text() == "not a database"


@pytest.mark.slow
@pytest.mark.parametrize("time", ["x", 7, b"\xff"], ids=["word", "number", "bytes"])
def test_a_time_that_is_damaged_hides_no_run(seedbed: Seedbed, runs: Path, time: object) -> None:
    for name in ("one", "two"):
        assert seedbed("run", "t.py:Haiku", "--llm", "t.py:Echo/m", "-n", "2", "--name", name).status == 0
    with closing(sqlite3.connect(runs / "one" / "run.db")) as file, file:
        file.execute("UPDATE sessions SET started = ?", [time])

    listed, shown = seedbed("runs"), seedbed("runs", "show", "one")

    assert (listed.status, shown.status) == (0, 0), listed.err + shown.err
    assert {line.split()[0] for line in listed.out.splitlines()} >= {"one", "two"}


def test_show_says_what_ran_what_came_of_it_and_what_to_do(seedbed: Seedbed, odd: Result) -> None:
    out = seedbed("runs", "show", "odd").out
    assert out.startswith("odd, a run of odd\n")
    for said in (
        "Rows       4 of 8, 4 failed",
        "Dataset    odd.jsonl\n",
        "n 8, seed 0",
        "odd  Odd, t.py:Echo/m",
        "incomplete, ",
        "4 failed at odd: ValueError: an odd one\n    and no other\n",
        "rows 1, 3, 5, 7\n",
        "`seedbed runs retry odd` retries the failed rows",
    ):
        assert said in out


def test_show_says_where_a_run_from_python_is_retried(seedbed: Seedbed) -> None:
    class Broken(GeneratorTask):
        async def generate_row(self, input):
            raise ValueError("broken")

    make(Broken(), 1, llm=scripted(), name="py")

    assert "run(..., name='py', retry=True) in the program that made it" in seedbed("runs", "show", "py").out


def test_show_as_json_has_manifest_sessions_and_reasons(seedbed: Seedbed, odd: Result) -> None:
    shown = json.loads(seedbed("runs", "show", "odd", "--json").out)
    assert shown["manifest"]["order"]["what"] == "t.py:Odd"
    assert [session["outcome"] for session in shown["sessions"]] == ["incomplete"]
    (reason,) = shown["reasons"]
    assert (reason["verdict"], reason["count"], reason["rows"]) == ("failed", 4, ["1", "3", "5", "7"])


def test_the_raw_answer_of_a_failed_row_is_shown_cut(seedbed: Seedbed) -> None:
    Path("u.py").write_text(
        "from seedbed import InvalidOutputError, Task\n"
        "class Wordy(Task):\n"
        "    template: str = '{{ text }}'\n"
        "    def format_output(self, output, input):\n"
        "        raise InvalidOutputError('too wordy', text=input['text'])\n"
    )
    Path("in.jsonl").write_text(json.dumps({"text": "word " * 200}) + "\n")
    seedbed("run", "u.py:Wordy", *ECHO, "--input", "in.jsonl", "-o", "wordy.jsonl")
    out = seedbed("runs", "show", "wordy").out
    (line,) = (line for line in out.splitlines() if "answered: " in line)
    assert line.startswith("    answered: word word word")
    assert line.endswith(" ...")
    assert len(line) < 250
    assert len(seedbed("runs", "explain", "wordy").out) > len(out)


@pytest.mark.parametrize("command", ["show", "export", "retry", "explain", "remove"])
def test_an_unknown_run_is_answered_with_the_nearest(seedbed: Seedbed, odd: Result, command: str) -> None:
    result = seedbed("runs", command, "ood")
    assert (result.status, result.out) == (2, "")
    assert "there is no run 'ood' in " in result.error
    assert "did you mean 'odd'?" in result.error


def test_a_name_in_place_of_a_command_is_understood(seedbed: Seedbed, odd: Result) -> None:
    assert "did you mean `seedbed runs show odd`?" in seedbed("runs", "odd").error
    assert "did you mean 'export'?" in seedbed("runs", "exprot").error


@pytest.mark.slow
def test_the_shell_completes_names(seedbed: Seedbed, start: Start, odd: Result) -> None:
    completing = {
        "_SEEDBED_COMPLETE": "bash_complete",
        "COMP_WORDS": "seedbed runs show o",
        "COMP_CWORD": "3",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in completing.items():
            patch.setenv(name, value)
        out, _ = start().communicate()
    assert out == "plain,odd\n"


def test_export_writes_the_format_of_the_ending_or_lines(seedbed: Seedbed, odd: Result) -> None:
    result = seedbed("runs", "export", "odd", "-o", "odd.csv")
    assert (result.status, result.err) == (0, "4 rows in odd.csv\n")
    assert Path("odd.csv").read_text().startswith("season,index,haiku,model_name")
    assert seedbed("runs", "export", "odd").out == Path("odd.jsonl").read_text()


def test_export_in_a_form_that_trainers_read(seedbed: Seedbed, odd: Result) -> None:
    columns = ("--column", "prompt=season", "--column", "completion=haiku")
    seedbed("runs", "export", "odd", "-o", "chat.jsonl", "--as", "chat", *columns)
    row = json.loads(Path("chat.jsonl").read_text().splitlines()[0])
    assert [message["role"] for message in row["messages"]] == ["user", "assistant"]


WRONG_EXPORTS = {
    "unknown form": (("--as", "chatt"), "did you mean 'chat'?"),
    "no column": (("--as", "chat"), "name the right one: --column prompt=COLUMN"),
    "column without a form": (("--column", "prompt=season"), "add --form chat"),
    "half of a column": (("--as", "chat", "--column", "prompt"), "is not of the form PART=COLUMN"),
    "unknown column": (("--as", "chat", "--column", "prompt=saeson"), "did you mean 'season'?"),
    "unknown step": (("--leaf", "oddd"), "did you mean 'odd'?"),
}


@pytest.mark.parametrize("wrong", WRONG_EXPORTS)
def test_a_wrong_export_says_what_to_do_and_writes_nothing(seedbed: Seedbed, odd: Result, wrong: str) -> None:
    args, said = WRONG_EXPORTS[wrong]
    result = seedbed("runs", "export", "odd", "-o", "new.jsonl", *args)
    assert result.status == 2
    assert said in result.error
    assert not Path("new.jsonl").exists()


def test_a_run_without_rows_replaces_no_dataset(seedbed: Seedbed) -> None:
    seedbed("run", "t.py:Picky", *ECHO, "-n", "1", "--max-attempts", "1", "--name", "none")
    Path("old.jsonl").write_text("old\n")
    result = seedbed("runs", "export", "none", "-o", "old.jsonl")
    assert result.status == 2
    assert "has no rows yet" in result.error
    assert Path("old.jsonl").read_text() == "old\n"


def test_a_run_behind_a_link_is_not_removed_by_the_name_of_the_link(
    seedbed: Seedbed, odd: Result, runs: Path
) -> None:
    (runs / "link").symlink_to(runs / "odd")
    rows = seedbed("runs", "export", "odd").out
    removed = seedbed("runs", "remove", "link", "--yes")
    assert (removed.status, "is a link to" in removed.err) == (2, True)
    assert seedbed("runs", "export", "odd").out == seedbed("runs", "export", "link").out == rows


def test_removing_takes_a_word_and_leaves_the_dataset(seedbed: Seedbed, odd: Result, runs: Path) -> None:
    refused = seedbed("runs", "remove", "odd")
    assert refused.status == 2
    assert "4 rows, 8 calls, 80 input + 160 output tokens" in refused.error
    assert "confirm it with --yes" in refused.error
    assert (runs / "odd").exists()
    removed = seedbed("runs", "remove", "odd", "--yes")
    assert removed.err == "removed the run 'odd'; odd.jsonl is still there\n"
    assert not (runs / "odd").exists()
    assert Path("odd.jsonl").exists()


@pytest.mark.slow
@pytest.mark.parametrize(("answer", "gone"), [("y\n", True), ("n\n", False), ("\n", False)])
def test_on_a_terminal_removing_asks(
    seedbed: Seedbed, start: Start, odd: Result, runs: Path, answer: str, gone: bool
) -> None:
    ours, theirs = pty.openpty()
    process = start("runs", "remove", "odd", stdin=theirs)
    os.write(ours, answer.encode())
    _, err = process.communicate()
    os.close(theirs)
    os.close(ours)
    assert "remove it? [y/N]" in err
    assert process.returncode == 0
    assert (runs / "odd").exists() is not gone


class Count(GeneratorTask):
    template: str = "{{ n }}"

    def sample(self, index, rng):
        return {"n": index}


PIPELINE = """
out: later.jsonl
budget: {tokens: 40}
n: 3
llm: t.py:Echo/m
steps: [{use: t.py:Haiku}]
"""


@pytest.mark.slow
def test_show_names_the_file_that_a_stopped_run_has_yet_to_write(seedbed: Seedbed) -> None:
    Path("later.yaml").write_text(PIPELINE)
    allow = ("--allow-code", "t.py")
    stopped = seedbed("run", "later.yaml", *allow, "--concurrency", "1")
    assert "later.jsonl was not written" in stopped.err
    assert "Dataset    later.jsonl (not written yet)" in seedbed("runs", "show", "later").out

    assert seedbed("run", "later.yaml", *allow, "--max-tokens-total", "100000").status == 0
    assert "Dataset    later.jsonl\n" in seedbed("runs", "show", "later").out
    Path("later.jsonl").unlink()
    assert "Dataset    later.jsonl (missing)" in seedbed("runs", "show", "later").out

    make(Count(llm=scripted()), 3, name="py", out="py.jsonl", max_tokens=1)
    assert "Dataset    py.jsonl (not written yet)" in seedbed("runs", "show", "py").out


def test_a_run_made_from_python_is_listed_and_shown_too(seedbed: Seedbed) -> None:
    make(Count(llm=scripted()), 3, name="py")
    assert _listed(seedbed)["py"]["accepted"] == 3
    shown = seedbed("runs", "show", "py").out
    assert "no file was named" in shown
    result = seedbed("runs", "retry", "py")
    assert result.status == 2
    assert "run(..., name='py', retry=True)" in result.error


@pytest.mark.parametrize(
    "command", [("show",), ("export",), ("explain",), ("retry",), ("remove", "--yes"), ("diff", "other")]
)
def test_a_folder_in_place_of_the_database_is_said_to_be_one(
    seedbed: Seedbed, runs: Path, command: tuple[str, ...]
) -> None:
    (runs / "odd" / "run.db").mkdir(parents=True)
    make(Count(llm=scripted()), 1, name="other")
    result = seedbed("runs", command[0], "odd", *command[1:])
    assert result.status == 2
    assert "run.db' is a folder, not the database of a run" in result.error
    assert (runs / "odd" / "run.db").is_dir()


def test_a_file_in_place_of_the_folder_of_runs_is_said_to_be_one(
    seedbed: Seedbed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a-file").touch()
    monkeypatch.setenv("SEEDBED_RUNS", str(tmp_path / "a-file"))
    result = seedbed("runs")
    assert result.status == 2
    assert "is a file, not a folder of runs" in result.error


def test_reasons_are_counted_in_the_first_rows_of_very_many(
    seedbed: Seedbed, odd: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seedbed.cli.runs.show.MOST_REFUSED", 3)
    shown = seedbed("runs", "show", "odd").out
    assert "in the first 3 of 4 (all: seedbed runs explain odd)" in shown
    assert "3 failed at odd" in shown
    (reason,) = json.loads(seedbed("runs", "show", "odd", "--json").out)["reasons"]
    assert reason["count"] == 4
