"""The plugin contract: what a module named by a `seedbed.*` entry point may implement.

An entry point's group is the kind of plugin, its name is what users type, its value is a module
that implements the hook of that group. The hook is asked only for names that the module's own
distribution has registered, when a user has asked for that name.

An observer is asked for nothing: its hooks are called while a run goes on that names it. It may implement
any of them, with those of the arguments that it needs.
"""

from __future__ import annotations

import pluggy

from seedbed.engine.observing.plugin_kind import seedbed_call_finished as seedbed_call_finished
from seedbed.engine.observing.plugin_kind import seedbed_row_finished as seedbed_row_finished
from seedbed.engine.observing.plugin_kind import seedbed_run_finished as seedbed_run_finished
from seedbed.engine.observing.plugin_kind import seedbed_run_started as seedbed_run_started
from seedbed.engine.plugin_kind import seedbed_engine as seedbed_engine
from seedbed.llm.plugin_kind import seedbed_llm as seedbed_llm
from seedbed.plugins.kinds import PLUGIN_API as PLUGIN_API
from seedbed.plugins.kinds import PROJECT
from seedbed.tasks.plugin_kinds import seedbed_step as seedbed_step
from seedbed.tasks.plugin_kinds import seedbed_task as seedbed_task

hookimpl = pluggy.HookimplMarker(PROJECT)
