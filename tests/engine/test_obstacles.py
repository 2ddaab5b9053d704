"""What stands in the way of a run is said before anything is asked, and stays as it is."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
from tests.support.scripted_llm import scripted

from seedbed import GeneratorTask, UsageError, run

SOME = b"my notes\n" * 500


class Ask(GeneratorTask):
    template: str = "Tell me a joke."


def half_of_a_run(path: Path) -> None:
    run(Ask(llm=scripted()), 200, name=path.parent.name)
    path.write_bytes(path.read_bytes()[:5000])


def damaged_within(path: Path) -> None:
    run(Ask(llm=scripted()), 200, name=path.parent.name)
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 3900)


def foreign(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (a)")
    connection.close()


OBSTACLES = {
    "text": (lambda path: path.write_bytes(SOME), "is damaged: it is not a SQLite database"),
    "half of a run": (half_of_a_run, "is damaged"),
    "a run that is damaged within": (damaged_within, "is damaged: .*malformed"),
    "a database of another program": (foreign, "is a database of another program"),
}


@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_a_file_that_is_no_run_is_left_alone_and_nothing_is_asked(
    obstacle: str, runs: Path, tmp_path: Path
) -> None:
    make, said = OBSTACLES[obstacle]
    (runs / "odd").mkdir()
    make(runs / "odd" / "run.db")
    before = (runs / "odd" / "run.db").read_bytes()
    out = tmp_path / "odd.jsonl"
    out.write_text("old\n")

    for _ in range(2):
        llm = scripted()
        with pytest.raises(UsageError, match=said):
            run(Ask(llm=llm), 5, out=out)
        assert llm.requests == []

    assert (runs / "odd" / "run.db").read_bytes() == before
    assert out.read_text() == "old\n"
    assert run(Ask(llm=scripted()), 5, out=out, restart=True).outcome == "complete"
    assert (runs / "odd.1" / "run.db").read_bytes() == before


@pytest.mark.parametrize("place", ["runs", "dataset"])
def test_a_folder_that_takes_no_writes_is_said_and_nothing_is_asked(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o555)
    if os.access(folder, os.W_OK):
        folder = Path("/proc/self")  # closed to root as well
        if not folder.is_dir():
            pytest.skip("no folder is closed to root here")
    monkeypatch.setenv("SEEDBED_RUNS", str(folder if place == "runs" else tmp_path / "runs"))
    llm = scripted()

    with pytest.raises(
        UsageError,
        match="choose a folder where you may create files" + (": SEEDBED_RUNS=" if place == "runs" else ""),
    ):
        run(Ask(llm=llm), 5, out=(tmp_path if place == "runs" else folder) / "jokes.jsonl")

    assert llm.requests == []
    assert not (tmp_path / "runs" / "jokes").exists()
