"""What holds back new items: enough calls wait for a permit, or enough rows for the disk or their reader."""

from __future__ import annotations

from typing import Protocol

from seedbed.engine.engine import Job

MOST_PENDING = 20_000
"""Additions that may wait for the store's writer; with more, no row is started."""
# A disk that is slower than the model would otherwise fill the memory with answers that aren't on it yet.

MOST_PENDING_BYTES = 24 * 2**20
"""The same for their bytes: half as many again as the writer commits at once."""

MOST_BEHIND = 61_440
"""The same for rows that call no model: half as many again as the writer commits at once."""


class Senders(Protocol):
    """What sends the calls of the rows: this process's sender, or the workers."""

    @property
    def has_enough(self) -> bool:
        """Whether a new item would only wait for a permit."""


class Backpressure:
    """Says whether new items have to wait; at most a quarter of `bytes_in_flight` waits for the disk."""

    def __init__(self, job: Job, senders: Senders, bytes_in_flight: int) -> None:
        self._outlets = job.outlets
        self._store = job.store
        self._senders = senders
        self._most_bytes = min(bytes_in_flight // 4, MOST_PENDING_BYTES)

    def is_clogged(self) -> bool:
        """Whether a new item would only wait: for a permit to send a call, a reader or the writer."""
        # Calls first: as long as the model is slower than the disk, they're what a new item would wait for.
        if self._senders.has_enough:
            return True
        if self._outlets.are_full:
            return True
        return self._store.pending > MOST_PENDING or self._store.pending_bytes > self._most_bytes

    def is_behind(self) -> bool:
        """Whether too much waits for the writer or a reader: rows that call no model outrun them."""
        if self._outlets.are_full:
            return True
        store = self._store
        is_behind = store.pending > MOST_BEHIND or store.pending_bytes > self._most_bytes
        if is_behind:
            # It might be waiting for more, which doesn't come before it has committed what there is.
            store.hurry()
        return is_behind
