"""Makes the story of a row from what the run keeps: results, calls, prompts and verdicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from seedbed.engine.lineage.ancestry import Ancestry
from seedbed.engine.lineage.chapters import Chapter, ParentRow
from seedbed.engine.lineage.gathered_rows import Gathering, gathered_by
from seedbed.engine.lineage.outdated import mark_outdated
from seedbed.engine.lineage.row_places import RowPlaces
from seedbed.engine.lineage.rows_by_content import RowsByContent
from seedbed.engine.lineage.run_steps import RunSteps
from seedbed.engine.lineage.shared import shared_with
from seedbed.engine.lineage.story import Ending, Story
from seedbed.engine.lineage.told_call import ToldCall
from seedbed.engine.prompts.reader import PromptReader
from seedbed.llm.calling.scope import SHARED
from seedbed.llm.messages import Message
from seedbed.store import Call
from seedbed.store.refused_rows import CallIdentity, Evidence, identity, kept_by_admission, kept_by_routes
from seedbed.store.row_ids import ids_upstream
from seedbed.store.run_queries import RunQueries
from seedbed.tasks.rows import Row

_DEEPEST = 8
"""Steps over all rows that a row is followed back through."""


def story_of(queries: RunQueries, row: str) -> Story:
    """Return the story of a row: of the rows it was made from, itself, and the rows that it became.

    `row` is its id. The story is empty if the run has no such row.
    """
    return _StoryMaker(queries).story(row)


class _StoryMaker:
    """Makes the stories of rows of one run: first their chapters, then what belongs to several of them."""

    def __init__(self, queries: RunQueries) -> None:
        self._queries = queries
        self._steps = RunSteps.of(queries)
        self._by_content = RowsByContent(queries, self._steps)
        self._places = RowPlaces(queries, self._steps)
        self._ancestry = Ancestry(queries, self._steps, self._by_content)

    def story(self, row: str, depth: int = 0) -> Story:
        found = [chapter for step in self._steps.names for chapter in self._chapters(step, row)]
        chapters = list(mark_outdated(self._with_calls(found), self._steps.ways))
        endings = list(self._endings(row))
        own = next((ending.verdict for ending in endings if ending.verdict.row == row), None)
        gathered = list(self._gathered(chapters))
        # A step over all rows may have kept a row as it is: it's then known by one id before and after.
        earlier = [
            self.story(known, depth + 1)
            for one in gathered
            for known in one.rows
            if known != row and depth < _DEEPEST
        ]
        source = self._source(row, chapters) if chapters or own else ""
        return Story(row, own, chapters, source, endings, gathered, earlier)

    def _endings(self, row: str) -> Iterator[Ending]:
        for leaf in dict.fromkeys((self._steps.leaf, *self._queries.leaves())):
            read_by = self._steps.reader_of_all(leaf)
            for verdict in self._queries.verdicts_below(leaf, row):
                if verdict.verdict != "accepted":
                    yield Ending(verdict)
                elif read_by:
                    yield Ending(verdict, read_by=read_by)
                else:
                    yield Ending(verdict, self._queries.line_of(verdict))

    def _chapters(self, step: str, row: str) -> Iterator[Chapter]:
        """Yield what a step made of the row, of those it was made from, and of those that it became."""
        is_over_all = step in self._steps.over_all
        if self._by_content.are_numbered(step, row):
            result = self._by_content.result_of(step, row)
            if result is not None:
                root, path = row.partition("/")[0], self._steps.files_of(step)
                yield Chapter(step, root, [], result, is_over_all=is_over_all, path=path)
            if result is not None or is_over_all or step == self._steps.id_step:
                return
        for known in ids_upstream(row):
            result = self._queries.find_result(step, known)
            calls = self._queries.calls(step, known)
            if result or calls:
                yield self._with_parents(Chapter(step, known, _bare(calls), result))
        for result in self._queries.descendants(step, row):
            calls = self._queries.calls(step, result.row)
            yield self._with_parents(Chapter(step, result.row, _bare(calls), result))
        for kept_as in (kept_by_routes(step), kept_by_admission(step)):
            if refused := self._queries.find_result(kept_as, row):
                yield Chapter(kept_as, row, [], refused)

    def _with_parents(self, chapter: Chapter) -> Chapter:
        """Return the chapter with the row that the step got: from other steps, the input, or variables."""
        if not self._steps.is_first(chapter.step):
            parents = self._ancestry.parents_of(chapter.step, chapter.row)
            known = [parent.data for parent in parents if parent.data is not None]
            joined = {name: value for data in known for name, value in data.items()} if known else None
            return chapter._replace(parents=parents, input=joined)
        lookup = self._ancestry.input
        if lookup is not None and (found := lookup.row_of(chapter.row)) is not None:
            return chapter._replace(parents=[ParentRow("", chapter.row, found)], input=found)
        if not chapter.rows:
            return chapter
        return chapter._replace(input=self._steps.sampled_variables(chapter.step, chapter.rows[0]))

    def _with_calls(self, chapters: Sequence[Chapter]) -> list[Chapter]:
        """Return the chapters with their prompts, and with the inputs that the run keeps for refused rows."""
        evidence = [self._evidence(chapter) for chapter in chapters]
        refused = {call: messages for kept in evidence if kept for call, messages in kept.prompts.items()}
        # A kept prompt has only the digest of a long text from a row: all rows of the story are needed first.
        prompts = PromptReader(self._queries, _rows_of(chapters, evidence))
        told = []
        for chapter, kept in zip(chapters, evidence, strict=True):
            calls = [ToldCall.of(bare.call, prompts, refused) for bare in chapter.calls if bare.call]
            shared = [ToldCall.of(call, prompts, refused) for call in self._shared_calls(chapter, kept)]
            calls = self._marked(chapter, calls)
            chapter = chapter._replace(calls=[*calls, *_unanswered(chapter, kept)], shared=shared)
            told.append(_with_evidence(chapter, kept) if kept else chapter)
        return told

    def _marked(self, chapter: Chapter, calls: list[ToldCall]) -> list[ToldCall]:
        """Return the calls of a chapter, those marked as old that its result isn't made from."""
        old = self._queries.outdated_calls(chapter.step, chapter.row) if len(calls) > 1 else ()
        return [
            told._replace(is_old=told.call is not None and identity(told.call)[2:] in old) for told in calls
        ]

    def _shared_calls(self, chapter: Chapter, kept: Evidence | None) -> Iterator[Call]:
        """Yield the calls of the step whose answers the row has in common with others."""
        if chapter.is_over_all:
            return
        ids = self._queries.shared_ids(chapter.step, SHARED)
        for one in shared_with(_rows_of([chapter], [kept]), ids):
            yield from self._queries.calls(chapter.step, one)

    def _evidence(self, chapter: Chapter) -> Evidence | None:
        """Return what the run keeps of the row because the step refused it, at this attempt."""
        if chapter.result is None or not chapter.reasons:
            return None
        kept = Evidence.of(self._queries, chapter.step, chapter.row)
        return kept if kept.attempt == chapter.result.attempt else None

    def _gathered(self, chapters: Sequence[Chapter]) -> Iterator[Gathering]:
        # The last one: the row comes from the rows of that step, and they come from those before it.
        over_all = [chapter for chapter in chapters if chapter.is_over_all]
        for chapter in over_all[-1:]:
            yield from gathered_by(self._queries, self._steps, chapter.step, chapter.rows[0])

    def _source(self, row: str, chapters: Sequence[Chapter]) -> str:
        """Return the name of an input row, from the reason that it was refused for or from its file."""
        reasons = (reason for chapter in chapters for reason in chapter.reasons)
        if known := next((reason["source"] for reason in reasons if reason.get("source")), ""):
            return str(known)
        for chapter in chapters:
            # An id of the user's may be a number, too.
            is_numbered = chapter.is_over_all or chapter.step == self._steps.id_step
            if chapter.result is None:
                continue
            if is_numbered or chapter.result.row != chapter.row:
                # As the run names it: rows of a source are counted from 1, those of a step over all from 0.
                if chapter.is_over_all:
                    return f"row {chapter.result.row} of '{chapter.step}'"
                return self._places.of_result(chapter.result)
            if self._steps.is_source(chapter.step) and (said := self._places.said_of(chapter.result)):
                return said
        return self._ancestry.input.name_of(row) if self._ancestry.input else ""


def _bare(calls: Sequence[Call]) -> list[ToldCall]:
    """Return calls without their prompts, which are found once all rows of the story are known."""
    return [ToldCall(call, ()) for call in calls]


def _rows_of(chapters: Sequence[Chapter], evidence: Sequence[Evidence | None]) -> Iterator[Row]:
    for chapter, kept in zip(chapters, evidence, strict=True):
        yield from chapter.rows
        known = (chapter.input, *(parent.data for parent in chapter.parents), kept and kept.input)
        yield from (row for row in known if row is not None)


def _with_evidence(chapter: Chapter, kept: Evidence) -> Chapter:
    known = kept.input if kept.input is not None else chapter.input
    return chapter._replace(input=known, source_row=kept.source_row)


def _unanswered(chapter: Chapter, kept: Evidence | None) -> list[ToldCall]:
    """Return the calls of a refused row that got no answer."""
    answered = {identity(told.call) for told in chapter.calls if told.call}
    own: Mapping[CallIdentity, list[Message]] = kept.prompts if kept else {}
    return [
        ToldCall(None, (), messages)
        for call, messages in own.items()
        if call[:2] == (chapter.step, chapter.row) and call not in answered
    ]
