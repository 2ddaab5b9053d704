"""The counts of a session without an end: it still runs, was killed, or met a full disk."""

from __future__ import annotations

import sqlite3
from typing import Any

import orjson

from seedbed.store.kept_counts import Counts, Query, query_on
from seedbed.store.stored_json import stored_manifest, stored_object

# Calls don't record their session: those of the last one are all of them without those that earlier sessions
# have in their summaries.
_EARLIER = "SELECT ifnull(sum(json_extract(summary, '$.calls')), 0) FROM sessions WHERE id != ?"
QUALITY = "quality"
"""The mark that holds the quality of the rows so far, as JSON."""


def counts_so_far(query: Query, session: int, manifest: dict[str, Any]) -> dict[str, Any]:
    """Return what the last session's summary would have: accepted rows, its own calls, the quality.

    All that `query` returns is of one moment.
    """
    counted, leaf = Counts.kept(query), manifest.get("leaf", "")
    counted.add_calls(query)
    counted.add_verdicts(query, leaf)
    calls = int(sum(sums[0] for sums in counted.calls.values())) - query(_EARLIER, session)[0][0]
    accepted = int(counted.verdicts.get((leaf, "accepted"), [0])[0])
    # A call that was replaced is counted once here, and twice in the summaries.
    counts = {"accepted": accepted, "calls": max(calls, 0)}
    measured = query("SELECT value FROM marks WHERE name = ?", QUALITY)
    if not measured:
        return counts
    return {**counts, "quality": stored_object(measured[0][0], "the quality of the rows")}


def note_counts(connection: sqlite3.Connection, stopped: str) -> None:
    """Write the counts of the last session if it has no end, before the next session adds to them."""
    found = connection.execute(
        "SELECT id, manifest FROM sessions WHERE id = (SELECT max(id) FROM sessions) AND summary IS NULL"
    ).fetchone()
    if found is None:
        return
    session, manifest = found
    summary = counts_so_far(query_on(connection), session, stored_manifest(manifest))
    if stopped:
        summary["stopped_by"] = stopped
    connection.execute(
        "UPDATE sessions SET outcome = ?, summary = ? WHERE id = ?",
        ["stopped" if stopped else None, orjson.dumps(summary).decode(), session],
    )
