"""Tasks and steps as plugins: their groups, their hooks, and their base classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seedbed.plugins.kinds import PluginKind

if TYPE_CHECKING:
    from seedbed.tasks.base_step import BaseStep
    from seedbed.tasks.base_task import BaseTask

_NAMESPACE = "tasks and steps"


def seedbed_task(name: str) -> type[BaseStep] | None:
    """Return the `Task` or `GeneratorTask` class registered as `name` (group `seedbed.tasks`).

    Import it inside the hook, so that looking up one name loads one class:

        @hookimpl
        def seedbed_task(name):
            from my_package.haiku import Haiku
            return Haiku
    """


TASKS: PluginKind[BaseTask] = PluginKind(
    "seedbed.tasks",
    (seedbed_task,),
    base="seedbed.tasks.base_task:BaseTask",
    noun="task",
    namespace=_NAMESPACE,
    wanted="a Task or GeneratorTask class",
    in_python="run({}(...), ...)",
)


def seedbed_step(name: str) -> type[BaseStep] | None:
    """Return the `Step`, `GeneratorStep` or `GlobalStep` class registered as `name` (group `seedbed.steps`).

    Tasks and steps share one namespace, since pipelines refer to both by name:

        @hookimpl
        def seedbed_step(name):
            from my_package.language import KeepLanguage
            return KeepLanguage
    """


STEPS: PluginKind[BaseStep] = PluginKind(
    "seedbed.steps",
    (seedbed_step,),
    base="seedbed.tasks.base_step:BaseStep",
    noun="step",
    namespace=_NAMESPACE,
    wanted="a Step, GeneratorStep, GlobalStep or Task class",
    in_python="run({}(...), ...)",
)
