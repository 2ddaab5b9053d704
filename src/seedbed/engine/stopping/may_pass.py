"""What stops a run, but may pass by itself."""

from __future__ import annotations

from seedbed.errors import DatasetError, StopRun, StoreError


def may_pass(error: BaseException | None) -> bool:
    """Whether a cap, the disk or another program stopped the run, so that it can be resumed."""
    # A dataset that can't be written for its content fails the next time, too; a full disk may not.
    if isinstance(error, DatasetError):
        return error.is_of_place or isinstance(error.__cause__, OSError)
    return isinstance(error, (StopRun, StoreError))
