"""The `seedbed` command."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module

_COLLECTED_AFTER = 50_000
"""New objects after which the garbage collector runs (Python's default is 700 or 2,000)."""

_COMPLETION = "_SEEDBED_COMPLETE"
"""`seedbed.cli.completing.offers.VARIABLE`, which is needed before that can be imported."""

_LISTING = ("plugins", "--json")
"""What programs such as editors ask for. It needs no parser, whose import would take a third of its time."""

_INTERRUPTED = 3
"""`ExitStatus.INTERRUPTED`, which is needed before that can be imported."""


def main() -> int:
    """Run the command with the arguments of the process, and return the exit status."""
    # pydantic looks for its own plugins in the metadata of all installed packages. That takes time, and fails
    # if any of them is malformed. PYDANTIC_DISABLE_PLUGINS= (empty) in the environment turns them on again.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # Imported modules stay in memory: searching them for garbage again and again is 7 % of a run of one row.
    gc.set_threshold(_COLLECTED_AFTER, 20, 20)
    _import_command(sys.argv[1:])
    from seedbed.cli.terminal.streams import end_output

    try:
        status = invoke(sys.argv[1:])
        _end_at_once_on_ctrl_c(status)
        end_output()
    except KeyboardInterrupt:
        # A second one, while the first was being reported.
        os._exit(_INTERRUPTED)
    from seedbed.cli.run.signals import end_soon

    if status == _INTERRUPTED:
        end_soon(status)
    # At its end Python would search all imported modules for garbage: a tenth of the time of a listing.
    gc.freeze()
    return status


def _end_at_once_on_ctrl_c(status: int) -> None:
    """Let Ctrl-C end the process from here on: Python runs exit handlers, and would show a traceback."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, lambda *_: os._exit(status))


def _import_command(args: Sequence[str]) -> None:
    """Open the streams and import what all commands need.

    Until then Ctrl-C ends the process at once, as nothing has begun.
    """
    # During imports a KeyboardInterrupt is lost in a callback of the import system, or shows a traceback.
    former = signal.getsignal(signal.SIGINT)
    if former is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)
    # Here and not at the top: importing `logging` alone is a tenth of the time until the handler is set.
    from seedbed.cli.shortages import allow_more_files
    from seedbed.cli.terminal.streams import open_missing_streams

    open_missing_streams()
    allow_more_files()
    import_module("seedbed.cli.plugins.list" if tuple(args) == _LISTING else "seedbed.cli.command")
    if former is signal.default_int_handler:
        signal.signal(signal.SIGINT, former)


def _end(*_: object) -> None:
    os.write(2, b"error: interrupted\n")
    os._exit(_INTERRUPTED)


def invoke(args: Sequence[str]) -> int:
    """Run the command with `args` and return its exit status; errors go to stderr and are never raised."""
    from seedbed.cli.failures import guarded

    if tuple(args) == _LISTING and _COMPLETION not in os.environ:
        return guarded(_list_plugins)

    def command() -> int | None:
        from seedbed.cli.arguments import check_folder, check_text
        from seedbed.cli.command import seedbed
        from seedbed.cli.completing.offers import answer_shell

        check_folder()
        check_text(args)
        # Click would end the process itself, which looks like a fault of somebody's code.
        if instruction := os.environ.get(_COMPLETION):
            return answer_shell(seedbed, instruction)
        status: int | None = seedbed.main(list(args), prog_name="seedbed", standalone_mode=False)
        return status

    return guarded(command)


def _list_plugins() -> int:
    from seedbed.cli.plugins.list import list_plugins
    from seedbed.plugins.registry import Registry

    return list_plugins(Registry(), as_json=True)
