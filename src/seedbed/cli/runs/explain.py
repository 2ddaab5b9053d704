"""How a row of a run was made, or why rows are missing."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from shlex import quote
from types import MappingProxyType

from seedbed.cli.failures import ExitStatus
from seedbed.cli.runs.kept_runs import kept_run
from seedbed.cli.runs.reasons import as_json, reasons_of, write_reasons
from seedbed.cli.terminal.blocks import line_block, rule, wrapped
from seedbed.cli.terminal.output import write_json
from seedbed.cli.terminal.printing import DIM, Painted, echo, visible
from seedbed.engine.lineage.row_lookup import find_story, row_in_line
from seedbed.engine.lineage.story import Story
from seedbed.engine.lineage.story_text import StoryPart, change_lines, chapter_title, parts_of
from seedbed.store import RunReader
from seedbed.store.refused_rows import Origins

_REASONS = 50
"""Reasons that are written."""
_LONGEST = 1000
"""Characters of a text that are written with a reason."""

_PAINTS: Mapping[str, str] = MappingProxyType(
    {
        "from": "blue",
        "prompt": "cyan",
        "answer": "magenta",
        "row": "green",
        "failed": "red",
        "rejected": "yellow",
        "note": "yellow",
    }
)
_MARKS: Mapping[str, str] = MappingProxyType({"+": "green", "~": "yellow", "-": "red"})

_FIRST, _LAST = 12, 4
"""Lines of a long text that are shown on a terminal, at its beginning and at its end."""
_WORTHWHILE = 2
"""Lines that folding has to leave out: the line that says so takes the place of one."""

_Line = tuple[str | Painted, ...]


def explain_run(name: str, machine: bool) -> ExitStatus:
    """Write why rows of a run failed or were rejected; raises UsageError."""
    with RunReader.open(kept_run(name)) as reader:
        reasons, origins = reasons_of(reader), Origins(reader)
        if machine:
            write_json(as_json(reasons, origins))
        elif reasons:
            write_reasons(reasons, most=_REASONS, longest=_LONGEST, origins=origins)
            echo(f"\n`seedbed runs explain {quote(name)} ROW` shows how one row was made,")
            echo(f"`seedbed runs export {quote(name)} --failed --rejected` writes all of them")
        else:
            echo(f"no row of the run '{name}' failed or was rejected")
    return ExitStatus.COMPLETE


def explain_row(name: str, row: str, line: int | None, *, machine: bool, full: bool) -> ExitStatus:
    """Write what each step made of a row, given by id or by line in the dataset; raises UsageError."""
    with RunReader.open(kept_run(name)) as reader:
        story = find_story(reader, name, row if line is None else row_in_line(reader, name, line))
        # Within the block: what can't be written is what the run holds.
        if machine:
            write_json(story.as_json())
        else:
            # What reads a file or a pipe can't ask again with --full.
            writer = _Writer(is_folding=sys.stdout.isatty() and not full)
            writer.write(story)
            if writer.has_folded:
                echo("long texts are folded; --full shows them whole", err=True)
    return ExitStatus.COMPLETE


class _Writer:
    """Writes stories; `has_folded` says whether any text was folded."""

    def __init__(self, *, is_folding: bool) -> None:
        self._is_folding = is_folding
        self.has_folded = False

    def write(self, story: Story) -> None:
        echo(Painted(story.headline, bold=True))
        for ending in story.ending_lines():
            echo(f"  {ending}")
        echo()
        for chapter in story.chapters:
            rule(chapter_title(chapter, story.source))
            for part in parts_of(chapter):
                self._write_part(part)
        for line in story.origin_lines():
            echo(line)
        for earlier in story.earlier:
            echo()
            self.write(earlier)

    def _write_part(self, part: StoryPart) -> None:
        if part.change is not None:
            marked = (line for text in change_lines(part.change) for line in self._marked(visible(text)))
            line_block(part.title, marked, _PAINTS[part.kind])
        else:
            lines = wrapped(visible(part.text.strip()))
            line_block(part.title, self._folded((line,) for line in lines), _PAINTS[part.kind])

    def _marked(self, text: str) -> list[_Line]:
        """Return the lines of a column that has changed, its mark in colour."""
        mark, rest = text[:1], text[1:]
        first, *others = wrapped(rest) or [""]
        paint = _MARKS.get(mark)
        lines: list[_Line] = [(Painted(mark, paint) if paint else mark, first)]
        return list(self._folded([*lines, *((f"    {line}",) for line in others)]))

    def _folded(self, lines: Iterable[_Line]) -> Iterator[_Line]:
        """Yield the lines of a text, with the middle of a long one left out."""
        lines = list(lines)
        left_out = len(lines) - _FIRST - _LAST
        if not self._is_folding or left_out < _WORTHWHILE:
            yield from lines
            return
        self.has_folded = True
        yield from lines[:_FIRST]
        yield (Painted(f"… {left_out} lines", DIM),)
        yield from lines[-_LAST:]
