"""The steps of a worked solution."""

from __future__ import annotations

import re

_NUMBERED = re.compile(r"^\s*[*#]*\s*(?:step\s*\d+\s*[.:)]|\(?\d+[.:)]\s)", re.IGNORECASE)


def split_steps(solution: str) -> list[str]:
    """Return the steps of a solution: those that are numbered, else its lines.

        split_steps("1. Add them.\\n2. So it's 4.")    # ["1. Add them.", "2. So it's 4."]

    Lines before the first number are a part of the first step, and lines after a number belong to that step.
    """
    lines = [line.strip() for line in solution.splitlines() if line.strip()]
    if sum(bool(_NUMBERED.match(line)) for line in lines) < 2:
        return lines
    steps: list[str] = []
    is_numbered = False
    for line in lines:
        begins = bool(_NUMBERED.match(line))
        if not steps or (begins and is_numbered):
            steps.append(line)
        else:
            steps[-1] = f"{steps[-1]}\n{line}"
        is_numbered = is_numbered or begins
    return steps
