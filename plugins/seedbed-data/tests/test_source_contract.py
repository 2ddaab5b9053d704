"""The sources keep the contract of all steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from seedbed.testing import StepContract

FILE = Path(__file__).with_name("evaluation.jsonl")


class TestRows(StepContract):
    step = "rows"
    parameters = {"rows": [{"text": f"word {n}", "n": n} for n in range(6)]}


class TestJsonl(StepContract):
    step = "jsonl"
    parameters = {"path": str(FILE)}


class TestText(StepContract):
    step = "text"
    parameters = {"path": str(FILE.with_name("*.jsonl"))}


@pytest.mark.slow
class TestSql(StepContract):
    step = "sql"
    parameters = {"query": "SELECT * FROM rows ORDER BY ALL", "tables": {"rows": str(FILE)}}
