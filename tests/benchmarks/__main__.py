"""What Seedbed costs, in ratios that are taken side by side on the machine it runs on.

    apt-get install nginx-light libnginx-mod-http-lua wrk
    uv run python -m tests.benchmarks                          # all measures, about fifteen minutes
    uv run python -m tests.benchmarks --only late-answers --rounds 1
    uv run python -m tests.benchmarks --profile                # where the processor time of a row goes

Each measure runs in child processes of its own, in turn with what it is compared with; the table shows
medians. Ratios hold on a busy machine where its figures do not, within limits: let it be idle.
"""

from __future__ import annotations

import argparse
import subprocess
import time
from importlib import import_module

from tests.benchmarks.finding import Finding, show
from tests.benchmarks.nginx import Missing

MEASURES = (
    "whole-process",
    "late-answers",
    "instant-answers",
    "kinds-of-rows",
    "slow-answers",
    "trivial-steps",
    "many-rows",
    "table-rows",
    "near-duplicates",
    "pool",
    "rate-limit",
    "resume",
    "embedded-model",
    "on-ray",
)


def take(name: str, rounds: int) -> list[Finding]:
    """Take one measure."""
    measures = import_module(f"tests.benchmarks.measures.{name.replace('-', '_')}")
    begun = time.monotonic()
    found: list[Finding] = measures.measure(rounds)
    print(f"{name}: {time.monotonic() - begun:.0f} s", flush=True)
    return found


def main() -> None:
    """Read the command line, take the measures and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only", nargs="+", choices=MEASURES, default=MEASURES, metavar="NAME", help=str(MEASURES)
    )
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each measure (3)")
    parser.add_argument("--profile", action="store_true", help="profile one-call rows, and measure nothing")
    options = parser.parse_args()
    if options.profile:
        import_module("tests.benchmarks.profiling").profile()
        return
    findings: list[Finding] = []
    missing: list[tuple[str, str]] = []
    for name in options.only:
        try:
            findings += take(name, options.rounds)
        except subprocess.CalledProcessError as error:
            missing.append((name, f"a process ended with status {error.returncode}, as said above"))
        except Missing as error:
            missing.append((name, str(error)))
    show(findings, missing)


if __name__ == "__main__":
    main()
