"""What stops a run and may pass by itself."""

from __future__ import annotations

from seedbed.errors import DatasetError, StopRun, StoreError


def may_pass(error: BaseException | None) -> bool:
    """Whether what stopped a run was a bound, the disk or another program, and the run can go on."""
    if isinstance(error, DatasetError):
        return isinstance(error.__cause__, OSError)
    return isinstance(error, (StopRun, StoreError))
