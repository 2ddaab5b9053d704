"""Other prompts for a step of a run: the rows they're tried on, and what came of it, before and now."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import islice, zip_longest
from shlex import quote
from typing import Any, NamedTuple

import orjson

from seedbed import (
    Preview,
    PreviewedCall,
    PromptTrial,
    Row,
    RunReader,
    find_story,
    is_pipeline_file,
    prompts_in,
)

_ROWS = 5
_LOOKED_AT = 25
"""Rows of the run that are looked at for those that a step got."""
_KEPT = 20
"""Results that are kept, so that loading a page again pays for nothing."""


class TriedRow(NamedTuple):
    """A row that a step got, or the variables of one that it made from nothing; and what it made of it."""

    id: str
    given: Row
    before: Sequence[Row]
    refused: str = ""


class PromptStep(NamedTuple):
    """A step with prompts, as the manifest of a run describes it."""

    name: str
    prompts: Mapping[str, str]
    llms: Sequence[str]
    prefix: str
    """What stands before the name of a field of the step in `--set`."""


class Column(NamedTuple):
    """A column that the step makes, before and now; None where there is none."""

    name: str
    before: Any
    now: Any

    @property
    def is_same(self) -> bool:
        """Whether nothing has changed."""
        return self.before is not None and bool(self.before == self.now)


class Outcome(NamedTuple):
    """What came of one row: its calls, the columns that differ, why it was refused.

    `title` has what tells people which row it is: what the step got, or what is in it as before.
    """

    row: TriedRow
    title: Row
    calls: Sequence[PreviewedCall]
    made: Sequence[Sequence[Column]]
    refused: Sequence[str]


class Tried(NamedTuple):
    """Prompts that were tried, and what came of each row; `session` is the one whose rows they were."""

    session: str
    prompts: Mapping[str, str]
    outcomes: Sequence[Outcome]
    summary: Mapping[str, Any]


class Trials:
    """What was tried since the server was started, by the digest of what was asked."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, Tried] = {}

    def of(self, digest: str) -> Tried | None:
        """Return what came of a trial; None if it isn't known (any more)."""
        return self._kept.get(digest)

    def made(self, digest: str, make: Callable[[], Tried]) -> Tried:
        """Return what came of a trial, which is made once: a second click pays for nothing."""
        # Held while the model is asked: the second of two clicks waits, and finds what the first has bought.
        with self._lock:
            if (known := self._kept.get(digest)) is not None:
                return known
            self._kept[digest] = made = make()
            for old in [*self._kept][:-_KEPT]:
                del self._kept[old]
            return made


def prompt_steps(manifest: Mapping[str, Any]) -> list[PromptStep]:
    """Return the steps of a run that have prompts."""
    what = str((manifest.get("order") or {}).get("what", ""))
    found = []
    for step in manifest.get("steps", ()):
        prompts = prompts_in(step.get("fields") or {}) if step.get("llms") else {}
        if prompts:
            llms = [str(one.get("reference", "")) for one in step["llms"]]
            prefix = f"{step['name']}." if is_pipeline_file(what) else ""
            found.append(PromptStep(step["name"], prompts, llms, prefix))
    return found


def session_of(run: str, reader: RunReader) -> str:
    """Return what tells the last session of a run from that of another run that had the same name."""
    session = reader.last_working_session()
    return f"{run} {session.id} {session.started}" if session else run


def rows_for(reader: RunReader, step: PromptStep, first: str, leaf: str) -> list[TriedRow]:
    """Return rows that a step got in the run, that of `first` before the others."""
    ids = [verdict.row for verdict in islice(reader.verdicts(leaf), _LOOKED_AT)]
    return rows_known_as(reader, step, [*([first] if first else []), *ids])


def rows_known_as(reader: RunReader, step: PromptStep, ids: Sequence[str]) -> list[TriedRow]:
    """Return the rows that a step got or made, for the first of these ids that have one."""
    found: dict[str, TriedRow] = {}
    for known in dict.fromkeys(ids):
        if len(found) >= _ROWS:
            break
        for chapter in find_story(reader, "", known).chapters:
            if chapter.step == step.name and chapter.input is not None and chapter.result is not None:
                reason = next((str(one["reason"]) for one in chapter.reasons), "")
                found.setdefault(chapter.row, TriedRow(chapter.row, chapter.input, chapter.rows, reason))
    return list(found.values())[:_ROWS]


def made_before(reader: RunReader, step: PromptStep, trial: PromptTrial) -> list[TriedRow]:
    """Return the rows of the run that a trial of a step without input makes again."""
    ids = [row for row in trial.ids if reader.result_of(step.name, row) is not None]
    return rows_known_as(reader, step, ids)


def digest_of(session: str, trial: PromptTrial) -> str:
    """Return what stands for a trial: the same session, rows, prompts, and LLMs with their parameters."""
    return hashlib.blake2b(orjson.dumps([session, trial.digest]), digest_size=12).hexdigest()


def tried(session: str, trial: PromptTrial, rows: Sequence[TriedRow], prompts: Mapping[str, str]) -> Tried:
    """Ask the model, and return what came of each row."""
    shown = trial.ask()
    known = {row.id: row for row in rows}
    if trial.rows:
        known = dict(zip(trial.ids, rows, strict=True))
    outcomes = [_outcome(shown, one, known.get(one), trial.model_columns) for one in trial.ids]
    return Tried(session, dict(prompts), [one for one in outcomes if one is not None], shown.run.summary())


def _outcome(shown: Preview, row_id: str, row: TriedRow | None, hidden: Collection[str]) -> Outcome | None:
    now = next((one for one in shown if one.id == row_id), None)
    if now is None and row is None:
        return None
    made = list(now.rows) if now else []
    row = row or TriedRow(row_id, {}, [])
    nothing: Row = {}
    pairs = zip_longest(row.before, made, fillvalue=nothing)
    columns = [_columns(old, new, row.given, hidden) for old, new in pairs]
    same = {one.name: one.now for made_columns in columns[:1] for one in made_columns if one.is_same}
    columns = [[one for one in made_columns if not one.is_same] for made_columns in columns]
    why = [one.reason for one in (*now.failures, *now.rejections)] if now else ["it wasn't made"]
    return Outcome(row, row.given or same, now.calls if now else [], columns, why)


def _columns(before: Row, now: Row, given: Row, hidden: Collection[str]) -> list[Column]:
    names = [name for name in {**now, **before} if name not in given or now.get(name) != given[name]]
    return [Column(name, before.get(name), now.get(name)) for name in names if name not in hidden]


def setting_line(step: PromptStep, prompts: Mapping[str, str]) -> str:
    """Return the changed prompts as options of a command, to be pasted into a shell."""
    return " ".join(f"--set {quote(f'{step.prefix}{name}={text}')}" for name, text in prompts.items())
