"""An observer that keeps all that it hears."""

from __future__ import annotations

from typing import Any

from seedbed import ObservedCall, ObservedOutcome, ObservedRow, ObservedRun, ObservedTry, hookimpl


class NoteTaker:
    """Keeps what it hears as pairs of the hook's last word and what it was given."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, Any]] = []

    @hookimpl
    def seedbed_run_started(self, run: ObservedRun) -> None:
        self.heard.append(("run", run))

    @hookimpl
    def seedbed_call_finished(self, run: ObservedRun, call: ObservedCall) -> None:
        self.heard.append(("call", call))

    @hookimpl
    def seedbed_call_reused(self, run: ObservedRun, call: ObservedCall) -> None:
        self.heard.append(("reused", call))

    @hookimpl
    def seedbed_try_failed(self, run: ObservedRun, failed: ObservedTry) -> None:
        self.heard.append(("failed", failed))

    @hookimpl
    def seedbed_row_finished(self, run: ObservedRun, row: ObservedRow) -> None:
        self.heard.append(("row", row))

    @hookimpl
    def seedbed_run_finished(self, run: ObservedRun, outcome: ObservedOutcome) -> None:
        self.heard.append(("outcome", outcome))

    @property
    def calls(self) -> list[ObservedCall]:
        return [told for kind, told in self.heard if kind == "call"]

    @property
    def reused(self) -> list[ObservedCall]:
        return [told for kind, told in self.heard if kind == "reused"]

    @property
    def failed(self) -> list[ObservedTry]:
        return [told for kind, told in self.heard if kind == "failed"]

    @property
    def rows(self) -> list[ObservedRow]:
        return [told for kind, told in self.heard if kind == "row"]

    @property
    def run(self) -> ObservedRun:
        return self.heard[0][1]

    @property
    def outcome(self) -> ObservedOutcome:
        return self.heard[-1][1]
