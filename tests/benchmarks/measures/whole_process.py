"""Whole processes from their start: one row, 2,560 rows, and a listing of 300 distributions."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks import wrk
from tests.benchmarks.finding import Finding, median
from tests.benchmarks.nginx import MODEL, Nginx, nginx

from seedbed.testing.packages.fake_site import fake_distribution

ROWS = 2560
CONNECTIONS = 256
DISTRIBUTIONS = 300

COMMAND = str(Path(sys.executable).with_name("seedbed"))
BARE_IMPORTS = (sys.executable, "-c", "import aiohttp, pydantic, jinja2, click, orjson")
BARE_READING = (
    sys.executable,
    "-c",
    "import importlib_metadata as m\n"
    "[e for d in m.distributions() for e in d.entry_points if e.group.startswith('seedbed.')]",
)
TASK = """
from seedbed import GeneratorTask

class One(GeneratorTask):
    template: str = "Write number {{ i }}."

    def sample(self, index, rng):
        return {"i": index}
"""


class Took(NamedTuple):
    """Seconds that a process took, on the wall and of the processor."""

    wall: float
    cpu: float


def measure(rounds: int) -> list[Finding]:
    """Compare each with the least that any program of its kind could take."""
    with tempfile.TemporaryDirectory() as name, nginx() as server:
        folder = Path(name)
        (folder / "one.py").write_text(TASK)
        return [*_rows(folder, server, rounds), _listing(folder, rounds)]


def _rows(folder: Path, server: Nginx, rounds: int) -> list[Finding]:
    one, bare, many, rates = [], [], [], []
    # Compiles what both import: a first time that no round is to pay for.
    for number in range(-1, rounds):
        taken = _run(folder, server.at_once, 1, number), _took(BARE_IMPORTS, folder)
        if number >= 0:
            one.append(taken[0])
            bare.append(taken[1])
            many.append(_run(folder, server.late, ROWS, number, "--concurrency", str(CONNECTIONS)))
            rates.append(wrk.requests_per_second(server.late, CONNECTIONS))
    return [
        Finding(
            what="a run of one row, whole process, over its bare imports",
            unit="s",
            found=median(took.wall for took in one),
            reference=median(took.wall for took in bare),
            required=2.0,
            aim=1.4,
            at_most=True,
        ),
        Finding(
            what="processor time of the same, over that of its bare imports",
            unit="s",
            found=median(took.cpu for took in one),
            reference=median(took.cpu for took in bare),
            required=2.0,
            aim=1.4,
            at_most=True,
        ),
        Finding(
            what=f"{ROWS:,} rows, answers after 200 ms, whole process, over wrk for as many",
            unit="s",
            found=median(took.wall for took in many),
            reference=ROWS / median(rates),
            required=1.6,
            aim=1.3,
            at_most=True,
        ),
    ]


def _listing(folder: Path, rounds: int) -> Finding:
    site = folder / "site"
    site.mkdir()
    for number in range(DISTRIBUTIONS):
        entry_points = {"seedbed.llms": {f"fake-{number}": f"mod_{number}"}}
        fake_distribution(site, f"dist-{number}", entry_points, requires=["seedbed>=0.1,<1", "pydantic>=2"])
    found, bare = [], []
    for number in range(-1, rounds):
        taken = _took((COMMAND, "plugins", "--json"), folder, site), _took(BARE_READING, folder, site)
        if number >= 0:
            found.append(taken[0].cpu)
            bare.append(taken[1].cpu)
    return Finding(
        what=f"`plugins --json` with {DISTRIBUTIONS} distributions, over reading their entry points",
        unit="s",
        found=median(found),
        reference=median(bare),
        required=1.5,
        aim=1.2,
        at_most=True,
    )


def _run(folder: Path, base_url: str, rows: int, number: int, *options: str) -> Took:
    name = f"run-{rows}-{number + 1}"
    command = (COMMAND, "run", "one.py:One", "--llm", f"openai/{MODEL}", "-n", str(rows), "--name", name)
    return _took((*command, "-o", f"{name}.jsonl", *options), folder, OPENAI_BASE_URL=base_url)


def _took(command: Sequence[str], folder: Path, site: Path | None = None, **more: str) -> Took:
    environ: Mapping[str, str] = {
        **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
        **more,
        "OPENAI_API_KEY": "sk-benchmark",
        "PYTHONPATH": str(site or ""),
        # Installed modules are compiled once, as on the user's machine; the tests' environment may not be.
        "PYTHONPYCACHEPREFIX": str(folder / "compiled"),
    }
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, cwd=folder, env=environ, check=True, capture_output=True)
    wall, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Took(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
