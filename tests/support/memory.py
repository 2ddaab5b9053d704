"""The most memory that a program takes, measured in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

STATUS = Path("/proc/self/status")

measured = pytest.mark.skipif(not STATUS.exists(), reason="the peak is read from /proc")

# VmHWM begins anew with each program; ru_maxrss would carry over the peak of the process that started it.
_REPORT = f"""
from pathlib import Path
status = Path("{STATUS}").read_text().splitlines()
print(next(line.split()[1] for line in status if line.startswith("VmHWM")))
"""


def peak_megabytes(program: str, *arguments: object) -> float:
    """Run a program, which prints nothing, to its end, and return the most memory that it took."""
    command = [sys.executable, "-c", program + _REPORT, *map(str, arguments)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stderr
    return int(ended.stdout) / 1024


def grows_by_less(megabytes: float, few: Callable[[], float], many: Callable[[], float]) -> bool:
    """Return whether the second of two measured peaks is larger than the first by less than so much.

    What grows does so each time: where threads happen to hold more at once, the next measurement is smaller.
    """
    return any(many() - few() < megabytes for _ in range(3))
