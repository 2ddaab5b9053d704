"""The `seedbed` command."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Sequence

from seedbed.cli.terminal.streams import end_output, open_missing_streams

_COLLECTED_AFTER = 50_000
"""Objects made and not yet freed after which the collector looks for garbage."""


def main() -> int:
    """Run the command with the arguments of the process, and return the exit status."""
    # pydantic would look for its own plugins in the metadata of all that is installed, which takes its time
    # and raises where any of it is malformed. PYDANTIC_DISABLE_PLUGINS= (empty) has it look all the same.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # What is imported stays: looking through it for garbage again and again is 7 % of a run of one row.
    gc.set_threshold(_COLLECTED_AFTER, 20, 20)
    open_missing_streams()
    _import_command()
    status = invoke(sys.argv[1:])
    end_output()
    from seedbed.cli.failures import ExitStatus
    from seedbed.cli.run.signals import end_soon

    if status == ExitStatus.INTERRUPTED:
        end_soon(status)
    # Python would look through all that was imported for garbage, a tenth of what a listing takes.
    gc.freeze()
    return status


def _import_command() -> None:
    """Import what all commands need. Ctrl-C ends the process at once meanwhile: nothing has begun.

    A KeyboardInterrupt is lost in a callback of the import system, or comes with a traceback.
    """
    former = signal.getsignal(signal.SIGINT)
    if former is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)
    from seedbed.cli.command import seedbed  # noqa: F401

    if former is signal.default_int_handler:
        signal.signal(signal.SIGINT, former)


def _end(*_: object) -> None:
    os.write(2, b"error: interrupted\n")
    os._exit(3)


def invoke(args: Sequence[str]) -> int:
    """Run the command with `args` and return its exit status; never raises, what went wrong is on stderr."""
    from seedbed.cli.failures import guarded

    def command() -> int | None:
        from seedbed.cli.arguments import check_text
        from seedbed.cli.command import seedbed

        check_text(args)
        status: int | None = seedbed.main(list(args), prog_name="seedbed", standalone_mode=False)
        return status

    return guarded(command)
