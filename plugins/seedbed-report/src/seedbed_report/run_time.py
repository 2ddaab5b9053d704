"""What the sessions of a run took, and how long the rows of each step waited for answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from seedbed_report import figures


def session_of(session: Any) -> figures.Session:
    """Return the figures of a session, as `RunReader.sessions` has it."""
    summary = session.summary or {}
    return figures.Session(
        started=session.started,
        seconds=session.seconds,
        outcome=session.outcome,
        accepted=summary.get("accepted") or 0,
        calls=summary.get("calls") or 0,
    )


def step_times(sessions: Sequence[Any]) -> Iterator[figures.StepTime]:
    """Yield the time of each step in all sessions, the longest first."""
    taken: dict[str, float] = {}
    for one in sessions:
        # Sessions of earlier versions have none; one that was killed has no summary.
        for step, seconds in ((one.summary or {}).get("step_seconds") or {}).items():
            taken[step] = taken.get(step, 0.0) + seconds
    total = sum(taken.values())
    for step, seconds in sorted(taken.items(), key=lambda one: -one[1]):
        yield figures.StepTime(step=step, seconds=seconds, share=seconds / total if total else 0.0)
