"""The `seedbed` command."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main() -> int:
    """Run the command with the arguments of the process, and return the exit status."""
    status = invoke(sys.argv[1:])
    from seedbed.cli.failures import ExitStatus
    from seedbed.cli.signals import end_soon

    if status == ExitStatus.INTERRUPTED:
        end_soon(status)
    return status


def invoke(args: Sequence[str]) -> int:
    """Run the command with `args` and return its exit status; never raises, what went wrong is on stderr."""
    from seedbed.cli.failures import guarded

    def command() -> int | None:
        from seedbed.cli.command import seedbed

        status: int | None = seedbed.main(list(args), prog_name="seedbed", standalone_mode=False)
        return status

    return guarded(command)
