"""The kinds of plugin: an entry-point group, the hooks it implements, and what to call it in messages."""

from __future__ import annotations

from enum import StrEnum

OBSERVER_HOOKS = (
    "seedbed_run_started",
    "seedbed_call_finished",
    "seedbed_row_finished",
    "seedbed_run_finished",
)
"""What an observer may be told of: it implements one of these, or more."""


class PluginKind(StrEnum):
    """A kind of plugin; its value is the entry-point group."""

    TASK = "seedbed.tasks"
    LLM = "seedbed.llms"
    STEP = "seedbed.steps"
    ENGINE = "seedbed.engines"
    OBSERVER = "seedbed.observers"

    @property
    def hook(self) -> str:
        """The hook that answers for names of this kind, such as `seedbed_task`; observers have none."""
        return f"seedbed_{self.name.lower()}"

    @property
    def hooks(self) -> tuple[str, ...]:
        """The hooks of this kind, of which a plugin implements one at least."""
        return OBSERVER_HOOKS if self is PluginKind.OBSERVER else (self.hook,)

    @property
    def noun(self) -> str:
        """What messages call one plugin of this kind."""
        return "LLM backend" if self is PluginKind.LLM else self.name.lower()

    @property
    def namespace(self) -> str:
        """The space in which names are unique; tasks and steps share one."""
        return "tasks and steps" if self in (PluginKind.TASK, PluginKind.STEP) else f"{self.noun}s"
