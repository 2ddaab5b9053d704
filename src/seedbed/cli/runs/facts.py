"""Facts about a run: its last session, counts of rows and calls, and the process that writes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from seedbed.cli.terminal.counting import cost_text, count_text, moment, tokens_text
from seedbed.errors import SeedbedError
from seedbed.store import RunEntry, RunReader, SessionRecord, TotalSpent


@dataclass(frozen=True)
class RunFacts:
    """One run. `accepted` counts the rows of its dataset; `spent` is the total of all sessions."""

    entry: RunEntry
    accepted: int = 0
    failed: int = 0
    rejected: int = 0
    spent: TotalSpent | None = None
    error: SeedbedError | None = None

    @property
    def session(self) -> SessionRecord | None:
        """The last session."""
        return self.entry.session

    @property
    def manifest(self) -> dict[str, Any]:
        """The manifest of the last session; empty before the first."""
        return self.session.manifest if self.session else {}

    @property
    def task(self) -> str:
        """The task of the run, or its pipeline."""
        return str(self.manifest.get("task") or "")

    @property
    def outcome(self) -> str:
        """The state of the run in one word."""
        if self.error:
            return "damaged"
        if self.entry.holder:
            return "running"
        if self.session is None:
            return "empty"
        return self.session.outcome or "killed"

    @property
    def wanted(self) -> int | None:
        """How many rows were asked for, if that's known."""
        wanted: int | None = self.manifest.get("wanted")
        return wanted

    @property
    def out(self) -> str | None:
        """The file of the dataset, if one was named."""
        if self.session and self.session.summary and self.session.summary.get("out"):
            return str(self.session.summary["out"])
        order = self.manifest.get("order") or {}
        return order.get("out")

    @property
    def cost(self) -> float | None:
        """Dollars, if the price of every call is known."""
        return self.spent.cost if self.spent and self.spent.calls and not self.spent.unpriced else None

    def rows_text(self) -> str:
        """Return '612 of 1,000' if rows are missing, else '1,000'."""
        short = self.wanted is not None and self.accepted < self.wanted
        return f"{self.accepted:,}{f' of {self.wanted:,}' if short else ''}"

    def holder_text(self) -> str:
        """Return the process that writes it: 'process 4711 on tinker since 2026-01-31 12:00', or nothing."""
        holder = self.entry.holder
        return f"process {holder.pid} on {holder.host} since {moment(holder.since)}" if holder else ""

    def spent_texts(self) -> list[str]:
        """Return what it has spent in all: '640 calls', '12,000 input + 34,000 output tokens', '$0.52'."""
        spent = self.spent
        if spent is None:
            return []
        tokens = tokens_text(spent.input_tokens, spent.output_tokens)
        return [text for text in (count_text(spent.calls, "call"), tokens, cost_text(self.cost)) if text]

    def as_json(self) -> dict[str, Any]:
        """Return the facts as values that JSON can hold."""
        holder, session, spent = self.entry.holder, self.session, self.spent
        return {
            "name": self.entry.name,
            "folder": str(self.entry.folder),
            "task": self.task or None,
            "outcome": self.outcome,
            "wanted": self.wanted,
            "accepted": self.accepted,
            "failed": self.failed,
            "rejected": self.rejected,
            "calls": spent.calls if spent else 0,
            "input_tokens": spent.input_tokens if spent else 0,
            "output_tokens": spent.output_tokens if spent else 0,
            "cost": self.cost,
            "seconds": round(spent.seconds, 3) if spent else 0,
            "out": self.out,
            "started": session.started if session else None,
            "ended": session.ended if session else None,
            "holder": holder._asdict() if holder else None,
            "error": str(self.error) if self.error else None,
        }


def facts_of(entry: RunEntry) -> RunFacts:
    """Return the facts about a run; if it can't be read, they have the error, which isn't raised."""
    if entry.error:
        return RunFacts(entry, error=entry.error)
    try:
        with RunReader.open(entry.folder) as reader:
            return _read(entry, reader)
    except SeedbedError as error:
        return RunFacts(entry, error=error)


def _read(entry: RunEntry, reader: RunReader) -> RunFacts:
    leaf = entry.session.manifest.get("leaf", "") if entry.session else ""
    refused = reader.count_refused()
    return RunFacts(entry, len(reader.rows(leaf)), refused["failed"], refused["rejected"], reader.spent())
