"""`seedbed graph`: the steps of a pipeline file as a drawing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seedbed.cli.failures import ExitStatus
from seedbed.cli.permissions import permission_options
from seedbed.cli.policy import policy_options, registry_of
from seedbed.cli.terminal.output import kept_stdout
from seedbed.cli.terminal.printing import DIM, Painted, echo

if TYPE_CHECKING:
    from seedbed.pipeline.drawing.drawn import Drawn
    from seedbed.plugins.registry import Registry


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--mermaid", "as_mermaid", is_flag=True, help="Print a Mermaid flowchart, for Markdown pages.")
@permission_options
@policy_options
@click.pass_context
def graph(ctx: click.Context, /, file: Path, as_mermaid: bool, **permissions: Any) -> int:
    """Draw the steps of a pipeline FILE, and the ways that rows take between them.

    Makes no row and no LLM, so no key and no backend is needed.
    """
    from seedbed.pipeline.drawing.graph_text import graph_lines
    from seedbed.pipeline.drawing.mermaid import mermaid

    # Plugins are imported here, and may print: standard output is for the drawing alone.
    with kept_stdout():
        found = _drawn(file, permissions, registry_of(ctx))
    if as_mermaid:
        echo(mermaid(found))
        return ExitStatus.COMPLETE
    for line in graph_lines(found):
        echo(line.lanes, Painted(line.name, bold=True), Painted(line.details.rstrip(), DIM))
    return ExitStatus.COMPLETE


def _drawn(file: Path, permissions: Mapping[str, Any], registry: Registry) -> Drawn:
    from seedbed.pipeline.drawing.drawn import drawn
    from seedbed.pipeline.entries import LLMEntry
    from seedbed.pipeline.file import load_pipeline

    models: dict[str, str] = {}

    def noted(step: str, own: LLMEntry | None, default: LLMEntry | None) -> None:
        if entry := own or default:
            models[step] = entry.use

    pipeline = load_pipeline(file, registry, make_llm=noted, **permissions)
    return drawn(pipeline.topology(), models)
