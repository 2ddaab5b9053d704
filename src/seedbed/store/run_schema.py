"""The tables and views of a run's database, and the migrations of older ones."""

from __future__ import annotations

from typing import TypeAlias

APPLICATION_ID = int.from_bytes(b"seed", "big")
"""Marks the file as a run of Seedbed (`PRAGMA application_id`)."""

Statements: TypeAlias = tuple[str, ...]

MIGRATIONS: tuple[Statements, ...] = ()
"""Index 0 migrates version 1 to version 2, and so on. `SCHEMA` is always the newest version."""

# As for failures: without it, whoever looks at the rows that are missing scans those that are there.
REFUSED_INDEX = (
    "CREATE INDEX IF NOT EXISTS verdicts_refused ON verdicts (leaf, seq) WHERE verdict != 'accepted'"
)
"""An index that runs made before it was there get when they're opened for writing."""

# The tables are public: users query them, so a column never changes its meaning without a new version.
SCHEMA: Statements = (
    """CREATE TABLE sessions (
        id INTEGER PRIMARY KEY,
        started TEXT NOT NULL,
        ended TEXT,
        seconds REAL NOT NULL,
        outcome TEXT,
        manifest TEXT NOT NULL,
        summary TEXT
    )""",
    # With a rowid, unlike `verdicts`: observers follow the calls and results in the order of their rowids,
    # and a replaced row gets a new one. The same holds for `results`.
    """CREATE TABLE calls (
        step TEXT NOT NULL,
        row TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        digest BLOB NOT NULL,
        k INTEGER NOT NULL,
        model TEXT NOT NULL,
        input_tokens INTEGER NOT NULL,
        output_tokens INTEGER NOT NULL,
        cached_tokens INTEGER NOT NULL,
        reasoning_tokens INTEGER NOT NULL,
        cost REAL,
        answer BLOB NOT NULL,
        UNIQUE (step, row, attempt, digest, k)
    )""",
    """CREATE TABLE results (
        step TEXT NOT NULL,
        row TEXT NOT NULL,
        key BLOB NOT NULL,
        attempt INTEGER NOT NULL,
        status TEXT NOT NULL,
        data TEXT NOT NULL,
        reasons TEXT,
        UNIQUE (step, row)
    )""",
    # Failures are few and often asked for: without this index each look at a run would scan all its results.
    "CREATE INDEX results_failed ON results (step, row) WHERE status IN ('failed', 'partial')",
    # Without a rowid: it's read in the order of its key alone, so it needs no separate index.
    """CREATE TABLE verdicts (
        leaf TEXT NOT NULL,
        seq INTEGER NOT NULL,
        row TEXT NOT NULL,
        verdict TEXT NOT NULL,
        step TEXT NOT NULL,
        source_row TEXT NOT NULL,
        k INTEGER NOT NULL,
        PRIMARY KEY (leaf, seq)
    ) WITHOUT ROWID""",
    REFUSED_INDEX,
    "CREATE TABLE marks (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID",
    """CREATE VIEW dataset AS
        SELECT v.leaf, v.seq, v.row,
            CAST(json_extract(r.data, '$[' || v.k || ']') AS TEXT) AS data
        FROM verdicts AS v JOIN results AS r ON r.step = v.step AND r.row = v.source_row
        WHERE v.verdict = 'accepted'""",
    """CREATE VIEW failures AS
        SELECT r.step, r.row, r.attempt,
            CAST(json_extract(e.value, '$.reason') AS TEXT) AS reason,
            CAST(json_extract(e.value, '$.kind') AS TEXT) AS kind,
            CAST(json_extract(e.value, '$.tries') AS INTEGER) AS tries,
            CAST(json_extract(e.value, '$.text') AS TEXT) AS text
        FROM results AS r JOIN json_each(r.reasons) AS e
        WHERE r.status IN ('failed', 'partial') AND NOT coalesce(json_extract(e.value, '$.rejected'), 0)""",
)


def schema_version() -> int:
    """Return the version that this Seedbed writes."""
    return 1 + len(MIGRATIONS)
