"""`--csv-safe`, as a dataset is made and when it is exported later."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Result


def cells(path: str) -> list[dict[str, str]]:
    with Path(path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


SET = ("run", "t.py:Haiku", "--llm", "t.py:Echo/m", "-n", "1", "--set", "template==1+1")


def test_the_command_writes_safe_cells_now_and_later(seedbed: Callable[..., Result]) -> None:
    assert seedbed(*SET, "-o", "a.csv").status == 0
    assert cells("a.csv")[0]["haiku"] == "=1+1"
    assert seedbed(*SET, "-o", "a.csv", "--csv-safe").status == 0
    assert cells("a.csv")[0]["haiku"] == "'=1+1"
    assert seedbed("runs", "export", "a", "-o", "b.csv", "--csv-safe").status == 0
    assert cells("b.csv")[0]["haiku"] == "'=1+1"
    assert seedbed("runs", "retry", "a").status == 0
    assert cells("a.csv")[0]["haiku"] == "'=1+1"


@pytest.mark.parametrize("out", [(), ("-o", "a.jsonl")])
def test_it_is_for_csv_alone(seedbed: Callable[..., Result], out: tuple[str, ...]) -> None:
    refused = seedbed(*SET, *out, "--csv-safe")
    assert refused.status == 2
    assert "--csv-safe" in refused.error
