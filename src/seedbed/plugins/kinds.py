"""The kinds of plugin: an entry-point group, the hook it implements, and what to call it in messages."""

from __future__ import annotations

from enum import StrEnum


class PluginKind(StrEnum):
    """A kind of plugin; its value is the entry-point group."""

    TASK = "seedbed.tasks"
    LLM = "seedbed.llms"
    STEP = "seedbed.steps"

    @property
    def hook(self) -> str:
        """The hook that answers for names of this kind, such as `seedbed_task`."""
        return f"seedbed_{self.name.lower()}"

    @property
    def noun(self) -> str:
        """What messages call one plugin of this kind."""
        return "LLM backend" if self is PluginKind.LLM else self.name.lower()

    @property
    def namespace(self) -> str:
        """The space in which names are unique; tasks and steps share one."""
        return "LLM backends" if self is PluginKind.LLM else "tasks and steps"
