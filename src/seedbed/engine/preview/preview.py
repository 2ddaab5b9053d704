"""`seedbed.preview`: a few rows, each with its prompts and answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from seedbed.engine.local import LocalEngine
from seedbed.engine.open_session import open_session
from seedbed.engine.plan_making import make_plan
from seedbed.engine.preview.trace import PreviewedRow, Trace
from seedbed.engine.run import Run
from seedbed.engine.run_options import locked_registry
from seedbed.engine.sources.input_rows import Input
from seedbed.engine.stopping.bounds import Bounds
from seedbed.llm.llm import LLM
from seedbed.llm.visible_text import visible
from seedbed.pipeline.pipeline import Pipeline
from seedbed.plugins.authoring.elsewhere import naming_options
from seedbed.plugins.registry import Registry
from seedbed.tasks.base_step import BaseStep

REPLACED = 2
"""Rejected rows that are replaced by others; they're shown as well."""


@dataclass(frozen=True, repr=False)
class Preview:
    """The result of a preview: `rows`, each with its calls and what they led to, and the counts of its `run`.

        shown = seedbed.preview("qa-pairs", llm="openai/gpt-4.1-mini")
        print(shown)
        first = shown.rows[0].calls[0].request.messages

    Printing it shows all of that; a notebook shows tables.
    """

    rows: Sequence[PreviewedRow]
    run: Run

    def __repr__(self) -> str:
        from seedbed.engine.preview.text import preview_lines

        return visible("\n".join(preview_lines(self.rows, self.run)))

    def _repr_html_(self) -> str:
        from seedbed.engine.preview.page import preview_html

        return preview_html(self.rows, self.run)

    def __iter__(self) -> Iterator[PreviewedRow]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


@naming_options
def preview(
    task: str | BaseStep | Pipeline,
    n: int = 3,
    *,
    llm: str | LLM | None = None,
    input: Input | None = None,
    columns: Sequence[str] | None = None,
    drop: Sequence[str] = (),
    encoding: str | None = None,
    id: str | Sequence[str] | None = None,
    seed: int | None = None,
    leaf: str | None = None,
    registry: Registry | None = None,
    locked: str | Path | None = None,
) -> Preview:
    """Make a few rows and return them with their prompts, the parameters sent and the answers.

        seedbed.preview("qa-pairs", llm="openai/gpt-4.1-mini")

    Nothing is kept. Parameters and errors are those of `seedbed.run`. It waits for the answers, also in a
    notebook.
    """
    trace = Trace()
    plan = make_plan(
        task,
        n=n,
        llm=llm,
        input=input,
        seed=seed,
        leaf=leaf,
        bounds=Bounds(max_attempts=n + REPLACED),
        registry=locked_registry(registry, locked),
        columns=columns,
        drop=drop,
        encoding=encoding,
        id=id,
    )
    session = open_session(plan, engine=partial(LocalEngine, recorder=trace.record, watch=trace.watch))
    run = session.execute()
    return Preview(trace.traces(), run)
