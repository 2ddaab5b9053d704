"""Observers as plugins: the group `seedbed.observers` and its hooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seedbed.plugins.kinds import PluginKind

if TYPE_CHECKING:
    from seedbed.engine.observing.observed import ObservedCall, ObservedOutcome, ObservedRow, ObservedRun


def seedbed_run_started(run: ObservedRun) -> None:
    """Be told that a session of a run begins (group `seedbed.observers`).

    `run` says what is run and where it is kept; every other hook of an observer is given the same:

        @hookimpl
        def seedbed_run_started(run):
            logger.info("%s: %d rows by %s", run.name, run.wanted, ", ".join(run.models))
    """


def seedbed_call_finished(run: ObservedRun, call: ObservedCall) -> None:
    """Be told of a call that was answered and paid for in this session (group `seedbed.observers`).

    A call that is replayed was told of when it was made, and is not told of again:

        @hookimpl
        def seedbed_call_finished(call):
            logger.info("%s, row %s: %d tokens", call.step, call.row, call.usage.total_tokens)
    """


def seedbed_row_finished(run: ObservedRun, row: ObservedRow) -> None:
    """Be told what became of a row: accepted, rejected or failed (group `seedbed.observers`).

    Rows come in the order of the dataset, each once, behind the calls that it was made of. On a run that
    goes on, those come that were decided or made anew in this session:

        @hookimpl
        def seedbed_row_finished(row):
            logger.info("row %s is %s: %s", row.id, row.verdict, row.reason or row.columns)
    """


def seedbed_run_finished(run: ObservedRun, outcome: ObservedOutcome) -> None:
    """Be told, after all else, how a session of a run has ended (group `seedbed.observers`).

    The dataset has been written by then, where one is:

        @hookimpl
        def seedbed_run_finished(run, outcome):
            logger.info("%s is %s: %d rows", run.name, outcome.outcome, outcome.accepted)
    """


OBSERVERS: PluginKind[Any] = PluginKind(
    "seedbed.observers",
    (seedbed_run_started, seedbed_call_finished, seedbed_row_finished, seedbed_run_finished),
    noun="observer",
    wanted="a class with hooks of an observer",
    in_python="observers=[{}()]",
    mention="{name!r} is an observer: --plugin {name} on the command, observers=[{name!r}] in Python",
)
