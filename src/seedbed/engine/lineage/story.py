"""How a row of a run was made: what each step made of it, with which calls, and where it ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from seedbed.counts import count_of, tokens_text
from seedbed.engine.lineage.chapters import Chapter
from seedbed.engine.lineage.gathered_rows import Gathering
from seedbed.engine.lineage.story_text import chapter_lines, chapter_title
from seedbed.llm.budget.money import dollars
from seedbed.llm.visible_text import visible
from seedbed.store import Verdict
from seedbed.store.row_names import has_own_id, row_name

_MOST_ENDINGS = 8
"""Rows that a row has become, whose endings are shown."""


class Ending(NamedTuple):
    """What was decided of a row, or of one that it has become, at the end of the pipeline.

    `line` is its line in the dataset of the leaf, counted from 1, if it was accepted there; else None.
    `read_by` is the step that reads it together with all other rows, if it goes on to one.
    """

    verdict: Verdict
    line: int | None = None
    read_by: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the ending as JSON values."""
        verdict = self.verdict
        return {
            "row": verdict.row,
            "leaf": verdict.leaf,
            "verdict": verdict.verdict,
            "step": verdict.step,
            "line": self.line,
            "read_by": self.read_by or None,
        }


class Story(NamedTuple):
    """Everything that a run has about a row; `print` shows it, and `as_json` returns it as JSON values.

        story = run.explain("7")
        print(story)
        [(chapter.step, chapter.status) for chapter in story.chapters]  # [("qa-pairs", "done")]
        [ending.line for ending in story.endings]                       # [7], its line in the dataset

    `row` is the row's id; `source` is the name of the input row that it comes from (`questions.jsonl, line
    7`), empty if there's none. `verdict` is None if it isn't decided yet, or if the row has become other
    rows; `endings` has theirs too. `chapters` are what the steps made of it, in their order. If it was made
    by a step that reads all rows at once, `gathered` says from which, and `earlier` has their stories.
    """

    row: str
    verdict: Verdict | None
    chapters: Sequence[Chapter]
    source: str = ""
    endings: Sequence[Ending] = ()
    gathered: Sequence[Gathering] = ()
    earlier: Sequence[Story] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is no such row."""
        return not self.chapters and self.verdict is None

    def __str__(self) -> str:
        # Line by line: a line may be as long as a book, and each copy of all lines would double them.
        return "\n".join(map(visible, self._lines("")))

    def as_json(self) -> dict[str, Any]:
        """Return the story as JSON values."""
        return {
            "row": self.row,
            "source": self.source or None,
            "verdict": self.verdict.verdict if self.verdict else None,
            "endings": [ending.as_json() for ending in self.endings],
            "steps": [chapter.as_json() for chapter in self.chapters],
            "gathered": [one.as_json() for one in self.gathered],
            "earlier": [story.as_json() for story in self.earlier],
        }

    @property
    def headline(self) -> str:
        """The name of the row, and what was decided of it."""
        known_as = f" (row {self.row})" if self.source and not has_own_id(self.row) else ""
        return f"{row_name(self.row, self.source)}{known_as}: {self._decided()}"

    def ending_lines(self) -> Iterator[str]:
        """Yield where the row, and each of the rows that it became, ended, and what its calls have taken."""
        several = len(self.endings) > 1
        for ending in self.endings[:_MOST_ENDINGS]:
            yield (f"row {ending.verdict.row}: " if several else "") + self._ending(ending)
        if len(self.endings) > _MOST_ENDINGS:
            yield f"and {len(self.endings) - _MOST_ENDINGS:,} others"
        if spent := self.spent():
            yield spent

    def spent(self) -> str:
        """Return what the calls of the row have taken: '2 calls, 24 input + 12 output tokens, $0.0021'."""
        calls = [told.call for chapter in self.chapters for told in chapter.calls if told.call]
        given, made = (sum(getattr(one, f"{way}_tokens") for one in calls) for way in ("input", "output"))
        cost = sum(one.cost or 0 for one in calls)
        texts = (
            count_of(len(calls), "call"),
            tokens_text(given, made),
            dollars(cost) if cost else "",
        )
        return ", ".join(text for text in texts if text) if calls else ""

    def origin_lines(self) -> Iterator[str]:
        """Yield which rows a step over all rows may have made this one from."""
        over_all = next((chapter.step for chapter in reversed(self.chapters) if chapter.is_over_all), "")
        for one in self.gathered:
            where = f"'{one.step}'" if one.step else "the input"
            read = f"'{over_all}' read all rows of {where}"
            if not one.rows:
                yield f"{read}; none of them has the values of this one"
            else:
                by = f"the same {', '.join(one.columns)}" if one.columns else "the same values"
                yield f"{read}; with {by}: {', '.join(one.rows)}{' and others' if one.has_more else ''}"

    def _decided(self) -> str:
        if self.verdict:
            return self.verdict.verdict
        if self.endings:
            return f"became {len({ending.verdict.row for ending in self.endings})} rows"
        dropped = next((chapter for chapter in self.chapters if chapter.is_dropped), None)
        if dropped is not None:
            return f"dropped by '{dropped.step}', which returned nothing for it"
        return "no verdict: not decided yet, or not needed any more"

    def _ending(self, ending: Ending) -> str:
        verdict = ending.verdict
        if ending.read_by:
            return f"accepted at '{verdict.leaf}'; '{ending.read_by}' reads it with all other rows"
        if ending.line is not None:
            return f"line {ending.line:,} of the dataset of '{verdict.leaf}'"
        reasons = (
            reason["reason"]
            for chapter in self.chapters
            if (chapter.step, chapter.row) == (verdict.step, verdict.source_row)
            for reason in chapter.reasons
        )
        reason = next(reasons, "").partition("\n")[0]
        return f"{verdict.verdict} at '{verdict.step}'{f': {reason}' if reason else ''}"

    def _lines(self, indent: str) -> Iterator[str]:
        yield indent + self.headline
        yield from (f"{indent}  {line}" for line in self.ending_lines())
        for chapter in self.chapters:
            yield f"{indent}{chapter_title(chapter, self.source)}"
            yield from (f"{indent}  {line}" for line in chapter_lines(chapter))
        yield from (indent + line for line in self.origin_lines())
        for earlier in self.earlier:
            yield from earlier._lines(indent + "  ")
