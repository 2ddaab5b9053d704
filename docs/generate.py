"""Write the pages under docs/reference/ that come from docstrings: `uv run python docs/generate.py`."""

from __future__ import annotations

import inspect
from pathlib import Path
from types import ModuleType

import pluggy

from seedbed import errors, hookspecs
from seedbed.plugins.kinds import PluginKind

REFERENCE = Path(__file__).parent / "reference"


def hooks_page() -> str:
    """Return the page on hooks."""
    lines = [
        "# Hooks",
        "",
        "A plugin is a module that an entry point names. The entry point's group says what kind of plugin it",
        "is, its name is what users type, and the module implements the hook of that group:",
        "",
        "| group | hook |",
        "| --- | --- |",
        *(f"| `{kind.value}` | `{kind.hook}(name)` |" for kind in PluginKind),
        "",
        f"These are the hooks of plugin API {hookspecs.PLUGIN_API}; [what may change](plugin-api.md).",
        "",
    ]
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    for name, function in _functions(hookspecs):
        if getattr(manager.hook, name, None) is not None:
            lines += [f"## {name}", "", *_docstring(function), ""]
    return "\n".join(lines)


def errors_page() -> str:
    """Return the page on errors: the tree, then each class."""
    tree = inspect.getdoc(errors) or ""
    lines = ["# Errors", "", *_fenced(tree), ""]
    for name, cls in vars(errors).items():
        if inspect.isclass(cls) and issubclass(cls, errors.SeedbedError):
            lines += [f"## {name}", "", *_docstring(cls), ""]
    return "\n".join(lines)


def _functions(module: ModuleType) -> list[tuple[str, object]]:
    return [(name, value) for name, value in vars(module).items() if name.startswith("seedbed_")]


def _docstring(documented: object) -> list[str]:
    return (inspect.getdoc(documented) or "").splitlines()


def _fenced(text: str) -> list[str]:
    first, _, rest = text.partition("\n\n")
    return [first, "", "```text", *rest.splitlines(), "```"]


PAGES = {"hooks.md": hooks_page, "errors.md": errors_page}


if __name__ == "__main__":
    for page, write in PAGES.items():
        (REFERENCE / page).write_text(write(), encoding="utf-8")
