"""The plugin contract: what a module named by a `seedbed.*` entry point may implement.

An entry point's group is the kind of plugin. Its name is what users type. Its value is a module that
implements the hook of that group. Seedbed calls the hook only with names that the module's own distribution
registered, and only when a user asks for that name.

Observers are different: Seedbed calls their hooks during a run that names the observer. An observer can
implement any of these hooks, and each hook takes only the arguments it needs.

Each kind of plugin is specified next to the class that its plugins derive from:
`tasks/task_kinds.py`, `llm/llm_kind.py`, `llm/embedding/embedder_kind.py`, `engine/engine_kind.py`,
`engine/observing/observer_kind.py`.
"""

from __future__ import annotations

import pluggy

PROJECT = "seedbed"
"""The project's name in pluggy; plugins use the markers of this project."""

PLUGIN_API = 1
"""The version of the plugin API. It goes up only when something that plugins rely on is removed."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
