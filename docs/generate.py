"""Write what comes from docstrings: pages under docs/reference/, and what `seedbed plugins` lists.

uv run python docs/generate.py
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import runpy
import tomllib
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from seedbed import (
    ENGINE_CONTRACT,
    Call,
    Engine,
    EngineOptions,
    Job,
    ObservedCall,
    ObservedOutcome,
    ObservedRow,
    ObservedRun,
    ObservedTry,
    Replica,
    ReplicaLine,
    Replicated,
    Resources,
    Result,
    RowWorker,
    RunStore,
    Verdict,
    WorkerEngine,
    WorkerLink,
    errors,
    hookspecs,
)
from seedbed.cli.command import seedbed
from seedbed.plugins.kinds import kinds

ENGINE_PARTS = {
    Engine: ("make_rows", "drain", "cancel", "drained", "with_options"),
    EngineOptions: (),
    Job: ("decided",),
    RunStore: ("add_call", "add_result", "add_verdict", "truncate_verdicts", "flush"),
    Call: (),
    Result: (),
    Verdict: (),
    WorkerEngine: (
        *("start_workers", "end_workers", "busy_workers", "needed_resources", "pickled"),
        *("replicate", "replica_setup", "check_replica"),
    ),
    WorkerLink: ("send", "news", "end"),
    RowWorker: ("receive", "news"),
    Resources: (),
    Replicated: (),
    Replica: ("load", "answer", "unload"),
    ReplicaLine: ("ask",),
}
REFERENCE = Path(__file__).parent / "reference"
PLUGINS = Path(__file__).parents[1] / "plugins"


def hooks_page() -> str:
    """Return the page on hooks."""
    lines = [
        "# Hooks",
        "",
        "A plugin is a module that an entry point names. The entry point's group says what kind of plugin it",
        "is, its name is what users type, and the module implements the hook of that group. For observers",
        "there are several hooks, and they may implement any of them:",
        "",
        "| group | hooks |",
        "| --- | --- |",
        *(f"| `{kind}` | {', '.join(map(_signature, kind.hooks))} |" for kind in kinds()),
        "",
        f"These are the hooks of plugin API {hookspecs.PLUGIN_API}; [what may change](plugin-api.md).",
        "",
    ]
    for kind in kinds():
        for hook in kind.hooks:
            lines += [f"## {hook.__name__}", "", *_docstring(hook), ""]
    lines += ["## What observers receive", "", "All of these objects are frozen.", ""]
    for cls in (ObservedRun, ObservedCall, ObservedTry, ObservedRow, ObservedOutcome):
        lines += [f"### {cls.__name__}", "", *_docstring(cls), "", *_fields(cls), ""]
    return "\n".join(lines)


def engines_page() -> str:
    """Return the page on engines."""
    lines = [
        "# Engines",
        "",
        "An engine makes the rows of a run, instead of the built-in one. Register its class with the hook",
        "[`seedbed_engine`](hooks.md#seedbed_engine), and select it with `--engine NAME` or",
        '`run(..., engine="NAME")`. [How to write one](../how-to/engines.md).',
        "",
        f"This is engine contract **{ENGINE_CONTRACT}** (`seedbed.ENGINE_CONTRACT`), and",
        "[`EngineContract`](testing.md#enginecontract) tests whether an engine keeps it. The number is",
        "raised if engines have to be changed; one that names another number in `contract` is refused.",
        "Additions keep the number, and are listed in the [changelog](../changelog.md).",
        "",
        "You can import everything that an engine needs with `from seedbed import ...`: `Engine` and `Job`;",
        "`Plan`, with the steps and their LLMs; `Run` and `Failure`; `RunStore`, with `Call`, `Result` and",
        "`Verdict`, whose fields are the columns of [the run's tables](run-store.md). Scheduling, the",
        "journal of calls and the replacement of rejected rows are private parts of the built-in engine.",
        "",
    ]
    for cls, names in ENGINE_PARTS.items():
        lines += [f"## {cls.__name__}", "", *_docstring(cls), ""]
        for name in names:
            lines += [f"### {cls.__name__}.{name}", "", *_docstring(getattr(cls, name)), ""]
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
    """Return the catalogue of first-party plugins, from their metadata and the output of `plugins show`."""
    lines = [
        "# Plugins",
        "",
        "The plugins in the first-party packages. `seedbed plugins` lists the installed plugins, and",
        "`seedbed plugins show NAME` lists all parameters of one.",
        "",
    ]
    for project in sorted(PLUGINS.glob("*/pyproject.toml")):
        metadata = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
        lines += [f"## {metadata['name']}", "", f"{metadata['description']}.", ""]
        # One name may be that of an LLM backend and of an embedder: it's shown once, with both.
        names = {name: None for names in metadata.get("entry-points", {}).values() for name in names}
        for name in names:
            lines += _plugin(name, metadata["name"])
    return "\n".join(lines)


def _plugin(name: str, package: str) -> list[str]:
    shown = json.loads(CliRunner().invoke(seedbed, ["plugins", "show", name, "--json"]).stdout)
    # Another package may have a plugin of another kind under this name.
    described = [
        one for one in (shown if isinstance(shown, list) else [shown]) if one["distribution"] == package
    ]
    return [f"### {name}", "", *chain.from_iterable(map(_described, described))]


def _described(shown: dict[str, Any]) -> list[str]:
    lines = [f"{shown['kind'][0].upper()}{shown['kind'][1:]}. {shown['description']}", ""]
    if shown.get("columns"):
        lines += [f"Columns made: {_code(shown['columns'])}.", ""]
    if "capabilities" in shown:
        lines += [f"Capabilities: {_code(shown['capabilities'])}.", ""]
    if not shown["parameters"]:
        return lines
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


def _signature(hook: Callable[..., Any]) -> str:
    names = ", ".join(inspect.signature(hook).parameters)
    return f"`{hook.__name__}({names})`"


def _fields(cls: type) -> list[str]:
    # A bar in code ends the cell on some sites; with a backslash before it, others show the backslash.
    fields = [(one.name, str(one.type).replace(" | ", "` or `")) for one in dataclasses.fields(cls)]
    return ["| field | type |", "| --- | --- |", *(f"| `{name}` | `{kind}` |" for name, kind in fields)]


def _docstring(documented: object) -> list[str]:
    return (inspect.getdoc(documented) or "").splitlines()


def _fenced(text: str) -> list[str]:
    first, _, rest = text.partition("\n\n")
    return [first, "", "```text", *rest.splitlines(), "```"]


PAGES = {
    "hooks.md": hooks_page,
    "engines.md": engines_page,
    "errors.md": errors_page,
    "plugins.md": plugins_page,
}


if __name__ == "__main__":
    for page, write in PAGES.items():
        (REFERENCE / page).write_text(write(), encoding="utf-8")
    for script in ("python_reference.py", "catalogue.py", "gallery.py"):
        runpy.run_path(str(Path(__file__).with_name(script)), run_name="__main__")
