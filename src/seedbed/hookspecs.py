"""The plugin contract: what a module named by a `seedbed.*` entry point may implement.

An entry point's group is the kind of plugin, its name is what users type, its value is a module
that implements the hook of that group. The hook is asked only for names that the module's own
distribution has registered, when a user has asked for that name.

An observer is asked for nothing: its hooks are called while a run goes on that names it. It may implement
any of them, with those of the arguments that it needs.

The specification of each kind of plugin is next to the class that its plugins derive from:
`tasks/task_kinds.py`, `llm/llm_kind.py`, `engine/engine_kind.py`, `engine/observing/observer_kind.py`.
"""

from __future__ import annotations

import pluggy

PROJECT = "seedbed"
"""What pluggy calls the project, whose markers plugins use."""

PLUGIN_API = 1
"""The number of the plugin API. It goes up only when something that plugins rely on is removed."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
