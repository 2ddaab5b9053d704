"""The counts of a session without an end: it still runs, was killed, or met a full disk."""

from __future__ import annotations

import sqlite3
from typing import Any

import orjson

from seedbed.store.kept_counts import Counts
from seedbed.store.stored_json import stored_object

# Calls don't record their session: those of the last one are all of them without those that earlier sessions
# have in their summaries.
_EARLIER = "SELECT ifnull(sum(json_extract(summary, '$.calls')), 0) FROM sessions WHERE id != ?"
QUALITY = "quality"
"""The mark that holds the quality of the rows so far, as JSON."""


def counts_so_far(connection: sqlite3.Connection, session: int, manifest: dict[str, Any]) -> dict[str, Any]:
    """Return what the last session's summary would have: accepted rows, its own calls, the quality."""
    counted, leaf = Counts.now(connection), manifest.get("leaf", "")
    (earlier,) = connection.execute(_EARLIER, [session]).fetchone()
    calls = int(sum(sums[0] for sums in counted.calls.values())) - earlier
    accepted = int(counted.verdicts.get((leaf, "accepted"), [0])[0])
    # A call that was replaced is counted once here, and twice in the summaries.
    counts = {"accepted": accepted, "calls": max(calls, 0)}
    measured = connection.execute("SELECT value FROM marks WHERE name = ?", [QUALITY]).fetchone()
    if measured is None:
        return counts
    return {**counts, "quality": stored_object(measured[0], "the quality of the rows")}


def note_counts(connection: sqlite3.Connection, stopped: str) -> None:
    """Write the counts of the last session if it has no end, before the next session adds to them."""
    found = connection.execute(
        "SELECT id, manifest FROM sessions WHERE id = (SELECT max(id) FROM sessions) AND summary IS NULL"
    ).fetchone()
    if found is None:
        return
    session, manifest = found
    summary = counts_so_far(connection, session, orjson.loads(manifest))
    if stopped:
        summary["stopped_by"] = stopped
    connection.execute(
        "UPDATE sessions SET outcome = ?, summary = ? WHERE id = ?",
        ["stopped" if stopped else None, orjson.dumps(summary).decode(), session],
    )
