"""Seedbed beside other programs that make datasets with language models, on the machine it runs on.

    apt-get install nginx-light libnginx-mod-http-lua
    uv run python -m tests.benchmarks.rivals                   # about half an hour
    uv run python -m tests.benchmarks.rivals --only seedbed curator --rounds 1

Each does the same job: one prompt a row, a server on loopback that answers after 200 ms, its cache on. The
others are installed from PyPI with uv, in the versions that `programs.py` names, each in an environment of
its own. `rows/s` is the run alone; `process` and `CPU` are the whole process, with what it imports.

Then each is killed with SIGKILL when the server has answered half of the rows, and started again with the
same command. `paid twice` are rows answered before the kill and asked for again. Rows in flight at the kill
have to be asked for again by any program, and are counted apart.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

from rich.console import Console
from rich.table import Table
from tests.benchmarks.nginx import Missing
from tests.benchmarks.rivals.measuring import Rate, Resume, rate, resume
from tests.benchmarks.rivals.programs import PROGRAMS, Failed, Installed, Program, install

T = TypeVar("T")

RATE_ROWS, RATE_IN_FLIGHT = 2560, 256
# Several times the thousand rows that Data Designer keeps together.
KILL_ROWS, KILL_IN_FLIGHT = 3000, 32


class Line(NamedTuple):
    """What is known of a program, or why it is not."""

    program: Program
    rate: Rate | str
    resume: Resume | str


class Taken(NamedTuple):
    """The rounds of a program, which are filled in as they are taken."""

    program: Program
    installed: Installed | str
    rates: list[Rate | str]
    resumes: list[Resume | str]


def take(programs: Iterable[Program], folder: Path, rounds: int) -> list[Line]:
    """Install the programs and take their figures, each round with all of them in turn."""
    lines = [Taken(program, _or_why(install, program, folder), [], []) for program in programs]
    for line in lines * rounds:
        line.rates.append(_or_why(rate, line.installed, RATE_ROWS, RATE_IN_FLIGHT))
        print(f"{line.program.name}: {line.rates[-1]}", flush=True)
    for line in lines * rounds:
        # What hangs once takes minutes each time.
        before = next((why for why in line.resumes if isinstance(why, str)), line.installed)
        line.resumes.append(_or_why(resume, before, KILL_ROWS, KILL_IN_FLIGHT))
        print(f"{line.program.name}: {line.resumes[-1]}", flush=True)
    return [Line(line.program, _median(Rate, line.rates), _median(Resume, line.resumes)) for line in lines]


def _or_why(step: Callable[..., T], of: Program | Installed | str, *arguments: Any) -> T | str:
    """Return what a step makes of a program, or why it or the one before did not work."""
    if isinstance(of, str):
        return of
    try:
        return step(of, *arguments)
    except Failed as error:
        return str(error)


def _median(kind: type[T], rounds: list[T | str]) -> T | str:
    """Return the medians of all figures of the rounds, or why one of them has none."""
    for found in rounds:
        if isinstance(found, str):
            return found
    columns = zip(*cast("list[tuple[float, ...]]", rounds), strict=True)
    return kind(*(statistics.median(column) for column in columns))


def show(lines: list[Line]) -> None:
    """Print the table, and below it why figures are missing."""
    table = Table("program", "rows/s", "process", "CPU", "paid twice", "in flight", "lost", "doubled")
    for line in lines:
        table.add_row(line.program.title, *_rate_cells(line.rate), *_resume_cells(line.resume))
    console = Console(width=120)
    console.print(table)
    for line in lines:
        for what, found in (("rate", line.rate), ("resume", line.resume)):
            if isinstance(found, str):
                console.print(f"{line.program.name}, {what}: {found}", markup=False, highlight=False)


def _rate_cells(found: Rate | str) -> tuple[str, ...]:
    if isinstance(found, str):
        return ("?",) * 3
    return f"{found.rows_per_second:,.0f}", f"{found.wall:.1f} s", f"{found.cpu:.1f} s"


def _resume_cells(found: Resume | str) -> tuple[str, ...]:
    if isinstance(found, str):
        return ("?",) * 4
    paid_twice = f"{found.answered_again:,.0f} of {found.answered:,.0f}"
    return paid_twice, *(f"{rows:,.0f}" for rows in found[2:])


def main() -> None:
    """Read the command line, take the figures and print them."""
    names = [program.name for program in PROGRAMS]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="NAME", help=str(names))
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each (3)")
    parser.add_argument("--environments", type=Path, help="a folder that keeps the environments")
    options = parser.parse_args()
    programs = [program for program in PROGRAMS if program.name in options.only]
    with tempfile.TemporaryDirectory() as empty:
        folder = (options.environments or Path(empty)).absolute()
        lines = take(programs, folder, options.rounds)
    show(lines)


if __name__ == "__main__":
    try:
        main()
    except Missing as missing:
        raise SystemExit(f"not measured: {missing}") from None
