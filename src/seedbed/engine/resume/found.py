"""What a resumed run had before."""

from __future__ import annotations

from typing import NamedTuple

from seedbed.counts import count_or_no


class Found(NamedTuple):
    """What a resumed run had before: rows kept, calls replayed, and calls to make.

    `calls` counts those of the rows in flight at the beginning; more may be needed in the end. `finished`
    says that the run had already finished; `changed` names the steps whose code or parameters have changed
    since.
    """

    rows: int
    replayed: int
    calls: int
    finished: bool = False
    changed: tuple[str, ...] = ()

    def __str__(self) -> str:
        replayed = f", {count_or_no(self.replayed, 'call')} replayed" if self.replayed else ""
        calls = f"at least {count_or_no(self.calls, 'call')} to make" if self.calls else "no call to make"
        changed = f" (changed since: {', '.join(self.changed)})" if self.changed else ""
        return f"{count_or_no(self.rows, 'row')} kept{replayed}, {calls}{changed}"
