"""Why rows were refused, from the reasons that a run keeps with their results."""

from __future__ import annotations

from typing import TypeAlias

from seedbed.store.stored_json import stored_reasons

Why: TypeAlias = tuple[str, str, int, str | None, str]
"""Reason, kind, tries, text and source of a refused row."""


class Reasons:
    """Finds why rows were refused; has to be asked in the order of their verdicts.

    A row that should have become several may have failed more than once: its verdicts follow one another, and
    the second one has the second reason.
    """

    def __init__(self) -> None:
        self._before: tuple[str, ...] = ()
        self._number = 0

    def of(self, row: str, verdict: str, step: str, encoded: bytes | str | None) -> Why:
        """Return reason, kind, tries, text and source of the next verdict.

        `encoded` is the JSON of all reasons of its row.
        """
        self._number = self._number + 1 if self._before == (row, verdict, step) else 0
        self._before = (row, verdict, step)
        return _why(encoded, verdict, self._number, f"row '{row}' at the step '{step}'")


def _why(reasons: bytes | str | None, verdict: str, number: int, whose: str) -> Why:
    """Return reason, kind, tries, text and source of a row's refusal number `number` with that verdict."""
    rejected = verdict == "rejected"
    alike = [why for why in stored_reasons(reasons, whose) if why["rejected"] == rejected]
    if number >= len(alike):
        return "(the run has no reason)", "", 0, None, ""
    why = alike[number]
    return why["reason"], why["kind"], why["tries"], why["text"], why.get("source", "")
