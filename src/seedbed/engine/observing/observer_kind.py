"""Observers as plugins: the group `seedbed.observers` and its hooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seedbed.plugins.kinds import PluginKind

if TYPE_CHECKING:
    from seedbed.engine.observing.observed import (
        ObservedCall,
        ObservedOutcome,
        ObservedRow,
        ObservedRun,
        ObservedTry,
    )


def seedbed_run_started(run: ObservedRun) -> None:
    """Called when a session of a run begins (group `seedbed.observers`).

    `run` says what is run and where it's kept; all other hooks of an observer get the same object:

        @hookimpl
        def seedbed_run_started(run):
            logger.info("%s: %d rows by %s", run.name, run.wanted, ", ".join(run.models))
    """


def seedbed_call_finished(run: ObservedRun, call: ObservedCall) -> None:
    """Called for each call that was answered and paid for in this session (group `seedbed.observers`).

    Not called for replayed calls, which were reported when they were made (see `seedbed_call_reused`):

        @hookimpl
        def seedbed_call_finished(call):
            logger.info("%s, row %s: %d tokens", call.step, call.row, call.usage.total_tokens)
    """


def seedbed_call_reused(run: ObservedRun, call: ObservedCall) -> None:
    """Called for each call whose answer the run already had (group `seedbed.observers`).

    It costs nothing in this session and takes no time: `is_reused` is true, and `started` is None. Don't
    count it as a call; it says what the rows after it are made from:

        @hookimpl
        def seedbed_call_reused(call):
            logger.info("%s, row %s: the run already had the answer", call.step, call.row)
    """


def seedbed_try_failed(run: ObservedRun, failed: ObservedTry) -> None:
    """Called for each try of a call that had no usable answer (group `seedbed.observers`).

    The call may be tried again. Failed tries aren't kept in the run, so this says what happened, and not what
    is on disk: they come before the row that they were made for, or at the end of the session. An observer
    that is more than 10,000 of them late gets the latest 10,000:

        @hookimpl
        def seedbed_try_failed(failed):
            logger.info("%s: try %d: %s", failed.endpoint, failed.number, failed.kind)
    """


def seedbed_row_finished(run: ObservedRun, row: ObservedRow) -> None:
    """Called for each row that was accepted, rejected or failed (group `seedbed.observers`).

    Rows come in the order of the dataset, each once, after the calls that it was made from. In a resumed run,
    only rows that were decided or made again in this session come:

        @hookimpl
        def seedbed_row_finished(row):
            logger.info("row %s is %s: %s", row.id, row.verdict, row.reason or row.columns)
    """


def seedbed_run_finished(run: ObservedRun, outcome: ObservedOutcome) -> None:
    """Called last, when a session of a run has ended (group `seedbed.observers`).

    The dataset, if there is one, has been written by then:

        @hookimpl
        def seedbed_run_finished(run, outcome):
            logger.info("%s is %s: %d rows", run.name, outcome.outcome, outcome.accepted)
    """


OBSERVERS: PluginKind[Any] = PluginKind(
    "seedbed.observers",
    (
        seedbed_run_started,
        seedbed_call_finished,
        seedbed_call_reused,
        seedbed_try_failed,
        seedbed_row_finished,
        seedbed_run_finished,
    ),
    noun="observer",
    wanted="a class with hooks of an observer",
    in_python="observers=[{}()]",
    mention="{name!r} is an observer: --plugin {name} on the command, observers=[{name!r}] in Python",
)
