"""Queries on the sessions of a run, and on the values that it keeps by name."""

from __future__ import annotations

from typing import cast

from seedbed.store.open_sessions import counts_so_far
from seedbed.store.paged_reads import PagedReads
from seedbed.store.run_lock import stop_of
from seedbed.store.run_values import SessionRecord
from seedbed.store.stored_json import stored_manifest, stored_summary


class SessionQueries(PagedReads):
    """Reads the sessions and marks of a run."""

    def sessions(self) -> list[SessionRecord]:
        """Return all sessions, the first one first."""
        sessions = [_session(*found) for found in self._all("SELECT * FROM sessions ORDER BY id")]
        return [*sessions[:-1], *map(self._with_counts, sessions[-1:])]

    def last_session(self) -> SessionRecord | None:
        """Return the newest session; None before the first."""
        found = self._all("SELECT * FROM sessions ORDER BY id DESC LIMIT 1")
        return self._with_counts(_session(*found[0])) if found else None

    def _with_counts(self, session: SessionRecord) -> SessionRecord:
        """Return the last session, with its counts so far if it hasn't written its end."""
        if session.outcome is not None or session.summary is not None:
            return session
        with self._one_moment() as query:
            summary = counts_so_far(query, session.id, session.manifest)
        if not (stopped := stop_of(self.path)):
            return session._replace(summary=summary)
        return session._replace(outcome="stopped", summary={**summary, "stopped_by": stopped})

    def last_working_session(self) -> SessionRecord | None:
        """Return the newest session that wasn't refused: the results in the run were made by it.

        If all were refused, return the newest.
        """
        sessions = self.sessions()[::-1]
        return next((one for one in sessions if not one.was_refused), next(iter(sessions), None))

    def get_mark(self, name: str) -> bytes | str | None:
        """Return a named value; None if it isn't set."""
        found = self._all("SELECT value FROM marks WHERE name = ?", name)
        return cast("bytes | str", found[0][0]) if found else None


def _session(
    number: int,
    started: str,
    ended: str | None,
    seconds: float,
    outcome: str | None,
    manifest: str,
    summary: str | None,
) -> SessionRecord:
    return SessionRecord(
        number,
        _text(started),
        None if ended is None else _text(ended),
        seconds,
        None if outcome is None else _text(outcome),
        stored_manifest(manifest),
        None if summary is None else stored_summary(summary),
    )


def _text(value: object) -> str:
    """Return text as it is; of a damaged run, it may be anything, and is shown as far as it can be."""
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return value if isinstance(value, str) else str(value)
