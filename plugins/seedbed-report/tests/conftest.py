"""Runs that are written row by row, so that each figure can be computed by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import orjson
import pytest

from seedbed import Result, RunReader, RunStore, Verdict
from seedbed_report import report_of

Written = Callable[..., Any]


@pytest.fixture
def report(runs: Path) -> Written:
    """Write a run with these rows, and return the report on it."""

    def made(rows: Iterable[dict[str, Any]], *, manifest: dict[str, Any] | None = None, **how: Any) -> Any:
        write(runs / "one", rows, manifest=manifest)
        with RunReader.open(runs / "one") as reader:
            return report_of(reader, "one", **how)

    return made


def write(folder: Path, rows: Iterable[dict[str, Any]], *, manifest: dict[str, Any] | None = None) -> None:
    """Write a run whose step `made` has made these rows."""
    with RunStore.open(folder) as store:
        store.begin_session({"task": "made", "leaf": "made", "wanted": None, "steps": [], **(manifest or {})})
        for place, row in enumerate(rows):
            name = str(place)
            store.add_result(Result("made", name, b"", 0, "done", orjson.dumps([row])))
            store.add_verdict(Verdict("made", place, name, "accepted", "made", name, 0))
        store.end_session("complete", {})
