"""The plugin contract: what a module named by a `seedbed.*` entry point may implement.

An entry point's group is the kind of plugin, its name is what users type, its value is a module
that implements the hook of that group. The hook is asked only for names that the module's own
distribution has registered, when a user has asked for that name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
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
