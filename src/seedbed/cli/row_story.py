"""How a row of a run came about: what each step made of it, over which calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import orjson

from seedbed.llm.answer_code import decode_response
from seedbed.llm.response import Choice
from seedbed.store import Call, Result, RunReader, Verdict


class Told(NamedTuple):
    """One call of the row: what is known of it, and its answers."""

    call: Call
    choices: tuple[Choice, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the call as values that JSON can hold."""
        call = self.call._asdict()
        del call["answer"], call["step"], call["row"]
        answers = [
            {"text": choice.text, "reasoning": choice.reasoning, "finish_reason": choice.finish_reason}
            for choice in self.choices
        ]
        return {**call, "digest": self.call.digest.hex(), "answers": answers}


class Chapter(NamedTuple):
    """What one step did with the row, or with one that it comes from or has become.

    `result` is None where the step has not come to its end. `is_old` says that it is from before: a step
    above now makes nothing of the row, so that it has not come here since.
    """

    step: str
    row: str
    calls: list[Told]
    result: Result | None
    is_old: bool = False

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows that the step made."""
        return list(orjson.loads(self.result.data)) if self.result else []

    @property
    def reasons(self) -> list[dict[str, Any]]:
        """Why it made fewer rows than it should have."""
        return list(orjson.loads(self.result.reasons or b"[]")) if self.result else []

    def as_json(self) -> dict[str, Any]:
        """Return the chapter as values that JSON can hold."""
        return {
            "step": self.step,
            "row": self.row,
            "status": self.result.status if self.result else None,
            "old": self.is_old,
            "attempt": self.result.attempt if self.result else 0,
            "calls": [told.as_json() for told in self.calls],
            "rows": self.rows,
            "reasons": self.reasons,
        }


class Story(NamedTuple):
    """All that is kept of a row; no verdict where it is not decided yet, or has become others."""

    row: str
    verdict: Verdict | None
    chapters: list[Chapter]

    def as_json(self) -> dict[str, Any]:
        """Return the story as values that JSON can hold."""
        return {
            "row": self.row,
            "verdict": self.verdict.verdict if self.verdict else None,
            "steps": [chapter.as_json() for chapter in self.chapters],
        }


def story_of(reader: RunReader, row: str) -> Story:
    """Return what is kept of a row: of itself, of what it comes from, and of what it has become."""
    session = reader.last_working_session()
    manifest = session.manifest if session else {}
    verdicts = (reader.verdict_of(leaf, row) for leaf in (manifest.get("leaf", ""), *reader.leaves()))
    steps = [step["name"] for step in manifest.get("steps", ())]
    chapters = [chapter for step in steps for chapter in _chapters(reader, step, row)]
    marked = list(_with_age(chapters, manifest.get("ways", ())))
    return Story(row, next((verdict for verdict in verdicts if verdict), None), marked)


def _with_age(chapters: Sequence[Chapter], ways: Iterable[Sequence[str]]) -> Iterator[Chapter]:
    """Yield chapters, which are in the order of the steps, with whether each is from before."""
    parents: dict[str, set[str]] = {}
    for parent, child, *_ in ways:
        parents.setdefault(child, set()).add(parent)
    above: dict[str, set[str]] = {}
    ended: list[Chapter] = []
    for chapter in chapters:
        upstream = above.setdefault(chapter.step, _upstream(chapter.step, parents))
        is_old = any(end.step in upstream and f"{chapter.row}/".startswith(f"{end.row}/") for end in ended)
        if chapter.result and not chapter.rows and chapter.reasons:
            ended.append(chapter)
        yield chapter._replace(is_old=is_old)


def _upstream(step: str, parents: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    left = [step]
    while left:
        new = parents.get(left.pop(), set()) - found
        found |= new
        left += new
    return found


def _chapters(reader: RunReader, step: str, row: str) -> Iterator[Chapter]:
    for ancestor in accumulate(row.split("/"), "{}/{}".format):
        result = reader.result_of(step, ancestor)
        calls = _calls(reader, step, ancestor)
        if result or calls:
            yield Chapter(step, ancestor, calls, result)
    for result in reader.descendants(step, row):
        yield Chapter(step, result.row, _calls(reader, step, result.row), result)
    admission = f"{step} admission"
    if refused := reader.result_of(admission, row):
        yield Chapter(admission, row, [], refused)


def _calls(reader: RunReader, step: str, row: str) -> list[Told]:
    return [Told(call, decode_response(call.answer).choices) for call in reader.calls(step, row)]
