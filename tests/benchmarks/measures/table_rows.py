"""A table of ten drawn columns and no model, against numpy in a loop and against Data Designer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

from tests.benchmarks.child import ROOT, Clock, in_child
from tests.benchmarks.finding import Finding, median
from tests.benchmarks.rivals.programs import PROGRAMS, Installed, environment_of, install

ROWS = 100_000
PLANS = ["free", "solo", "team", "firm"]
WEIGHTS = [0.4, 0.3, 0.2, 0.1]
TIERS = {plan: [f"{plan}-{number}" for number in range(5)] for plan in PLANS}
REGIONS = ["north", "east", "south", "west"]


def measure(rounds: int) -> list[Finding]:
    """Compare draws, a run, and a whole process, each with its counterpart in turn."""
    taken: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as name:
        (program,) = [program for program in PROGRAMS if program.name == "data-designer"]
        rival = install(program, _environments())
        for number in range(rounds):
            # Of its own for each: in the folder of another, a run would resume and make nothing.
            folder, other = Path(name) / f"run-{number}", Path(name) / f"process-{number}"
            folder.mkdir()
            other.mkdir()
            taken.append(
                {
                    "loop": in_child("measures.table_rows", "loop"),
                    "draws": in_child("measures.table_rows", "draws"),
                    "run": in_child("measures.table_rows", "make_rows", folder=folder),
                    "process": _seconds([sys.executable, "-c", _SCRIPT], other, {"PYTHONPATH": str(ROOT)}),
                    "rival": _seconds(_rival(rival), other, dict(environment_of(program))),
                }
            )
    found = {key: median(one[key] for one in taken) for key in taken[0]}
    return [
        _over("100,000 rows of ten drawn columns, over numpy row by row", found["draws"], found["loop"], 0.5),
        _over("the run that writes them to a file, over numpy row by row", found["run"], found["loop"], 0.8),
        Finding(
            what="rows/s of the whole process, over Data Designer's",
            unit="rows/s",
            found=ROWS / found["process"],
            reference=ROWS / found["rival"],
            required=3,
        ),
    ]


def _over(what: str, found: float, reference: float, aim: float) -> Finding:
    return Finding(what=what, unit="s", found=found, reference=reference, required=1, aim=aim, at_most=True)


def loop() -> float:
    """Return the seconds in which numpy draws the columns, one row at a time."""
    import numpy as np

    rng = np.random.default_rng(0)
    start = np.datetime64("2020-01-01")
    clock = Clock()
    with clock.running():
        rows = []
        for _ in range(ROWS):
            plan = rng.choice(PLANS, p=WEIGHTS)
            rows.append(
                {
                    "plan": plan,
                    "tier": rng.choice(TIERS[plan]),
                    "region": rng.choice(REGIONS),
                    "load": rng.uniform(0, 1),
                    "seats": rng.integers(0, 100),
                    "score": rng.normal(3, 1),
                    "visits": rng.poisson(3),
                    "paid": rng.random() < 0.3,
                    "since": start + rng.integers(0, 1000),
                    "id": str(uuid.UUID(bytes=rng.bytes(16), version=4)),
                }
            )
    return clock.wall


def draws() -> float:
    """Return the seconds in which a table draws them."""
    made = table()
    clock = Clock()
    with clock.running():
        for index in range(ROWS):
            made.variables(index)
    return clock.wall


def make_rows() -> float:
    """Return the seconds in which a run writes them."""
    from seedbed import run

    made = table()
    clock = Clock()
    with clock.running():
        run(made, n=ROWS, out="rows.jsonl", name="table")
    return clock.wall


def table() -> Any:
    """Return the table."""
    from seedbed_tasks.table import Category, Date, Number, Subcategory, Table, Uuid

    return Table(
        columns={
            "plan": Category(values=PLANS, weights=WEIGHTS),
            "tier": Subcategory(of="plan", values=TIERS),
            "region": Category(values=REGIONS),
            "load": Number(min=0, max=1),
            "seats": Number(min=0, max=99, integer=True),
            "score": Number(distribution="normal", mean=3, std=1),
            "visits": Number(distribution="poisson", mean=3),
            "paid": Number(distribution="bernoulli", probability=0.3),
            "since": Date(start="2020-01-01", end="2022-09-26"),
            "id": Uuid(),
        }
    )


_SCRIPT = "from tests.benchmarks.measures.table_rows import make_rows; make_rows()"


def _rival(rival: Installed) -> list[str]:
    script = ROOT / "tests" / "benchmarks" / "rivals" / "jobs" / "data_designer_table.py"
    return [str(rival.python), str(script), json.dumps({"rows": ROWS})]


def _seconds(command: list[str], folder: Path, environment: dict[str, str]) -> float:
    """Return how long a process takes from its start to its end."""
    begun = time.perf_counter()
    subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - begun


def _environments() -> Path:
    """Return the folder where environments of other programs are kept between measures."""
    return Path(tempfile.gettempdir()) / "seedbed-rivals"
