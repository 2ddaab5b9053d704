"""How a run went over time: rates and latencies between the samples that it has written."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import Any

import orjson

_SUFFIX = ".timeline"
_LONGEST = 32 * 2**20
_WINDOW = 15.0
"""Seconds over which rows are counted: they come in groups."""
_MOST = 600
"""Points of a plot: more than there are pixels for."""

PLOTS = (
    ("Rows a minute", ("rows",)),
    ("Calls in flight", ("in_flight",)),
    ("Seconds a call", ("latency",)),
    ("Refused for rate limits, a minute", ("rate_limited",)),
)


def timeline_of(database: Path) -> dict[str, list[float | None]]:
    """Return series of equal length: `seconds` that the run has worked, and rates up to each of them.

    {"seconds": [1.0, 2.0], "rows": [60.0, 62.0], "in_flight": [8, 8], "latency": [0.9, None], ...}

    Sessions follow each other without the time between them. A file that can't be read gives no points.
    """
    series: dict[str, list[float | None]] = {"seconds": []}
    for _, keys in PLOTS:
        series.update({key: [] for key in keys})
    before, offset, last = _ZERO, 0.0, 0.0
    recent: deque[dict[str, Any]] = deque()
    for sample in _thinned(_samples(database)):
        if sample["session"] != before["session"]:
            offset, before = last, {**_ZERO, "session": sample["session"]}
        passed = sample["seconds"] - before["seconds"]
        if passed <= 0:
            continue
        last = offset + sample["seconds"]
        series["seconds"].append(round(last, 1))
        calls = sample["calls"] - before["calls"]
        series["rows"].append(_rows_a_minute(recent, sample))
        series["in_flight"].append(sample["in_flight"])
        spent = sample["call_seconds"] - before["call_seconds"]
        series["latency"].append(round(spent / calls, 3) if calls else None)
        refused = sample["rate_limited"] - before["rate_limited"]
        series["rate_limited"].append(round(60 * refused / passed, 2))
        before = sample
    return series


def _rows_a_minute(recent: deque[dict[str, Any]], sample: dict[str, Any]) -> float | None:
    """Return the rate over the last samples, which `sample` joins; None for the first of a session."""
    # A session begins with the rows of those before it, so the first sample tells no rate.
    if recent and recent[-1]["session"] != sample["session"]:
        recent.clear()
    recent.append(sample)
    while len(recent) > 2 and sample["seconds"] - recent[1]["seconds"] >= _WINDOW:
        recent.popleft()
    passed = sample["seconds"] - recent[0]["seconds"]
    return round(60 * (sample["accepted"] - recent[0]["accepted"]) / passed, 2) if passed else None


_ZERO: dict[str, Any] = {
    "session": None,
    "seconds": 0.0,
    "accepted": 0,
    "calls": 0,
    "call_seconds": 0.0,
    "rate_limited": 0,
}


def _samples(database: Path) -> list[dict[str, Any]]:
    try:
        with database.with_name(database.name + _SUFFIX).open("rb") as file:
            lines = file.read(_LONGEST).splitlines()
    except OSError:
        return []
    samples = []
    for line in lines:
        try:
            sample = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue  # The last line of a run that was killed, or that is being written.
        if isinstance(sample, dict) and all(isinstance(sample.get(key), int | float) for key in _ZERO):
            samples.append(sample)
    return samples


def _thinned(samples: list[dict[str, Any]]) -> list[dict[str, Any]]:
    step = -(-len(samples) // _MOST) or 1
    return [one for place, one in enumerate(samples) if place % step == 0 or place == len(samples) - 1]
