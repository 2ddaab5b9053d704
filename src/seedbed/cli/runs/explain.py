"""How a row of a run was made, or why rows are missing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from shlex import quote

from seedbed.cli.failures import ExitStatus
from seedbed.cli.preview.message_blocks import write_messages
from seedbed.cli.runs.kept_runs import kept_run
from seedbed.cli.runs.reasons import as_json, reasons_of, write_reasons
from seedbed.cli.runs.story import Chapter, Story, story_of
from seedbed.cli.terminal.blocks import block, rule, write_answers
from seedbed.cli.terminal.counting import cost_text, tokens_text
from seedbed.cli.terminal.output import write_json
from seedbed.cli.terminal.printing import echo
from seedbed.engine.sources.input_lookup import InputLookup
from seedbed.errors import UsageError
from seedbed.llm.messages import Message
from seedbed.store import Call, RunReader
from seedbed.store.refused_rows import Origins, each_once
from seedbed.store.row_names import row_name
from seedbed.tasks.row_text import row_text

_REASONS = 50
_LONGEST = 1000
_IDS = 3
_DIGEST = 8


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


def explain_row(name: str, row: str | None, line: int | None, machine: bool) -> ExitStatus:
    """Write what each step made of a row, given by id or by line in the dataset; raises UsageError."""
    with RunReader.open(kept_run(name)) as reader:
        story = _story(reader, name, _row_in_line(reader, name, line) if row is None else row)
    if machine:
        write_json(story.as_json())
    else:
        _write(story)
    return ExitStatus.COMPLETE


def _story(reader: RunReader, name: str, row: str) -> Story:
    story = story_of(reader, row)
    if not story.is_empty:
        return story
    session = reader.last_working_session()
    lookup = InputLookup.of(session.manifest) if session else None
    known = lookup.id_of(row) if lookup else None
    # For input rows from Python, only refused rows have a name in the run.
    names = (one.row for one in each_once(reader) if row_name(one.row, one.source) == row)
    if (known := known or next(names, None)) and not (story := story_of(reader, known)).is_empty:
        return story
    raise UsageError(
        f"there is no row '{row}' in the run '{name}'",
        f"its rows are {lookup.first_names(_IDS) if lookup else _some_ids(reader)}, ...",
        *(["name a row of its input by file and line: FILE:7"] if lookup else []),
        "or take line N of the dataset: --line N",
    )


def _row_in_line(reader: RunReader, name: str, line: int | None) -> str:
    session = reader.last_working_session()
    leaf = session.manifest.get("leaf", "") if session else ""
    verdict = reader.accepted(leaf, line - 1) if line is not None and line > 0 else None
    if verdict is None:
        fact = f"there is no line {line} in the dataset of '{name}'"
        raise UsageError(fact, f"it has {len(reader.rows(leaf)):,}, counted from 1")
    return verdict.row


def _some_ids(reader: RunReader) -> str:
    verdicts = (verdict.row for leaf in reader.leaves() for verdict in reader.verdicts(leaf))
    return ", ".join(islice(verdicts, _IDS))


def _write(story: Story) -> None:
    decided = story.verdict.verdict if story.verdict else "has no verdict of its own"
    known_as = f" (row {story.row})" if story.source else ""
    echo(f"{row_name(story.row, story.source)}{known_as}: {decided}\n")
    for chapter in story.chapters:
        status = chapter.result.status if chapter.result else "not ended"
        again = f", attempt {chapter.result.attempt + 1}" if chapter.result and chapter.result.attempt else ""
        old = ", outdated: an upstream step drops the row now" if chapter.is_old else ""
        rule(f"{chapter.step}, {row_name(chapter.row, story.source)}: {status}{again}{old}")
        _write_chapter(chapter)


def _write_chapter(chapter: Chapter) -> None:
    if chapter.source_row:
        block("source row", row_text(chapter.source_row), "green")
    if chapter.input:
        block("input", row_text(chapter.input), "green")
    earlier: Sequence[Message] = ()
    for told in chapter.calls:
        write_messages(told.messages or (), earlier)
        earlier = told.messages or ()
        if told.call:
            write_answers(told.choices, f"  ({_about(told.call)})")
        else:
            block("no answer", "the call failed", "yellow")
    for row in chapter.rows:
        block("row", row_text(row), "green")
    for reason in chapter.reasons:
        rejected = reason["rejected"]
        block("rejected" if rejected else "failed", reason["reason"], "yellow" if rejected else "red")


def _about(call: Call) -> str:
    again = f"attempt {call.attempt + 1}" if call.attempt else ""
    repeated = f"number {call.k + 1}" if call.k else ""
    tokens = tokens_text(call.input_tokens, call.output_tokens)
    texts = (call.model, f"call {call.digest.hex()[:_DIGEST]}", repeated, again, tokens, cost_text(call.cost))
    return ", ".join(text for text in texts if text)
