"""Tells how a row of a run was made, from what the run keeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from seedbed.engine.lineage.ages import with_ages
from seedbed.engine.lineage.ancestry import Ancestry, Gathering, ancestors_of
from seedbed.engine.lineage.chapters import Chapter, ParentRow, ToldCall
from seedbed.engine.lineage.shared import shared_with
from seedbed.engine.lineage.story import Ending, Story
from seedbed.engine.prompts.reader import PromptReader
from seedbed.llm.calling.scope import SHARED
from seedbed.llm.messages import Message
from seedbed.store import Call
from seedbed.store.refused_rows import CallIdentity, Evidence, identity
from seedbed.store.run_queries import RunQueries
from seedbed.tasks.rows import Row

_DEEPEST = 8
"""Steps over all rows that a row is followed back through."""


def story_of(queries: RunQueries, row: str) -> Story:
    """Return the story of a row: of the rows it was made from, itself, and the rows that it became."""
    return _Teller(queries).story(row)


class _Teller:
    """Tells the stories of rows of one run."""

    def __init__(self, queries: RunQueries) -> None:
        self._queries = queries
        self.ancestry = Ancestry(queries)

    def story(self, row: str, depth: int = 0) -> Story:
        chapters = [chapter for step in self.ancestry.steps for chapter in self._chapters(step, row)]
        told = self._with_calls(chapters)
        marked = list(with_ages(told, self.ancestry.manifest.get("ways", ())))
        endings = list(self._endings(row))
        own = next((ending.verdict for ending in endings if ending.verdict.row == row), None)
        gathered = list(self._gathered(marked))
        # A step over all rows may have kept a row as it is: it's then known by one id before and after.
        earlier = [
            self.story(known, depth + 1)
            for one in gathered
            for known in one.rows
            if known != row and depth < _DEEPEST
        ]
        source = self._source(row, marked) if marked or own else ""
        return Story(row, own, marked, source, endings, gathered, earlier)

    def _endings(self, row: str) -> Iterator[Ending]:
        leaves = dict.fromkeys((self.ancestry.manifest.get("leaf", ""), *self._queries.leaves()))
        for leaf in leaves:
            read_by = self.ancestry.read_by(leaf)
            for verdict in self._queries.verdicts_below(leaf, row):
                if verdict.verdict != "accepted":
                    yield Ending(verdict)
                elif read_by:
                    yield Ending(verdict, read_by=read_by)
                else:
                    yield Ending(verdict, self._queries.line_of(verdict))

    def _chapters(self, step: str, row: str) -> Iterator[Chapter]:
        is_over_all = step in self.ancestry.over_all
        root = row.partition("/")[0]
        if is_over_all or (self.ancestry.is_first(step) and self._queries.find_result(step, root) is None):
            if (result := self.ancestry.result_by_content(step, row)) is not None:
                path = self.ancestry.path_of(step)
                yield Chapter(step, root, [], result, is_over_all=is_over_all, path=path)
                return
            if is_over_all:
                return
        for known in ancestors_of(row):
            result = self._queries.find_result(step, known)
            calls = self._queries.calls(step, known)
            if result or calls:
                yield self._with_parents(Chapter(step, known, _bare(calls), result))
        for result in self._queries.descendants(step, row):
            calls = self._queries.calls(step, result.row)
            yield self._with_parents(Chapter(step, result.row, _bare(calls), result))
        for way_out in (f"{step} routes", f"{step} admission"):
            if refused := self._queries.find_result(way_out, row):
                yield Chapter(way_out, row, [], refused)

    def _with_parents(self, chapter: Chapter) -> Chapter:
        ancestry = self.ancestry
        if not ancestry.is_first(chapter.step):
            parents = ancestry.parents_of(chapter.step, chapter.row)
            known = [parent.data for parent in parents if parent.data is not None]
            joined = {name: value for data in known for name, value in data.items()} if known else None
            return chapter._replace(parents=parents, input=joined)
        found = ancestry.input.row_of(chapter.row) if ancestry.input else None
        if found is not None:
            return chapter._replace(parents=[ParentRow("", chapter.row, found)], input=found)
        rows = chapter.rows
        return chapter._replace(input=ancestry.variables_of(chapter.step, rows[0])) if rows else chapter

    def _with_calls(self, chapters: Sequence[Chapter]) -> list[Chapter]:
        """Return the chapters with their prompts, and with the inputs that the run keeps for refused rows."""
        kept = [self._evidence(chapter) for chapter in chapters]
        refused = {call: messages for one in kept if one for call, messages in one.prompts.items()}
        prompts = PromptReader(self._queries, _rows_of(chapters, kept))
        told = []
        for chapter, one in zip(chapters, kept, strict=True):
            calls = [ToldCall.of(told.call, prompts, refused) for told in chapter.calls if told.call]
            shared = [ToldCall.of(call, prompts, refused) for call in self._shared(chapter, one)]
            chapter = chapter._replace(calls=[*calls, *_silent(chapter, one)], shared=shared)
            told.append(_with_evidence(chapter, one) if one else chapter)
        return told

    def _shared(self, chapter: Chapter, kept: Evidence | None) -> Iterator[Call]:
        """Yield the calls of the step whose answers the row has in common with others."""
        if chapter.is_over_all:
            return
        ids = self._queries.shared_ids(chapter.step, SHARED)
        for one in shared_with(_rows_of([chapter], [kept]), ids):
            yield from self._queries.calls(chapter.step, one)

    def _evidence(self, chapter: Chapter) -> Evidence | None:
        if chapter.result is None or not chapter.reasons:
            return None
        kept = Evidence.of(self._queries, chapter.step, chapter.row)
        return kept if kept.attempt == chapter.result.attempt else None

    def _gathered(self, chapters: Sequence[Chapter]) -> Iterator[Gathering]:
        # The last one: the row comes from the rows of that step, and they come from those before it.
        over_all = [chapter for chapter in chapters if chapter.is_over_all]
        for chapter in over_all[-1:]:
            yield from self.ancestry.gathered_by(chapter.step, chapter.rows[0])

    def _source(self, row: str, chapters: Sequence[Chapter]) -> str:
        """Return the name of an input row, from the reason that it was refused for or from its file."""
        reasons = (reason for chapter in chapters for reason in chapter.reasons)
        if known := next((reason["source"] for reason in reasons if reason.get("source")), ""):
            return str(known)
        for chapter in chapters:
            if chapter.result is not None and chapter.result.row != chapter.row:
                # As the run names it: rows of a source are counted from 1, those of a step over all from 0.
                return f"row {int(chapter.result.row) + (not chapter.is_over_all)} of '{chapter.step}'"
        return self.ancestry.input.name_of(row) if self.ancestry.input else ""


def _bare(calls: Sequence[Call]) -> list[ToldCall]:
    """Return calls whose prompts are found once all rows are known that their texts may come from."""
    return [ToldCall(call, ()) for call in calls]


def _rows_of(chapters: Sequence[Chapter], kept: Sequence[Evidence | None]) -> Iterator[Row]:
    for chapter, one in zip(chapters, kept, strict=True):
        yield from chapter.rows
        known = (chapter.input, *(parent.data for parent in chapter.parents), one and one.input)
        yield from (row for row in known if row is not None)


def _with_evidence(chapter: Chapter, kept: Evidence) -> Chapter:
    known = kept.input if kept.input is not None else chapter.input
    return chapter._replace(input=known, source_row=kept.source_row)


def _silent(chapter: Chapter, kept: Evidence | None) -> list[ToldCall]:
    """Return the calls of a refused row that got no answer."""
    answered = {identity(told.call) for told in chapter.calls if told.call}
    own: Mapping[CallIdentity, list[Message]] = kept.prompts if kept else {}
    return [
        ToldCall(None, (), messages)
        for call, messages in own.items()
        if call[:2] == (chapter.step, chapter.row) and call not in answered
    ]
