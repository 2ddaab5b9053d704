"""How a row of a run was made: what each step made of it, with which calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import orjson

from seedbed.engine.sources.input_lookup import InputLookup
from seedbed.llm.messages import Message
from seedbed.llm.response import Choice
from seedbed.llm.response_json import decode_response
from seedbed.store import Call, Result, RunReader, Verdict
from seedbed.store.refused_rows import CallIdentity, Evidence, identity, upstream_of


class ToldRow(NamedTuple):
    """One call for the row: its record, its prompt if the run has it, and its answers.

    `call` is None if no answer came.
    """

    call: Call | None
    choices: tuple[Choice, ...]
    messages: list[Message] | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the call as values that JSON can hold."""
        answers = [
            {"text": choice.text, "reasoning": choice.reasoning, "finish_reason": choice.finish_reason}
            for choice in self.choices
        ]
        about = self.call._asdict() if self.call else {}
        known = {
            name: value for name, value in about.items() if name not in ("answer", "step", "row", "digest")
        }
        digest = {"digest": self.call.digest.hex()} if self.call else {}
        return {**known, **digest, "messages": self.messages, "answers": answers}


class Chapter(NamedTuple):
    """What one step did with the row, with a row that it was made from, or with one that it became.

    `result` is None if the step hasn't finished with the row. If the step refused the row, `input` is the row
    that it got and `source_row` the row that this one was made from, if the run has them. `is_old` says that
    the chapter is outdated: an upstream step drops the row now, so it hasn't come here since.
    """

    step: str
    row: str
    calls: list[ToldRow]
    result: Result | None
    is_old: bool = False
    input: dict[str, Any] | None = None
    source_row: dict[str, Any] | None = None

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows that the step made."""
        return list(orjson.loads(self.result.data)) if self.result else []

    @property
    def reasons(self) -> list[dict[str, Any]]:
        """Why the step made fewer rows than it should have."""
        return list(orjson.loads(self.result.reasons or b"[]")) if self.result else []

    def as_json(self) -> dict[str, Any]:
        """Return the chapter as values that JSON can hold."""
        return {
            "step": self.step,
            "row": self.row,
            "status": self.result.status if self.result else None,
            "old": self.is_old,
            "attempt": self.result.attempt if self.result else 0,
            "input": self.input,
            "source_row": self.source_row,
            "calls": [told.as_json() for told in self.calls],
            "rows": self.rows,
            "reasons": self.reasons,
        }


class Story(NamedTuple):
    """Everything a run has about a row. `verdict` is None if it isn't decided yet, or has become other rows.

    `source` is the name of the input row that it comes from (`questions.jsonl, line 7`).
    """

    row: str
    verdict: Verdict | None
    chapters: list[Chapter]
    source: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether there is no such row."""
        return not self.chapters and self.verdict is None

    def as_json(self) -> dict[str, Any]:
        """Return the story as values that JSON can hold."""
        return {
            "row": self.row,
            "source": self.source or None,
            "verdict": self.verdict.verdict if self.verdict else None,
            "steps": [chapter.as_json() for chapter in self.chapters],
        }


def story_of(reader: RunReader, row: str) -> Story:
    """Return the story of a row: of the rows it was made from, itself, and the rows that it became."""
    session = reader.last_working_session()
    manifest = session.manifest if session else {}
    verdicts = (reader.verdict_of(leaf, row) for leaf in (manifest.get("leaf", ""), *reader.leaves()))
    steps = [step["name"] for step in manifest.get("steps", ())]
    chapters = [chapter for step in steps for chapter in _chapters(reader, step, row)]
    told = _with_evidence(reader, chapters)
    marked = list(_with_age(told, manifest.get("ways", ())))
    verdict = next((verdict for verdict in verdicts if verdict), None)
    return Story(row, verdict, marked, _source(row, marked, manifest) if marked or verdict else "")


def _source(row: str, chapters: Sequence[Chapter], manifest: Mapping[str, Any]) -> str:
    """Return the name of an input row, from the reason that it was refused for or from its file."""
    reasons = (reason for chapter in chapters for reason in chapter.reasons)
    if known := next((reason["source"] for reason in reasons if reason.get("source")), ""):
        return str(known)
    lookup = InputLookup.of(manifest)
    return lookup.name_of(row) if lookup else ""


def _with_evidence(reader: RunReader, chapters: Sequence[Chapter]) -> list[Chapter]:
    """Return the chapters with the inputs and prompts that the run keeps for refused rows."""
    kept = [_evidence(reader, chapter) for chapter in chapters]
    prompts = {call: messages for one in kept if one for call, messages in one.prompts.items()}
    told = [
        chapter._replace(calls=_with_prompts(chapter, prompts, one))
        for chapter, one in zip(chapters, kept, strict=True)
    ]
    return [
        chapter._replace(input=one.input, source_row=one.source_row) if one else chapter
        for chapter, one in zip(told, kept, strict=True)
    ]


def _evidence(reader: RunReader, chapter: Chapter) -> Evidence | None:
    if chapter.result is None or not chapter.reasons:
        return None
    kept = Evidence.of(reader, chapter.step, chapter.row)
    return kept if kept.attempt == chapter.result.attempt else None


def _with_prompts(
    chapter: Chapter, prompts: Mapping[CallIdentity, list[Message]], kept: Evidence | None
) -> list[ToldRow]:
    """Return the calls of a chapter with their prompts; those without an answer come last."""
    told = [
        one._replace(messages=prompts.get(identity(one.call))) if one.call else one for one in chapter.calls
    ]
    answered = {identity(one.call) for one in chapter.calls if one.call}
    own = kept.prompts.items() if kept else ()
    silent = [
        messages for call, messages in own if call[:2] == (chapter.step, chapter.row) and call not in answered
    ]
    return [*told, *(ToldRow(None, (), messages) for messages in silent)]


def _with_age(chapters: Sequence[Chapter], ways: Iterable[Sequence[str]]) -> Iterator[Chapter]:
    """Yield the chapters, which are in the order of the steps, and mark those that are outdated."""
    ways = list(ways)
    above: dict[str, set[str]] = {}
    ended: list[Chapter] = []
    for chapter in chapters:
        upstream = above.setdefault(chapter.step, upstream_of(chapter.step, ways))
        is_old = any(end.step in upstream and f"{chapter.row}/".startswith(f"{end.row}/") for end in ended)
        if chapter.result and not chapter.rows and chapter.reasons:
            ended.append(chapter)
        yield chapter._replace(is_old=is_old)


def _chapters(reader: RunReader, step: str, row: str) -> Iterator[Chapter]:
    for ancestor in accumulate(row.split("/"), "{}/{}".format):
        result = reader.result_of(step, ancestor)
        calls = _calls(reader, step, ancestor)
        if result or calls:
            yield Chapter(step, ancestor, calls, result)
    for result in reader.descendants(step, row):
        yield Chapter(step, result.row, _calls(reader, step, result.row), result)
    for way_out in (f"{step} routes", f"{step} admission"):
        if refused := reader.result_of(way_out, row):
            yield Chapter(way_out, row, [], refused)


def _calls(reader: RunReader, step: str, row: str) -> list[ToldRow]:
    return [ToldRow(call, decode_response(call.answer).choices) for call in reader.calls(step, row)]
