"""Write the gallery, a page for each first-party task, step and embedder, from what their classes say.

    uv run python docs/gallery.py                    every page, with the example rows that it has
    uv run python docs/gallery.py --run qa-pairs     and run the examples of these again
    uv run python docs/gallery.py --run              and run the examples of all that have no rows yet
    uv run python docs/gallery.py --larger llamacpp/./model.gguf code-problems
                                                     and show what a larger model makes where it fails

The rows of an example are made by the small model in this process, which takes seconds for each, so they stay
in the page until its pipeline changes.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic import BaseModel

from seedbed import BaseTask, Citation, GeneratorStep, GeneratorTask, Registry, SeedbedError, Task
from seedbed.cli.plugins.description import Description, describe
from seedbed.plugins.kinds import kind_of
from seedbed.store.cards.markdown import fenced
from seedbed.tasks.description.example import Example
from seedbed.tasks.description.goals import GOALS
from seedbed.tasks.description.purpose import Purpose, purpose_of

GALLERY = Path(__file__).parent / "gallery"
MODEL = "llamacpp/smollm2-135m"
KINDS = {"seedbed.tasks": "tasks", "seedbed.steps": "steps", "seedbed.embedders": "embedders"}
FIRST_PARTY = {path.name for path in (Path(__file__).parents[1] / "plugins").glob("*/src/*")}

BEGIN, END = "<!-- rows of the example -->", "<!-- end of the rows -->"
_ROWS = re.compile(rf"^{BEGIN}\n(.*?)^{END}$", re.MULTILINE | re.DOTALL)
# What a small model does: it goes on until it's cut, misses the form, is slow, or takes no images.
_NO_ROW = re.compile(
    r"\d+ (?:failed|rejected): (.+?)(?: \(row .*)?$|error: (the time of .*)$|error: (.*images.*)$",
    re.MULTILINE,
)
NO_ROW = "With this model the example makes no row"
_DIFFERENCES = "Differences from the paper"
_MOST_ROWS, _LONGEST_TEXT, _LONGEST_LIST = 2, 600, 8

_LONGEST_DEFAULT = 6000
"""Characters of a default that a page has as a whole."""


class Plugin(NamedTuple):
    """A plugin with a page: its group, name, class and distribution."""

    group: str
    name: str
    cls: type[Any]
    distribution: str

    @property
    def place(self) -> str:
        """The path of its page in the gallery."""
        return f"{KINDS[self.group]}/{self.name}.md"

    @property
    def purpose(self) -> Purpose:
        """What its class says of itself."""
        return purpose_of(self.cls)


def plugins() -> list[Plugin]:
    """Return every first-party task, step and embedder, by kind and name."""
    registry = Registry()
    return [
        Plugin(
            group, point.name, registry.find(kind_of(group), point.name), str(point.dist and point.dist.name)
        )
        for group in KINDS
        for point in sorted(entry_points(group=group), key=lambda point: point.name)
        if point.value.partition(".")[0] in FIRST_PARTY
    ]


def pages() -> Iterator[tuple[Path, str]]:
    """Yield each page and its text; the rows of examples are those that the page has."""
    found = plugins()
    yield GALLERY / "index.md", index(found)
    for plugin in found:
        path = GALLERY / plugin.place
        yield path, page(plugin, path.read_text(encoding="utf-8") if path.exists() else "")


def index(found: Sequence[Plugin]) -> str:
    """Return the index: a table for each goal, the tasks before the steps."""
    parts = [
        "# Gallery",
        "A page for each task, step and embedder of the first-party packages: what it's for, its source, "
        "parameters and prompt, and an example that runs. `seedbed plugins search WORD` finds them from the "
        "command line; [Which task for which job](../how-to/which-task.md) leads from a goal to a pipeline "
        "file.",
    ]
    for goal, words in GOALS.items():
        if rows := [_index_row(plugin) for plugin in found if goal in plugin.purpose.goals]:
            parts += [
                f"## {'SFT' if goal == 'sft' else goal.capitalize()}",
                f"{words[0].upper()}{words[1:]}.",
                _table(("", "", ""), rows),
            ]
    others = [_index_row(plugin) for plugin in found if not plugin.purpose.goals]
    return "\n\n".join([*parts, "## Embedders and others", _table(("", "", ""), others)]) + "\n"


def page(plugin: Plugin, former: str) -> str:
    """Return the page of a plugin; `former` is its text so far, for the rows of its example."""
    told = describe(plugin.cls)
    summary, _, rest = told.text.partition("\n\n")
    paragraphs = rest.split("\n\n") if rest else []
    differences = [text for text in paragraphs if text.startswith(_DIFFERENCES)]
    parts = [
        f"# {plugin.name}",
        " ".join(summary.split()),
        *(text for text in paragraphs if text not in differences),
        _facts(plugin, told),
        *_titled(_DIFFERENCES, *(_capital(text.partition(":")[2].strip()) for text in differences)),
        *_titled("Example", *_example(plugin, former)),
        *_titled("Parameters", *_parameters(told)),
        *_titled("Prompt", *_prompts(plugin)),
    ]
    return "\n\n".join(parts) + "\n"


def pipeline(plugin: Plugin, example: Example) -> str:
    """Return the example of a plugin as a pipeline file."""
    step: dict[str, Any] = {"use": plugin.name}
    if example.parameters:
        step["with"] = _plain(example.parameters)
    content: dict[str, Any] = {"name": f"{plugin.name}-example"}
    if _asks_a_model(plugin, example):
        content["llm"] = MODEL
    if example.rows:
        content["input"] = _plain(example.rows)
    elif issubclass(plugin.cls, GeneratorTask | GeneratorStep) and not plugin.cls.finite:
        content["n"] = example.n
    content["steps"] = [step]
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)


def _asks_a_model(plugin: Plugin, example: Example) -> bool:
    """Whether the example needs an LLM; if a file that it reads isn't there yet, it's taken to need one."""
    if not issubclass(plugin.cls, BaseTask):
        return False
    try:
        return plugin.cls(**example.parameters).needs_llm
    except (ValueError, SeedbedError):
        return True


class Made(NamedTuple):
    """The rows of an example, or why the small model makes none."""

    rows: list[dict[str, Any]]
    reason: str


def made_rows(
    plugin: Plugin,
    example: Example,
    seconds: int = 60,
    model: str = "",
    seedbed: Callable[[list[str], str], str] | None = None,
) -> Made:
    """Run an example in a folder of its own; raise RuntimeError if it fails, but not for its small model.

    `model` is asked in place of the example's own. `seedbed` runs the command with these words in a folder,
    and returns what it says; by default in a process of its own.
    """
    with tempfile.TemporaryDirectory() as folder:
        for path, text in {**example.files, "example.yaml": pipeline(plugin, example)}.items():
            (Path(folder) / path).parent.mkdir(parents=True, exist_ok=True)
            (Path(folder) / path).write_text(text, encoding="utf-8")
        words = ["run", "example.yaml", "-o", "rows.jsonl", "--max-time", str(seconds)]
        said = (seedbed or _in_a_process)([*words, *(["--llm", model] if model else [])], folder)
        out = Path(folder) / "rows.jsonl"
        lines = out.read_text(encoding="utf-8").splitlines() if out.exists() else []
    if lines:
        return Made([json.loads(line) for line in lines], "")
    if not (found := _NO_ROW.search(said)):
        raise RuntimeError(f"the example of {plugin.name} failed: {said}")
    return Made([], next(filter(None, found.groups())))


def _in_a_process(words: list[str], folder: str) -> str:
    environment = {**os.environ, "SEEDBED_RUNS": f"{folder}/runs"}
    command = [sys.executable, "-m", "seedbed", *words]
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return ended.stderr


def kept_rows(text: str) -> str:
    """Return the rows that a page shows, as they stand there; empty if it has none."""
    found = _ROWS.search(text)
    return found[1].strip() if found else ""


def _example(plugin: Plugin, former: str) -> Iterator[str]:
    example = plugin.purpose.example
    if example is None:
        return
    for path, text in example.files.items():
        yield fenced(text, f'text title="{path}"')
    shown = fenced(pipeline(plugin, example), f'yaml title="{plugin.name}.yaml"')
    yield shown
    yield f"    seedbed run {plugin.name}.yaml"
    if shown in former and (rows := kept_rows(former)):
        by = f" with the small model `{MODEL}`" if _asks_a_model(plugin, example) else ""
        if not rows.startswith(NO_ROW):
            yield f"What it makes{by}; long values are cut:"
        yield f"{BEGIN}\n{rows}\n{END}"


def _rows_block(rows: Sequence[Mapping[str, Any]]) -> str:
    texts = [json.dumps(_short(row), indent=2, ensure_ascii=False) for row in rows[:_MOST_ROWS]]
    return fenced("\n".join(texts), "json")


def _short(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= _LONGEST_TEXT else f"{value[:_LONGEST_TEXT]}…"
    if isinstance(value, Mapping):
        return {name: _short(part) for name, part in value.items()}
    if isinstance(value, list):
        cut = [_short(part) for part in value[:_LONGEST_LIST]]
        return cut if len(value) <= _LONGEST_LIST else [*cut[: _LONGEST_LIST // 2], f"… {len(value)} in all"]
    return round(value, 4) if isinstance(value, float) else value


def _facts(plugin: Plugin, told: Description) -> str:
    kind = {"tasks": "task over rows" if issubclass(plugin.cls, Task) else "task that makes rows"}
    purpose, reads, columns = plugin.purpose, told.reads, told.columns
    cites = [
        f"[{one.title}]({one.address}) ({one.short})" if isinstance(one, Citation) else one
        for one in purpose.citations
    ]
    facts = {
        "kind": kind.get(KINDS[plugin.group], KINDS[plugin.group].removesuffix("s")),
        "package": f"`{plugin.distribution}`",
        "goals": ", ".join(f"[{goal}](../index.md#{goal})" for goal in purpose.goals),
        "keywords": ", ".join(purpose.keywords),
        "source": "; ".join(cites),
        "reads": _codes(reads) if reads else "",
        "makes": _codes(columns) if columns else "",
    }
    return _table(("", ""), [(name, text) for name, text in facts.items() if text])


def _parameters(told: Description) -> Iterator[str]:
    own = [one for one in told.parameters if not one.inherited]
    rows = [(f"`{one.name}`", one.description, _notes(one.notes)) for one in own]
    if rows:
        yield _table(("parameter", "", "type and default"), rows)
    if any(one.inherited for one in told.parameters) and told.framework:
        yield f"[Those of {told.framework}](../../reference/plugins.md) come with them."
    for one in own:
        # The table has only the beginning of a long one.
        if isinstance(one.default, list | dict | tuple) and one.notes.endswith(" ..."):
            text = _as_yaml(json.loads(json.dumps(one.default, default=_plain_value)))
            if len(text) <= _LONGEST_DEFAULT:
                yield f"Default of `{one.name}`:"
                yield fenced(text, "yaml")


def _plain_value(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else str(value)


def _as_yaml(value: Any) -> str:
    """Return a value as YAML: a list of words in a few lines, anything else with a line for each."""
    are_words = isinstance(value, list) and all(isinstance(one, str) and len(one) < 40 for one in value)
    style = None if are_words else False
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100, default_flow_style=style)


def _prompts(plugin: Plugin) -> Iterator[str]:
    if not issubclass(plugin.cls, BaseTask):
        return
    prompts = {
        name: field.default
        for name, field in plugin.cls.model_fields.items()
        if (name in ("template", "system_prompt") or name.endswith(("_template", "_prompt")))
        and isinstance(field.default, str)
        and field.default
    }
    for name, text in prompts.items():
        yield f"`{name}`, which you may replace:"
        yield fenced(text, "jinja")


def _notes(text: str) -> str:
    return text.replace("<", "&lt;")


def _index_row(plugin: Plugin) -> tuple[str, str, str]:
    kind = KINDS[plugin.group].removesuffix("s")
    if plugin.group == "seedbed.tasks":
        kind = "task over rows" if issubclass(plugin.cls, Task) else "task"
    summary = " ".join(describe(plugin.cls).text.partition("\n\n")[0].split())
    return f"[{plugin.name}]({plugin.place})", kind, summary


def _titled(title: str, *parts: str) -> list[str]:
    return [f"## {title}", *parts] if parts else []


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    cells = ([" ".join(cell.split()).replace("|", "\\|") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def _codes(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _plain(value: Any) -> Any:
    """Return a value as YAML writes it: mappings and sequences of any type as dict and list."""
    return json.loads(json.dumps(value, default=str))


def main(words: Sequence[str]) -> None:
    """Write the pages; with `--run` or `--larger`, run examples first."""
    GALLERY.mkdir(exist_ok=True)
    option, names = (words[0], words[1:]) if words else ("", [])
    larger, names = (names[0], names[1:]) if option == "--larger" else ("", names)
    if option in ("--run", "--larger"):
        for plugin in plugins():
            try:
                _run(plugin, plugin.name in names if names or larger else None, larger)
            except RuntimeError as error:
                print(error)
    expected = dict(pages())
    for path, text in expected.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for stale in set(GALLERY.rglob("*.md")) - expected.keys():
        stale.unlink()


def _run(plugin: Plugin, chosen: bool | None, larger: str) -> None:
    path = GALLERY / plugin.place
    path.parent.mkdir(exist_ok=True)
    former = path.read_text(encoding="utf-8") if path.exists() else ""
    is_missing = BEGIN not in page(plugin, former)
    if plugin.purpose.example is None or chosen is False or (chosen is None and not is_missing):
        return
    block = _made_block(plugin, plugin.purpose.example, larger)
    path.write_text(f"{page(plugin, '')}\n{BEGIN}\n{block}\n{END}\n", encoding="utf-8")


def _made_block(plugin: Plugin, example: Example, larger: str) -> str:
    """Return the rows of the small model, or else why there are none, with those of the larger one."""
    made = made_rows(plugin, example)
    if made.rows:
        return _rows_block(made.rows)
    without = f"{NO_ROW}: {made.reason}."
    if not larger:
        return f"{without} A larger one makes some."
    made = made_rows(plugin, example, 240, larger)
    if not made.rows:
        raise RuntimeError(f"'{larger}' makes no row of {plugin.name} either: {made.reason}")
    return f"{without} `{made.rows[0]['model_name']}` makes:\n\n{_rows_block(made.rows)}"


if __name__ == "__main__":
    main(sys.argv[1:])
