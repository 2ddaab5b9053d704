"""What is known of a session that has written no end: it works, was killed, or met a full disk."""

from __future__ import annotations

import sqlite3
from typing import Any

import orjson

_CALLS = (
    "SELECT count(*) - (SELECT ifnull(sum(json_extract(summary, '$.calls')), 0) FROM sessions WHERE id != ?) "
    "FROM calls"
)
_ACCEPTED = "SELECT count(*) FROM verdicts WHERE leaf = ? AND verdict = 'accepted'"


def counts_so_far(connection: sqlite3.Connection, session: int, manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the rows of the dataset, and the calls of the last session, as its summary would have them."""
    (calls,) = connection.execute(_CALLS, [session]).fetchone()
    (accepted,) = connection.execute(_ACCEPTED, [manifest.get("leaf", "")]).fetchone()
    return {"accepted": accepted, "calls": max(calls, 0)}


def note_counts(connection: sqlite3.Connection, stopped: str) -> None:
    """Write down what the last session came to where it has no end, before the next one begins."""
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
