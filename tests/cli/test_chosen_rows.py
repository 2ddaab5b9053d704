"""Rows that `--where` chooses are in the split that they have in an export of all rows."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from seedbed import Pipeline, get_step
from seedbed.cli import invoke

ROWS = [
    {"n": n, "question": f"{n}?", "answer": f"{n}!", "part": None if n % 10 == 9 else ["a", "b"][n % 2]}
    for n in range(60)
]


@pytest.fixture(autouse=True)
def made(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of 60 rows, every tenth without a part."""
    monkeypatch.chdir(tmp_path)
    Pipeline([get_step("rows", rows=ROWS)]).run(name="made")


def splits(*options: str) -> dict[str, set[int]]:
    """Export to a folder, and return the numbers of the rows in each split."""
    assert invoke(["runs", "export", "made", "-o", "data", *options]) == 0
    found: dict[str, set[int]] = {}
    for file in Path("data").glob("*.parquet"):
        rows = pq.read_table(file).to_pylist()
        found.setdefault(file.name.partition("-")[0], set()).update(
            int(row["question"].strip("?")) if "question" in row else int(row["prompt"][0]["content"][:-1])
            for row in rows
        )
    return found


SHARES = ("--split", "train=0.7,test=0.3")


@pytest.mark.parametrize("others", [(), ("--model-column", "by"), ("--rating-column", "people")], ids=str)
@pytest.mark.parametrize("where", ["n >= 40", "n % 3 == 1"])
def test_each_stays_in_the_split_that_it_has_among_all(where: str, others: tuple[str, ...]) -> None:
    chosen = {row["n"] for row in ROWS if (row["n"] >= 40 if ">=" in where else row["n"] % 3 == 1)}
    whole = splits(*SHARES)
    assert splits("--where", where, *SHARES, *others) == {name: rows & chosen for name, rows in whole.items()}


def test_also_in_a_trainers_form() -> None:
    whole = splits(*SHARES)
    form = ("--form", "prompt-completion", "--column", "prompt=question", "--column", "completion=answer")
    chosen = splits("--where", "n >= 40", *SHARES, *form)
    assert chosen == {name: {n for n in rows if n >= 40} for name, rows in whole.items()}


def test_a_column_names_the_splits_of_the_chosen_rows_alone() -> None:
    found = splits("--where", "part and n >= 40", "--split", "part")
    assert found == {part: {row["n"] for row in ROWS[40:] if row["part"] == part} for part in ("a", "b")}


def test_without_a_choice_a_row_without_a_split_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["runs", "export", "made", "-o", "data", "--split", "part"]) != 0
    assert "a row's column 'part' is None" in capsys.readouterr().err
