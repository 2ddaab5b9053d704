"""Where the processor time of a one-call row goes: functions by own time, and sums for each part.

The loop thread alone is profiled, since all network and model work happens there. cProfile slows calls of
Python functions down, and those of C hardly: the shares of parts with many small functions are too large.
"""

from __future__ import annotations

import cProfile
import pstats
from collections import Counter
from pathlib import Path
from typing import Any

from tests.benchmarks.child import in_child
from tests.benchmarks.nginx import nginx
from tests.benchmarks.one_call_rows import make_rows

from seedbed.llm.calling.loop import loop_thread

ROWS = 6400
CONNECTIONS = 256
SHOWN = 40

_PARTS = {
    "seedbed/llm/http/transport.py": "transport (ours)",
    "seedbed/llm/calling/loop.py": "transport (ours)",
    "seedbed_openai": "backend",
    "seedbed/llm/http/http_errors.py": "backend",
    "seedbed/llm": "gateway",
    "seedbed/tasks": "task",
    "jinja2": "task",
    "pydantic": "task",
    "<template>": "task",
    "seedbed/engine": "engine",
    "seedbed/store": "engine",
    "aiohttp": "aiohttp",
    "multidict": "aiohttp",
    "yarl": "aiohttp",
    "asyncio": "asyncio",
    "selectors.py": "asyncio",
}

Function = tuple[str, int, str]


def profile() -> None:
    """Profile rows against a server that answers after 200 ms, and print what was found."""
    with nginx() as server:
        found = in_child("profiling", "profiled", base_url=server.late)
    print(f"{found['total']:.1f} us for each of {ROWS:,} rows on the loop thread, of which")
    for part, spent in found["parts"]:
        print(f"  {spent:6.1f}  {part}")
    print("own time, with that of the C functions called, us; calls for each row")
    for spent, calls, part, name in found["functions"]:
        print(f"  {spent:6.2f}  {calls:5.1f}  {part:16}  {name}")


def profiled(base_url: str) -> dict[str, Any]:
    """Return own times in microseconds for each row: in total, by part and by function."""
    profiler, loop = cProfile.Profile(), loop_thread().loop
    loop.call_soon_threadsafe(profiler.enable)
    make_rows(base_url, ROWS, CONNECTIONS)
    loop.call_soon_threadsafe(profiler.disable)
    loop_thread().close()
    spent, calls = _own_times(profiler)
    parts: Counter[str] = Counter()
    for function, seconds in spent.items():
        parts[_part(function)] += seconds
    return {
        "total": _each(sum(spent.values())),
        "parts": [(part, _each(seconds)) for part, seconds in parts.most_common()],
        "functions": [
            (_each(seconds), calls[function] / ROWS, _part(function), _name(function))
            for function, seconds in spent.most_common(SHOWN)
        ],
    }


def _own_times(profiler: cProfile.Profile) -> tuple[Counter[Function], Counter[Function]]:
    """Return seconds and calls of Python functions; those of C count for their callers, waiting for none."""
    spent: Counter[Function] = Counter()
    calls: Counter[Function] = Counter()
    stats: dict[Function, Any] = pstats.Stats(profiler).stats  # type: ignore[attr-defined]
    for function, (_, count, own, _, callers) in stats.items():
        if "epoll" in function[2] or "select.poll" in function[2]:
            continue
        if function[0] != "~":
            spent[function] += own
            calls[function] += count
            continue
        for caller, (_, _, own_from_there, _) in callers.items():
            spent[caller] += own_from_there
    return spent, calls


def _part(function: Function) -> str:
    return next((part for place, part in _PARTS.items() if place in function[0]), "other")


def _name(function: Function) -> str:
    path = Path(function[0])
    return f"{path.parent.name}/{path.name}:{function[1]} {function[2]}"


def _each(seconds: float) -> float:
    return 1e6 * seconds / ROWS
