"""What a run says of itself, for the card of its dataset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from seedbed.store.cards.command import command_of
from seedbed.store.cards.shown_references import models_without_folders, without_folders
from seedbed.store.leaves_upstream import count_up_to, leaves_up_to
from seedbed.store.manifest_parts import is_prompt, plugin_versions
from seedbed.store.output import Output
from seedbed.store.run_queries import RunQueries
from seedbed.store.run_values import TotalSpent
from seedbed.tasks.rows import encode_value

_MOST_REASONS = 5
# Models have a column of their own.
_ELSEWHERE = ("llm", "embedder")


@dataclass(frozen=True)
class RunStory:
    """A run as its manifest, its counts and what it spent tell it; `leaf` is the step of the rows.

    `where` is the expression that the rows were chosen by when they were exported, if they were.
    """

    manifest: Mapping[str, Any]
    leaf: str
    counts: Mapping[str, int]
    reasons: tuple[tuple[str, str, int], ...]
    spent: TotalSpent
    models: tuple[str, ...]
    where: str = ""

    @classmethod
    def of(cls, queries: RunQueries, leaf: str) -> RunStory:
        """Read it from a run's database."""
        session = queries.last_working_session()
        manifest = session.manifest if session else {}
        reasons: Counter[tuple[str, str]] = Counter()
        for one in leaves_up_to(queries, manifest, leaf):
            for refused in queries.refused(one):
                reasons[refused.verdict, (refused.reason or "no reason given").partition("\n")[0]] += 1
        return cls(
            manifest,
            leaf,
            count_up_to(queries, manifest, leaf),
            tuple((*reason, count) for reason, count in reasons.most_common(_MOST_REASONS)),
            queries.spent(),
            _models(manifest, queries.called_models()),
        )

    def written_to(self, output: Output, where: str = "") -> RunStory:
        """Return the story of the same run, whose rows are written to another place or in another form."""
        order = self.manifest.get("order")
        if not order:
            return replace(self, where=where)
        leaf = {"leaf": output.leaf} if output.leaf else {}
        # Cells are made safe in a .csv, which has no card.
        written = {**output.options(), **leaf, "shard_rows": output.file_rows, "csv_safe": False}
        return replace(self, where=where, manifest={**self.manifest, "order": {**order, **written}})

    @property
    def name(self) -> str:
        """The task or pipeline of the run."""
        return str(self.manifest.get("task") or "")

    @property
    def steps(self) -> list[dict[str, Any]]:
        """The steps, as the manifest has them."""
        return list(self.manifest.get("steps", ()))

    def parameters(self) -> Iterator[tuple[str, str, str]]:
        """Yield the parameters that were set, and prompts that weren't: step, name and value."""
        for step in self.steps:
            for name, value in (step.get("fields") or {}).items():
                is_shown = name in step.get("set", ()) or is_prompt(name, value)
                if is_shown and name not in _ELSEWHERE and value:
                    shown = models_without_folders(value)
                    yield step["name"], name, shown if isinstance(shown, str) else encode_value(shown)

    @property
    def citations(self) -> list[str]:
        """What the steps ask to be cited, each once."""
        said = (step.get("citation") for step in self.steps)
        return list(dict.fromkeys(filter(None, said)))

    @property
    def plugins(self) -> list[str]:
        """The distributions that took part, with their versions."""
        return list(dict.fromkeys(map(" ".join, plugin_versions(self.manifest))))

    def command(self) -> str:
        """Return the command that makes the dataset again; empty if it was made from Python."""
        order = self.manifest.get("order")
        return command_of(order) if order else ""


def _models(manifest: Mapping[str, Any], called: Sequence[str]) -> tuple[str, ...]:
    """Return the models of a run, as references where the manifest has them: `openai/gpt-4.1-mini`."""
    named = [str(llm["reference"]) for step in manifest.get("steps", ()) for llm in step.get("llms", ())]
    # Rows that failed may have been retried with a model that a later session named.
    others = [model for model in called if not any(name.endswith(model) for name in named)]
    return tuple(dict.fromkeys(map(without_folders, [*named, *others])))
