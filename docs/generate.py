"""Write the pages under docs/reference/ that come from docstrings: `uv run python docs/generate.py`."""

from __future__ import annotations

import dataclasses
import inspect
from pathlib import Path
from types import ModuleType

import pluggy

from seedbed import (
    Call,
    Engine,
    Job,
    ObservedCall,
    ObservedOutcome,
    ObservedRow,
    ObservedRun,
    Result,
    RunStore,
    Verdict,
    errors,
    hookspecs,
)
from seedbed.plugins.kinds import PluginKind

ENGINE_PARTS = {
    Engine: ("make_rows", "drain", "cancel"),
    Job: ("decided",),
    RunStore: ("add_call", "add_result", "add_verdict", "truncate_verdicts", "flush"),
    Call: (),
    Result: (),
    Verdict: (),
}
REFERENCE = Path(__file__).parent / "reference"


def hooks_page() -> str:
    """Return the page on hooks."""
    lines = [
        "# Hooks",
        "",
        "A plugin is a module that an entry point names. The entry point's group says what kind of plugin it",
        "is, its name is what users type, and the module implements the hook of that group. Observers have",
        "several, and implement any of them:",
        "",
        "| group | hooks |",
        "| --- | --- |",
        *(f"| `{kind.value}` | {', '.join(map(_signature, kind.hooks))} |" for kind in PluginKind),
        "",
    ]
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    for name, function in _functions(hookspecs):
        if getattr(manager.hook, name, None) is not None:
            lines += [f"## {name}", "", *_docstring(function), ""]
    lines += ["## What observers are told", "", "All of these are frozen.", ""]
    for cls in (ObservedRun, ObservedCall, ObservedRow, ObservedOutcome):
        lines += [f"### {cls.__name__}", "", *_docstring(cls), "", *_fields(cls), ""]
    return "\n".join(lines)


def engines_page() -> str:
    """Return the page on engines."""
    lines = [
        "# Engines",
        "",
        "An engine makes the rows of a run, in place of the one that is built in. A class is registered with",
        "the hook [`seedbed_engine`](hooks.md#seedbed_engine), and asked for by `--engine NAME` or",
        '`run(..., engine="NAME")`. [How to write one](../how-to/engines.md).',
        "",
        "All that one needs comes with `from seedbed import ...`: `Engine` and `Job`; `Plan`, with the steps",
        "and their LLMs; `Run` and `Failure`; `RunStore`, with `Call`, `Result` and `Verdict`, whose fields",
        "are the columns of [the run's tables](run-store.md). Scheduling, the journal of calls and the",
        "replacement of rejected rows belong to the engine that is built in: nobody else may import them.",
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


def _functions(module: ModuleType) -> list[tuple[str, object]]:
    return [(name, value) for name, value in vars(module).items() if name.startswith("seedbed_")]


def _signature(hook: str) -> str:
    names = ", ".join(inspect.signature(getattr(hookspecs, hook)).parameters)
    return f"`{hook}({names})`"


def _fields(cls: type) -> list[str]:
    fields = [(one.name, str(one.type).replace("|", "\\|")) for one in dataclasses.fields(cls)]
    return ["| field | type |", "| --- | --- |", *(f"| `{name}` | `{kind}` |" for name, kind in fields)]


def _docstring(documented: object) -> list[str]:
    return (inspect.getdoc(documented) or "").splitlines()


def _fenced(text: str) -> list[str]:
    first, _, rest = text.partition("\n\n")
    return [first, "", "```text", *rest.splitlines(), "```"]


PAGES = {"hooks.md": hooks_page, "engines.md": engines_page, "errors.md": errors_page}


if __name__ == "__main__":
    for page, write in PAGES.items():
        (REFERENCE / page).write_text(write(), encoding="utf-8")
