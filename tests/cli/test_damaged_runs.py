"""Whatever stands in a run's files, each command that reads them says what is wrong, without a traceback."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.cli.conftest import SOURCE
from tests.support.damaged import CELLS, VALUES, Cell

from seedbed import Ratings, RunReader
from seedbed.cli import invoke
from seedbed.cli.failures import ExitStatus
from seedbed.store.run_damage import damage_in

ECHO = ("--llm", "t.py:Echo/m")
RUN = ("run", "p.yaml", "--allow-code", "t.py", *ECHO)
PIPELINE = """
input: in.jsonl
steps:
  - {use: "t.py:Answer"}
  - {use: filter, with: {keep: "question != 'tea'"}}
"""
READING = (
    ("runs",),
    ("runs", "--json"),
    ("runs", "show", "copy"),
    ("runs", "show", "copy", "--json"),
    ("runs", "explain", "copy"),
    ("runs", "explain", "copy", "--json"),
    ("runs", "explain", "copy", "--line", "1"),
    ("runs", "export", "copy"),
    ("runs", "export", "copy", "-o", "out.csv"),
    ("runs", "export", "copy", "--where", "rating == 'good'", "--rating-column", "people"),
    ("runs", "export", "copy", "--form", "chat"),
    ("runs", "export", "copy", "--model-column", "by"),
    ("runs", "export", "copy", "--failed", "--rejected"),
    ("runs", "diff", "copy", "two"),
    ("runs", "diff", "two", "copy"),
    ("runs", "ratings", "copy"),
    ("runs", "calibrate", "copy", "--score", "score"),
    ("runs", "card", "copy"),
    ("runs", "copy", "copy", "./elsewhere/copy"),
    ("runs", "merge", "united", "copy", "two"),
    ("plugins", "lock", "--run", "copy"),
    ("report", "copy"),
    ("plan", *RUN[1:], "--name", "copy"),
)
WRITING = (
    ("runs", "rate", "copy", "--line", "1", "bad", "--rater", "bob"),
    ("runs", "retry", "copy"),
    (*RUN, "--name", "copy", "-o", "copy.jsonl"),
)
FINE = (ExitStatus.COMPLETE, ExitStatus.INCOMPLETE, ExitStatus.USAGE, ExitStatus.INTERRUPTED)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with two runs; the first has rows that failed and were rejected, and ratings."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("SEEDBED_RUNS", str(folder / "runs"))
        Path("t.py").write_text(SOURCE)
        Path("p.yaml").write_text(PIPELINE)
        Path("in.jsonl").write_text(
            "".join(f'{{"question": {one}, "score": 1}}\n' for one in ('"milk"', '"tea"', "null", '"rye"'))
        )
        for name in ("one", "two"):
            assert invoke((*RUN, "--name", name, "-o", f"{name}.jsonl")) in FINE
        with RunReader.open(folder / "runs" / "one") as reader:
            (leaf,) = reader.leaves()
            ratings = Ratings(reader, leaf)
            for row in reader.rows(leaf).placed():
                ratings.rate(row.row, "good", rater="ada", label="x", note="y")
        with closing(sqlite3.connect(folder / "runs" / "one" / "ratings.db")) as file, file:
            file.execute(
                "INSERT INTO calibrations VALUES (?, 'score', '2026-01-01T00:00:00+00:00', 3.0, '[]', ?)",
                [leaf, '{"kappa": 0.5}'],
            )
        yield folder


@pytest.fixture(autouse=True)
def here(whole: Path, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder with the runs, instead of the one that each test has for its own."""
    monkeypatch.chdir(whole)
    monkeypatch.setenv("SEEDBED_RUNS", str(whole / "runs"))


def damage(folder: Path, cell: Cell, value: object) -> None:
    """Have a copy of the first run with a value in all rows of a column."""
    shutil.rmtree(folder / "runs" / "copy", ignore_errors=True)
    shutil.copytree(folder / "runs" / "one", folder / "runs" / "copy")
    file, table, column = cell
    with (
        suppress(sqlite3.IntegrityError),
        closing(sqlite3.connect(folder / "runs" / "copy" / file)) as connection,
        connection,
    ):
        connection.execute(f"UPDATE OR REPLACE {table} SET {column} = ?", [value])


def check(command: tuple[str, ...], folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for made in ("elsewhere", "runs/united"):
        shutil.rmtree(folder / made, ignore_errors=True)
    capfd.readouterr()
    status = invoke(command)
    err = capfd.readouterr().err
    assert status in FINE, (command, err)
    assert "Traceback" not in err, (command, err)
    assert "this is a bug" not in err, (command, err)


EXPLAIN = ("explain", "copy", "in.jsonl:1")
DAMAGE: list[tuple[Cell, object, tuple[str, ...], str]] = [
    (("run.db", "verdicts", "row"), b"x", ("export", "copy", "--model-column", "by"), "table 'verdicts'"),
    (("run.db", "verdicts", "seq"), "x", ("diff", "copy", "two"), "'seq' of its table 'verdicts'"),
    (("run.db", "sessions", "seconds"), b"x", ("show", "copy"), "a value of the type blob"),
    (("run.db", "calls", "answer"), 1.5, EXPLAIN, "a value of the type real"),
    (("run.db", "calls", "digest"), "x", EXPLAIN, "'digest' of its table 'calls'"),
    (("run.db", "calls", "cost"), "x", EXPLAIN, "'cost' of its table 'calls'"),
    (("run.db", "results", "attempt"), "x", EXPLAIN, "'attempt' of its table 'results'"),
    (("run.db", "results", "data"), "x", ("export", "copy"), "can't be read"),
]


@pytest.mark.parametrize(("cell", "value", "args", "said"), DAMAGE)
def test_what_is_damaged_is_named(
    whole: Path,
    capfd: pytest.CaptureFixture[str],
    cell: Cell,
    value: object,
    args: tuple[str, ...],
    said: str,
) -> None:
    damage(whole, cell, value)
    capfd.readouterr()
    status = invoke(("runs", *args))
    err = capfd.readouterr().err
    assert said in err
    assert status == ExitStatus.USAGE


def test_nothing_is_wrong_with_a_run_that_is_whole(whole: Path) -> None:
    for name in ("one", "two"):
        with RunReader.open(whole / "runs" / name) as reader:
            assert damage_in(reader._reading) is None


def test_an_error_over_a_run_that_is_whole_stays_what_it_is(whole: Path) -> None:
    with pytest.raises(TypeError, match="ours"), RunReader.open(whole / "runs" / "one"):
        raise TypeError("ours")


@pytest.mark.slow
@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=80)
@given(cell=st.sampled_from(CELLS), value=st.sampled_from(VALUES))
def test_any_value_in_any_column_is_survived_by_each_command(
    whole: Path, capfd: pytest.CaptureFixture[str], cell: Cell, value: object
) -> None:
    damage(whole, cell, value)
    rows = _ids(whole)
    explained = (("runs", "explain", "copy", row) for row in rows)
    for command in (*READING, *explained, *WRITING):
        check(command, whole, capfd)


def _ids(folder: Path) -> list[str]:
    with RunReader.open(folder / "runs" / "one") as reader:
        (leaf,) = reader.leaves()
        return [one.row for one in reader.verdicts(leaf)]
