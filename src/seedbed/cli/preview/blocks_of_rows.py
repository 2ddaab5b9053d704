"""Rows with their prompts and answers, as text to read."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from seedbed.cli.preview.folding import PromptFolder
from seedbed.cli.terminal.blocks import block, line_block, rule, wrapped
from seedbed.cli.terminal.printing import DIM, Painted, echo, visible
from seedbed.engine.preview.text import parts_of, title_of
from seedbed.engine.preview.trace import PreviewedRow
from seedbed.tasks.row_text import row_text
from seedbed.tasks.rows import Row

_PAINTS: Mapping[str, str] = MappingProxyType(
    {
        "prompt": "cyan",
        "note": "yellow",
        "answer": "magenta",
        "row": "green",
        "failed": "red",
        "rejected": "yellow",
    }
)

_Line = tuple[str | Painted, ...]


def write_traces(traces: Sequence[PreviewedRow], *, full: bool = False) -> None:
    """Write each row under a rule: its prompts and answers, then the rows made or the reason for none.

    On a terminal prompts are folded to what differs between the rows, unless they are wanted in `full`.
    A file or a pipe always gets them whole: what reads it can't look them up further above.
    """
    folder = None if full or not sys.stdout.isatty() else PromptFolder(wrapped)
    for trace in traces:
        title = title_of(trace)
        outcome = _outcome(trace)
        rule(f"{title} · {outcome}" if outcome else title, _PAINTS.get(outcome or "row"))
        made = iter(trace.rows)
        for part in parts_of(trace):
            paint = _PAINTS[part.kind]
            if part.kind == "row":
                line_block(part.title, _column_lines(next(made)), paint)
            elif part.kind == "prompt" and folder is not None:
                line_block(part.title, _prompt_lines(folder, title, part.text), paint)
            else:
                block(part.title, part.text, paint)
    if folder is not None and folder.has_folded:
        echo("prompts are folded to what differs between the rows; --full shows them whole", err=True)


def _outcome(trace: PreviewedRow) -> str:
    """Return "failed" or "rejected" if there's no row; empty if there is one."""
    if trace.rows:
        return ""
    return "failed" if trace.failures else "rejected" if trace.rejections else ""


def _prompt_lines(folder: PromptFolder, title: str, prompt: str) -> Iterator[_Line]:
    for line in folder.folded(title, visible(prompt.strip())):
        yield (Painted(line.text, DIM) if line.is_mark else line.text,)


def _column_lines(row: Row) -> Iterator[_Line]:
    """Yield the lines of a row, the names of its columns in colour: values may have colons and lines too."""
    for name, value in row.items():
        label = f"{visible(name)}:"
        first, *rest = wrapped(visible(row_text({name: value})))
        if first.startswith(label):
            yield (Painted(label, _PAINTS["row"]), first.removeprefix(label))
        else:
            yield (first,)
        yield from ((line,) for line in rest)
