"""The `seedbed` command."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Sequence

from seedbed.cli.terminal.streams import end_output, open_missing_streams

_COLLECTED_AFTER = 50_000
"""New objects after which the garbage collector runs (Python's default is 700 or 2,000)."""


def main() -> int:
    """Run the command with the arguments of the process, and return the exit status."""
    # pydantic looks for its own plugins in the metadata of all installed packages. That takes time, and fails
    # if any of them is malformed. PYDANTIC_DISABLE_PLUGINS= (empty) in the environment turns them on again.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # Imported modules stay in memory: searching them for garbage again and again is 7 % of a run of one row.
    gc.set_threshold(_COLLECTED_AFTER, 20, 20)
    open_missing_streams()
    _import_command()
    status = invoke(sys.argv[1:])
    end_output()
    from seedbed.cli.failures import ExitStatus
    from seedbed.cli.run.signals import end_soon

    if status == ExitStatus.INTERRUPTED:
        end_soon(status)
    # At its end Python would search all imported modules for garbage: a tenth of the time of a listing.
    gc.freeze()
    return status


def _import_command() -> None:
    """Import what all commands need. Until then Ctrl-C ends the process at once, as nothing has begun."""
    # During imports a KeyboardInterrupt is lost in a callback of the import system, or shows a traceback.
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
    """Run the command with `args` and return its exit status; errors go to stderr and are never raised."""
    from seedbed.cli.failures import guarded

    def command() -> int | None:
        from seedbed.cli.arguments import check_text
        from seedbed.cli.command import seedbed

        check_text(args)
        status: int | None = seedbed.main(list(args), prog_name="seedbed", standalone_mode=False)
        return status

    return guarded(command)
