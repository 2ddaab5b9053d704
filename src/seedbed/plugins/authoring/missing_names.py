"""What an import of a name that isn't there says: what to write instead."""

from __future__ import annotations

import sys

from seedbed.plugins.authoring.distilabel_names import MODULES, instead_of
from seedbed.suggestions import did_you_mean

_FROM_SEEDBED = "everything public is imported from seedbed itself: from seedbed import Task, Step, get_llm"
_FROM_PLUGINS = "tasks are in seedbed_tasks, steps in seedbed_data, or found by name, as models are"


def refuse_import(package: str, name: str) -> None:
    """Raise ModuleNotFoundError for a name that `package` lacks, if there's something to write instead.

    refuse_import("seedbed", "KeepColumns")
    """
    advice: tuple[str, ...]
    if package == "seedbed" and name in MODULES:
        fact, advice = f"No module named '{package}.{name}'", (_FROM_SEEDBED, _FROM_PLUGINS)
    else:
        fact, advice = f"cannot import name {name!r} from {package!r}", _advice(package, name)
    if advice:
        # This kind, since whoever tries whether a module is there catches it. Without the module's name, by
        # which `from` would take the error for its own, and drop it.
        raise ModuleNotFoundError("\n  ".join([fact, *advice]))


def _advice(package: str, name: str) -> tuple[str, ...]:
    public = getattr(sys.modules.get("seedbed"), "__all__", ())
    if package != "seedbed" and name in public:
        return (f"it's imported from seedbed itself: from seedbed import {name}",)
    return instead_of(name) or did_you_mean(name, getattr(sys.modules.get(package), "__all__", ()))
