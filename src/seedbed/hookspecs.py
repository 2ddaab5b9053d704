"""The plugin contract: what a module named by a `seedbed.*` entry point may implement.

An entry point's group is the kind of plugin, its name is what users type, its value is a module
that implements the hook of that group. The hook is asked only for names that the module's own
distribution has registered, when a user has asked for that name.

An observer is asked for nothing: its hooks are called while a run goes on that names it. It may implement
any of them, with those of the arguments that it needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from seedbed.engine.engine import Engine
    from seedbed.engine.observed import ObservedCall, ObservedOutcome, ObservedRow, ObservedRun
    from seedbed.llm.llm import LLM
    from seedbed.tasks.steps import BaseStep

PROJECT = "seedbed"

PLUGIN_API = 1
"""The number of the plugin API: raised where something goes that a plugin could rely on, and only there."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec(firstresult=True)
def seedbed_task(name: str) -> type[BaseStep] | None:
    """Return the `Task` or `GeneratorTask` class registered as `name` (group `seedbed.tasks`).

    Import it inside the hook, so that looking up one name loads one class:

        @hookimpl
        def seedbed_task(name):
            from my_package.haiku import Haiku
            return Haiku
    """


@hookspec(firstresult=True)
def seedbed_llm(name: str) -> type[LLM] | None:
    """Return the `LLM` class of the backend registered as `name` (group `seedbed.llms`).

    `name` is what stands before the first `/` of a reference such as `openai/gpt-4.1-mini`:

        @hookimpl
        def seedbed_llm(name):
            from my_package.llm import MyLLM
            return MyLLM
    """


@hookspec(firstresult=True)
def seedbed_step(name: str) -> type[BaseStep] | None:
    """Return the `Step`, `GeneratorStep` or `GlobalStep` class registered as `name` (group `seedbed.steps`).

    Tasks and steps share one namespace, since both are referred to in a pipeline:

        @hookimpl
        def seedbed_step(name):
            from my_package.language import KeepLanguage
            return KeepLanguage
    """


@hookspec(firstresult=True)
def seedbed_engine(name: str) -> type[Engine] | None:
    """Return the `Engine` class registered as `name` (group `seedbed.engines`).

    It makes the rows of a run that asks for it, by `--engine NAME` or `run(..., engine="NAME")`:

        @hookimpl
        def seedbed_engine(name):
            from my_package.cluster import ClusterEngine
            return ClusterEngine
    """


@hookspec
def seedbed_run_started(run: ObservedRun) -> None:
    """Be told that a session of a run begins (group `seedbed.observers`).

    `run` says what is run and where it is kept; every other hook of an observer is given the same:

        @hookimpl
        def seedbed_run_started(run):
            logger.info("%s: %d rows by %s", run.name, run.wanted, ", ".join(run.models))
    """


@hookspec
def seedbed_call_finished(run: ObservedRun, call: ObservedCall) -> None:
    """Be told of a call that was answered and paid for in this session (group `seedbed.observers`).

    A call that is replayed was told of when it was made, and is not told of again:

        @hookimpl
        def seedbed_call_finished(call):
            logger.info("%s, row %s: %d tokens", call.step, call.row, call.usage.total_tokens)
    """


@hookspec
def seedbed_row_finished(run: ObservedRun, row: ObservedRow) -> None:
    """Be told what became of a row: accepted, rejected or failed (group `seedbed.observers`).

    Rows come in the order of the dataset, each once, behind the calls that it was made of. On a run that
    goes on, those come that were decided or made anew in this session:

        @hookimpl
        def seedbed_row_finished(row):
            logger.info("row %s is %s: %s", row.id, row.verdict, row.reason or row.columns)
    """


@hookspec
def seedbed_run_finished(run: ObservedRun, outcome: ObservedOutcome) -> None:
    """Be told, after all else, how a session of a run has ended (group `seedbed.observers`).

    The dataset has been written by then, where one is:

        @hookimpl
        def seedbed_run_finished(run, outcome):
            logger.info("%s is %s: %d rows", run.name, outcome.outcome, outcome.accepted)
    """
