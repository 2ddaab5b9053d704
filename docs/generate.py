"""Write the pages under docs/reference/ that come from docstrings: `uv run python docs/generate.py`."""

from __future__ import annotations

import inspect
import json
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy
from click.testing import CliRunner

from seedbed import errors, hookspecs
from seedbed.cli.command import seedbed
from seedbed.plugins.kinds import PluginKind

REFERENCE = Path(__file__).parent / "reference"
PLUGINS = Path(__file__).parents[1] / "plugins"


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


def plugins_page() -> str:
    """Return the catalogue of first-party plugins, from their metadata and from what `plugins show` says."""
    lines = [
        "# Plugins",
        "",
        "What the first-party packages bring. `seedbed plugins` lists what is installed,",
        "`seedbed plugins show NAME` tells all parameters.",
        "",
    ]
    for project in sorted(PLUGINS.glob("*/pyproject.toml")):
        metadata = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
        lines += [f"## {metadata['name']}", "", f"{metadata['description']}.", ""]
        names = [name for names in metadata["entry-points"].values() for name in names]
        for name in names:
            lines += _plugin(name)
    return "\n".join(lines)


def _plugin(name: str) -> list[str]:
    shown = json.loads(CliRunner().invoke(seedbed, ["plugins", "show", name, "--json"]).stdout)
    lines = [f"### {name}", "", f"{shown['kind'][0].upper()}{shown['kind'][1:]}. {shown['description']}", ""]
    if shown.get("columns"):
        lines += [f"Columns made: {_code(shown['columns'])}.", ""]
    if "capabilities" in shown:
        lines += [f"Capabilities: {_code(shown['capabilities'])}.", ""]
    return [
        *lines,
        "| parameter | type | |",
        "| --- | --- | --- |",
        *map(_parameter, shown["parameters"]),
        "",
    ]


def _parameter(parameter: dict[str, Any]) -> str:
    cells = (f"`{parameter['name']}`", parameter["type"], parameter["description"])
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _code(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _functions(module: ModuleType) -> list[tuple[str, object]]:
    return [(name, value) for name, value in vars(module).items() if name.startswith("seedbed_")]


def _docstring(documented: object) -> list[str]:
    return (inspect.getdoc(documented) or "").splitlines()


def _fenced(text: str) -> list[str]:
    first, _, rest = text.partition("\n\n")
    return [first, "", "```text", *rest.splitlines(), "```"]


PAGES = {"hooks.md": hooks_page, "errors.md": errors_page, "plugins.md": plugins_page}


if __name__ == "__main__":
    for page, write in PAGES.items():
        (REFERENCE / page).write_text(write(), encoding="utf-8")
