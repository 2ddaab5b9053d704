"""Plots of a run over time, from the samples that it has written."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from tests.support.viewing import Get, write

from seedbed import Request, Response, get_task, run
from seedbed.testing import EchoLLM
from seedbed_view.timeline import timeline_of


class Slow(EchoLLM):
    """A model that takes its time."""

    async def respond(self, request: Request) -> Response:
        await asyncio.sleep(0.05)
        return await super().respond(request)


def sample(session: int, seconds: float, accepted: int, calls: int, busy: float, refused: int = 0) -> str:
    return json.dumps(
        {
            "session": session,
            "seconds": seconds,
            "accepted": accepted,
            "calls": calls,
            "call_seconds": busy,
            "in_flight": 4,
            "rate_limited": refused,
        }
    )


def written(folder: Path, *lines: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "run.db.timeline").write_text("\n".join(lines))
    return folder / "run.db"


def test_rates_are_those_between_samples(tmp_path: Path) -> None:
    database = written(
        tmp_path / "run", sample(1, 1, 0, 2, 1.0), sample(1, 2, 10, 4, 4.0, 3), sample(1, 4, 10, 4, 4.0, 3)
    )

    assert timeline_of(database) == {
        "seconds": [1, 2, 4],
        "rows": [None, 600, 200],
        "in_flight": [4, 4, 4],
        "latency": [0.5, 1.5, None],
        "rate_limited": [0, 180, 0],
    }


def test_a_session_goes_on_where_the_one_before_it_ended(tmp_path: Path) -> None:
    database = written(
        tmp_path / "run",
        sample(1, 1, 5, 1, 1),
        sample(1, 2, 10, 2, 2),
        sample(2, 1, 12, 1, 3),
        sample(2, 2, 14, 2, 6),
    )

    series = timeline_of(database)

    assert series["seconds"] == [1, 2, 3, 4]
    assert series["rows"] == [None, 300, None, 120]
    assert series["latency"] == [1, 1, 3, 3]


@pytest.mark.parametrize("lines", [[], [""], ["{"], ["[]", "3", "{}"], ['{"session": "x"}']])
def test_what_is_no_sample_is_left_out(tmp_path: Path, lines: list[str]) -> None:
    database = written(tmp_path / "run", *lines, sample(1, 1, 1, 1, 1), '{"sess')

    assert timeline_of(database)["seconds"] == [1]


def test_a_run_without_samples_has_no_plots(runs: Path, get: Get) -> None:
    write(runs / "one", [{"text": "tea"}])

    assert "Over time" not in get("/runs/one").text
    assert json.loads(get("/runs/one/timeline").text)["seconds"] == []


@pytest.mark.slow
def test_a_run_writes_its_samples(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seedbed.engine.timeline.SECONDS", 0.01)
    rows = [{"instruction": str(number)} for number in range(40)]
    task = get_task("text-generation", llm=Slow())

    run(task, input=rows, name="sampled", concurrency=4)

    series = timeline_of(runs / "sampled" / "run.db")
    assert len(series["seconds"]) > 5
    assert max(series["in_flight"]) == 4
    assert max(rate for rate in series["rows"] if rate) > 100
    # The clock of uvloop counts whole milliseconds.
    assert all(latency >= 0.048 for latency in series["latency"] if latency)
