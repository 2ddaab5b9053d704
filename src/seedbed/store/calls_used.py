"""Which of a row's calls its result is made from, where the run has others of the row.

Calls are kept whether or not their answers are used again: a prompt may be changed back. So a row may have
calls that nothing comes from now. What a step made of such a row is kept with a list of the calls it asked.
"""

from __future__ import annotations

from collections.abc import Collection

import orjson

from seedbed.store.kept_beside import kept_beside
from seedbed.store.run_values import Result


def calls_step(step: str) -> str:
    """Return the name under which a run keeps which calls the results of `step` are made from."""
    return kept_beside(step, "calls")


def calls_used(step: str, row: str, key: bytes, attempt: int, calls: Collection[tuple[bytes, int]]) -> Result:
    """Return what to keep with the result of this key: the digests and counts of the calls it's made from."""
    told = sorted(f"{digest.hex()} {k}" for digest, k in calls)
    return Result(calls_step(step), row, key, attempt, "done", orjson.dumps([{"calls": told}]))


RESULTS_OF_CALLS = (
    "LEFT JOIN results AS r ON r.step = c.step AND r.row = c.row "
    "LEFT JOIN results AS u ON u.step = c.step || ' calls' AND u.row = c.row "
    "AND u.key = r.key AND u.attempt = r.attempt"
)
"""Joins the calls `c` of a query with the results of their rows, and with the lists that belong to those."""

IS_USED = (
    "(c.attempt = ifnull(r.attempt, c.attempt) "
    "AND (u.data IS NULL OR instr(u.data, '\"' || lower(hex(c.digest)) || ' ' || c.k || '\"')))"
)
"""Whether a row's result is made from a call, as far as that's known, in a query with `RESULTS_OF_CALLS`."""
