"""What others do to the files of a run while it goes on loses no row, and is said."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from seedbed.cli import invoke
from seedbed.cli.failures import ExitStatus

Start = Callable[..., Any]
Change = Callable[[Path, Path], None]

RUN = (
    "run",
    "t.py:Waiting",
    "--llm",
    "t.py:Echo/m",
    "--set",
    "llm.waits_for=go",
    "-n",
    "8",
    "--concurrency",
    "2",
)

pytestmark = pytest.mark.skipif(os.name != "posix", reason="an open file can't be removed elsewhere")


@contextmanager
def waiting(start: Start, folder: Path) -> Iterator[Any]:
    """A run of which four rows are made, and whose other calls wait until the block ends."""
    run = start(*RUN, "-o", "a.jsonl", env={**os.environ, "SEEDBED_RUNS": "runs"})
    try:
        deadline = time.monotonic() + 60
        while not (folder / "waiting").exists():
            assert time.monotonic() < deadline, "no call waits"
            time.sleep(0.01)
        yield run
    finally:
        (folder / "go").touch()


def remove(run: Path, out: Path) -> None:
    shutil.rmtree(run)


def rename(run: Path, out: Path) -> None:
    run.rename(run.with_name("b"))


def replace(run: Path, out: Path) -> None:
    run.rename(run.with_name("b"))
    run.mkdir()
    (run / "run.db").write_text("something else")


def nothing(run: Path, out: Path) -> None:
    pass


def link(run: Path, out: Path) -> None:
    (out.with_name("other.jsonl")).write_text("old\n")
    out.symlink_to("other.jsonl")


def link_to_itself(run: Path, out: Path) -> None:
    out.symlink_to(out.name)


def broken_link(run: Path, out: Path) -> None:
    out.symlink_to("not-there.jsonl")


@pytest.mark.slow
@pytest.mark.variants(4)
@pytest.mark.parametrize(
    "change",
    [remove, link_to_itself, replace, nothing, rename, link, broken_link],
    ids=lambda one: one.__name__,
)
def test_the_dataset_is_whole_and_a_run_that_is_gone_is_said(
    change: Change, start: Start, folder: Path
) -> None:
    with waiting(start, folder) as run:
        change(folder / "runs" / "a", folder / "a.jsonl")
    _, err = run.communicate()

    assert run.returncode == 0, err
    made = [json.loads(line) for line in (folder / "a.jsonl").read_text().splitlines()]
    assert [row["index"] for row in made] == [*range(8)]
    is_gone = change in (remove, rename, replace)
    assert ("note: the run's folder" in err) == is_gone
    if change in (link, broken_link):
        assert (folder / "a.jsonl").is_symlink()


@pytest.mark.slow
def test_a_folder_in_place_of_the_dataset_is_left_alone_and_the_run_goes_on(
    start: Start, folder: Path
) -> None:
    out = folder / "a.jsonl"
    with waiting(start, folder) as run:
        out.mkdir()
        (out / "mine").touch()
    _, err = run.communicate()
    assert run.returncode == 3
    assert "error: 'a.jsonl' is a folder" in err
    assert "run the same command again to resume" in err
    assert "`seedbed runs export a -o FILE`" in err
    assert (out / "mine").exists()

    shutil.rmtree(out)
    again = start(*RUN, "-o", "a.jsonl", env={**os.environ, "SEEDBED_RUNS": "runs"})
    assert "8 kept" in again.communicate()[1]
    assert out.read_text().count("\n") == 8


STEP = """
import os
from pathlib import Path
from seedbed import Step

class Spoils(Step):
    def process(self, row):
        exec(os.environ.pop("SPOIL", ""), {"out": Path(os.environ["OUT"])})
        return row
"""
SPOILED = {
    "a folder": ("out/a.jsonl", "out.mkdir()", "'out/a.jsonl' is a folder"),
    "no folder to write to": ("out/a.csv", "out.parent.rmdir()", "'out/a.csv' cannot be written: No such"),
    "a file instead of a folder": ("out/a.csv", "out.parent.rmdir(); out.parent.touch()", "Not a directory"),
    "a file": ("out/a/", "out.touch()", "'out/a' is a file, and is not replaced"),
    "a folder with other files": (
        "out/a/", "out.mkdir(); (out / 'mine').touch()", "'out/a' holds more than a dataset",
    ),
    "a folder of something else": (
        "out/a.hf", "out.mkdir(); (out / 'mine').touch()", "'out/a.hf' exists and isn't the folder",
    ),
}  # fmt: skip


@pytest.mark.variants(2)
@pytest.mark.parametrize("what", SPOILED)
def test_a_run_without_calls_whose_dataset_has_no_place_is_kept_and_goes_on(
    what: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out, spoil, said = SPOILED[what]
    (folder / "spoils.py").write_text(STEP)
    (folder / "rows.jsonl").write_text('{"n": 1}\n{"n": 2}\n')
    (folder / "p.yaml").write_text("input: rows.jsonl\nsteps:\n  - use: spoils.py:Spoils\n")
    (folder / "out").mkdir()
    monkeypatch.setenv("SPOIL", spoil)
    monkeypatch.setenv("OUT", out)
    words = ["run", "p.yaml", "--allow-code", "spoils.py", "--name", "a"]
    assert invoke([*words, "-o", out]) == ExitStatus.INTERRUPTED
    err = capsys.readouterr().err
    assert said in err
    assert f"{out} was not " in err
    assert invoke([*words, "-o", "there.jsonl"]) == ExitStatus.COMPLETE
    assert "2 kept" in capsys.readouterr().err
    assert (folder / "there.jsonl").read_text() == '{"n":1}\n{"n":2}\n'


@pytest.mark.slow
@pytest.mark.variants(1)
@pytest.mark.parametrize(
    "args", [("run", "--restart"), ("runs", "retry", "a"), ("runs", "remove", "a", "--yes")], ids=str
)
def test_a_run_that_goes_on_is_not_taken_away_by_a_command(
    args: tuple[str, ...], start: Start, folder: Path
) -> None:
    words = (*RUN, "-o", "a.jsonl", "--restart") if args[0] == "run" else args
    with waiting(start, folder) as run:
        other = start(*words, env={**os.environ, "SEEDBED_RUNS": "runs"})
        _, said = other.communicate()
        assert other.returncode == 2
        assert str(run.pid) in said
    _, err = run.communicate()
    assert (run.returncode, "note:" in err) == (0, False), err
    assert (folder / "a.jsonl").read_text().count("\n") == 8
