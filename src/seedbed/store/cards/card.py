"""The text of a card: a README.md that people, the Hub and `datasets` read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from seedbed.counts import count_of
from seedbed.store.cards.card_facts import RunStory
from seedbed.store.cards.column_facts import Column
from seedbed.store.cards.licences import terms_of
from seedbed.store.cards.markdown import Markdown, fenced, plain, section, table
from seedbed.store.cards.shown_references import without_folders
from seedbed.store.parquet_folder import MADE_BY

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_LONGEST_PARAMETER = 4_000


def card_text(
    title: str,
    story: RunStory,
    columns: Sequence[Column],
    splits: Mapping[str, int],
    *,
    is_complete: bool = True,
) -> str:
    """Return the card of a dataset, with the front matter that names the files of each split.

    `splits` has the rows of each split. The card of a dataset that's still growing says so.
    """
    rows = sum(splits.values())
    parts = [
        _front_matter(title, splits, rows, is_synthetic=_is_synthetic(story)),
        f"# {plain(title)}",
        _introduction(story, rows, is_complete=is_complete),
        section("Rows", _splits(splits), table(("column", "type", "example"), columns)),
        section("How it was made", *_making(story)),
        section("What was left out", *_left_out(story, rows)),
        section("What it cost", _cost(story)),
        section("Licences of the models' outputs", _licences(story)),
        section("Citations", *(fenced(text) for text in story.citations)),
        section("Make it again", _command(story)),
        MADE_BY,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _front_matter(title: str, splits: Mapping[str, int], rows: int, *, is_synthetic: bool) -> str:
    import yaml

    files = [{"split": name, "path": f"{name}-*.parquet"} for name in splits]
    content: dict[str, Any] = {
        "pretty_name": plain(title),
        "tags": ["synthetic", "seedbed"] if is_synthetic else ["seedbed"],
        "size_categories": [next((text for most, text in _SIZES if rows < most), "n>1M")],
        # Without it, `datasets` finds only splits of usual names.
        "configs": [{"config_name": "default", "data_files": files}],
    }
    dumped = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=10_000)
    return f"---\n{dumped}---"


def _is_synthetic(story: RunStory) -> bool:
    """Whether the rows were made; those of an input that no model has touched were only cleaned."""
    return bool(story.models) or not story.manifest.get("reading")


def _introduction(story: RunStory, rows: int, *, is_complete: bool) -> str:
    version = story.manifest.get("versions", {}).get("seedbed") or ""
    by = f" by {_listed(story.models)}" if story.models else ", without a language model"
    said = f"{count_of(rows, 'row')}, made with Seedbed {plain(version)}{by}."
    # The first of several steps says nothing of what the rows have become.
    alone = len(story.steps) == 1
    descriptions = [step["description"] for step in story.steps if step.get("description")] if alone else []
    growing = "" if is_complete else "**It's still being made: more rows will come.**"
    steps = "" if alone else f"They went through the {len(story.steps)} steps below."
    return "\n\n".join(filter(None, (said, growing, steps, *(plain(text) for text in descriptions[:1]))))


def _splits(splits: Mapping[str, int]) -> str:
    return table(("split", "rows"), [(name, f"{rows:,}") for name, rows in splits.items()])


def _making(story: RunStory) -> Iterator[str]:
    if story.steps:
        rows = [
            (
                step["name"],
                step.get("class", "").rpartition(".")[2],
                step.get("package") or "",
                ", ".join(without_folders(llm["reference"]) for llm in step.get("llms", ())),
            )
            for step in story.steps
        ]
        yield table(("step", "class", "package", "model"), rows)
    for step, name, value in story.parameters():
        yield f"{_code(step)}, {_code(name)}:\n\n{fenced(_cut(value))}"
    facts = [
        ("seed", str(story.manifest.get("seed"))),
        ("Python", story.manifest.get("versions", {}).get("python")),
    ]
    plugins = [("packages", ", ".join(story.plugins))] if story.plugins else []
    yield table(("", ""), [(name, str(value or "")) for name, value in (*facts, *plugins)])


def _left_out(story: RunStory, rows: int) -> Iterator[str]:
    counts = [(verdict, f"{count:,}") for verdict, count in story.counts.items()]
    yield table(("verdict", "rows"), counts)
    if story.reasons:
        reasons = [(verdict, reason, f"{count:,}") for verdict, reason, count in story.reasons]
        yield table(("verdict", "reason", "rows"), reasons)
    if story.where:
        others = count_of(story.counts.get("accepted", rows) - rows, "accepted row")
        yield f"When they were exported, {others} were left out, for which this doesn't hold:"
        yield fenced(story.where)


def _cost(story: RunStory) -> str:
    spent = story.spent
    cost = f"${spent.cost:,.2f}" if spent.calls and not spent.unpriced else "no price known"
    rows = [
        ("calls", f"{spent.calls:,}"),
        ("input tokens", f"{spent.input_tokens:,}"),
        ("output tokens", f"{spent.output_tokens:,}"),
        ("cost", cost if spent.calls else "none"),
    ]
    return table(("", ""), rows)


def _licences(story: RunStory) -> str:
    if not story.models:
        return "No model wrote any of the rows."
    rows = [
        (model, terms, Markdown(f"<{address}>" if address else ""))
        for model, terms, address in terms_of(story.models)
    ]
    said = "As far as Seedbed knows; the terms themselves count."
    return f"{said}\n\n{table(('model', 'terms', 'where'), rows)}"


def _command(story: RunStory) -> str:
    chosen = (
        "\n\nThen choose the rows: `seedbed runs export RUN -o OUT`, with `--where` and the expression above."
        if story.where
        else ""
    )
    if command := story.command():
        return fenced(command, "console") + chosen
    return "It was made from Python: `seedbed.run` with the steps and parameters above."


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_PARAMETER else f"{text[:_LONGEST_PARAMETER]}…"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(_code, names))


def _code(text: str) -> str:
    return f"**{plain(text)}**"
