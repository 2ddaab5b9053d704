"""Facts about a run: its last session, counts of rows and calls, and the process that writes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from seedbed.errors import SeedbedError
from seedbed.store.run_folders import RunEntry
from seedbed.store.run_reader import RunReader
from seedbed.store.run_values import SessionRecord, TotalSpent


@dataclass(frozen=True)
class RunFacts:
    """One run. `accepted` counts the rows of its dataset; `spent` is the total of all sessions.

    for entry in list_runs(runs_folder()):
        print(entry.name, RunFacts.of(entry).outcome)
    """

    entry: RunEntry
    accepted: int = 0
    failed: int = 0
    rejected: int = 0
    spent: TotalSpent | None = None
    error: SeedbedError | None = None

    @classmethod
    def of(cls, entry: RunEntry) -> Self:
        """Return the facts about a run; if it can't be read, they have the error, which isn't raised."""
        if entry.error:
            return cls(entry, error=entry.error)
        try:
            with RunReader.open(entry.folder) as reader:
                return cls._read(entry, reader)
        except SeedbedError as error:
            return cls(entry, error=error)

    @classmethod
    def _read(cls, entry: RunEntry, reader: RunReader) -> Self:
        leaf = entry.session.manifest.get("leaf", "") if entry.session else ""
        refused = reader.count_refused()
        return cls(entry, len(reader.rows(leaf)), refused["failed"], refused["rejected"], reader.spent())

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
        """The file of the dataset, if one was named: where it is, or where it will be."""
        if self.session and self.session.summary and self.session.summary.get("out"):
            return str(self.session.summary["out"])
        order = self.manifest.get("order") or {}
        # A pipeline file and `run(out=...)` name it without an option of the command.
        return order.get("out") or next(iter(self.manifest.get("outputs") or ()), None)

    @property
    def cost(self) -> float | None:
        """Dollars, if the price of every call is known."""
        return self.spent.cost if self.spent and self.spent.calls and not self.spent.unpriced else None

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
