"""Steps whose code stays the same in each session, whatever the environment tells them to do."""

from __future__ import annotations

import os
import signal
from itertools import count

from seedbed import Reject, Row, Step

_rows = count(1)


class Trim(Step):
    """Cuts the spaces off a text; the process is killed at the row that JUDGE_KILLS_AT says."""

    def process(self, row: Row) -> Row:
        """Return the row with its text trimmed."""
        kill_if_told()
        return {**row, "text": row["text"].strip()}


class Judge(Step):
    """Rejects some rows and fails on others, unless JUDGE_FAILS says no."""

    def process(self, row: Row) -> Row:
        """Return the row, or reject it."""
        if row["n"] % 7 == 3:
            raise Reject("not wanted")
        if row["n"] % 40 == 0 and os.environ.get("JUDGE_FAILS") != "no":
            raise ValueError("broken")
        return row


def kill_if_told() -> None:
    """Kill this process at the row that the environment says."""
    if next(_rows) == int(os.environ.get("JUDGE_KILLS_AT", "0")):
        os.kill(os.getpid(), signal.SIGKILL)
