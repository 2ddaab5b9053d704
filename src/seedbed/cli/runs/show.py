"""One run in detail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from shlex import quote
from typing import Any

from seedbed.cli.failures import ExitStatus
from seedbed.cli.runs.facts_in_words import FactsInWords, facts_of
from seedbed.cli.runs.kept_runs import kept_run
from seedbed.cli.runs.reasons import Reason, as_json, reasons_of, write_reasons
from seedbed.cli.terminal.counting import count_if_any, moment
from seedbed.cli.terminal.output import write_json
from seedbed.cli.terminal.printing import Painted, echo
from seedbed.counts import count_of
from seedbed.durations import duration
from seedbed.engine.quality.figures import Quality
from seedbed.pipeline.stop_condition import FEWEST
from seedbed.store import RunReader, SessionRecord, run_entry
from seedbed.tasks.remote.remote_systems import is_remote

MOST_REFUSED = 10_000
"""Rows whose reasons are looked at: a run may have refused a million, which takes half a minute."""

_REASONS = 5
"""Reasons that are written."""
_LONGEST = 200
"""Characters of an answer that are written with a reason."""


def show_run(name: str, machine: bool) -> ExitStatus:
    """Write a run's steps, sessions, counts and cost, and why rows are missing; raises UsageError."""
    folder = kept_run(name)
    with RunReader.open(folder) as reader:
        facts, sessions = facts_of(run_entry(folder)), reader.sessions()
        reasons = reasons_of(reader, None if machine else MOST_REFUSED)
        if facts.error:
            raise facts.error
        # Within the block: what can't be written is what the run holds.
        if machine:
            write_json(_as_json(facts, sessions, reasons))
        else:
            _write(facts, sessions, reasons)
    return ExitStatus.COMPLETE


def _as_json(facts: FactsInWords, sessions: list[SessionRecord], reasons: list[Reason]) -> dict[str, Any]:
    return {
        **facts.as_json(),
        "manifest": facts.manifest,
        "sessions": [_session_as_json(session) for session in sessions],
        "reasons": as_json(reasons),
    }


def _session_as_json(session: SessionRecord) -> dict[str, Any]:
    return {name: value for name, value in session._asdict().items() if name != "manifest"}


def _write(facts: FactsInWords, sessions: list[SessionRecord], reasons: list[Reason]) -> None:
    of = f", a run of {facts.task}" if facts.task else ""
    echo(Painted(facts.entry.name, bold=True), of)
    _write_table(list(_about(facts, sessions)))
    _write_section("Steps", [(step["name"], _step_text(step)) for step in facts.manifest.get("steps", ())])
    _write_section("Sessions", [(str(one.id), _session_text(one, facts)) for one in sessions])
    if reasons:
        echo(f"\nRows that aren't in the dataset{_of_the_first(facts)}:")
        write_reasons(reasons, most=_REASONS, longest=_LONGEST)
    for line in _next(facts):
        echo(f"\n{line}")


def _of_the_first(facts: FactsInWords) -> str:
    refused = facts.failed + facts.rejected
    if refused <= MOST_REFUSED:
        return ""
    all_of_them = f"seedbed runs explain {quote(facts.entry.name)}"
    return f", counted in the first {MOST_REFUSED:,} of {refused:,} (all: {all_of_them})"


def _about(facts: FactsInWords, sessions: list[SessionRecord]) -> Iterator[tuple[str, str]]:
    yield "Outcome", facts.outcome + (f": {facts.holder_text()}" if facts.entry.holder else "")
    refused = [f"{facts.failed:,} failed"] * bool(facts.failed)
    refused += [f"{facts.rejected:,} rejected"] * bool(facts.rejected)
    yield "Rows", ", ".join([facts.rows_text(), *refused])
    yield "Dataset", _dataset(facts, sessions)
    if taken := facts.spent_texts():
        yield "Calls", ", ".join(taken)
    if facts.spent:
        yield "Time", f"{duration(facts.spent.seconds)} in {count_of(len(sessions), 'session')}"
    order = {name: facts.manifest.get(name) for name in ("n", "seed", "input")}
    kept = (facts.manifest.get("order") or {}).get("input")
    if kept is not None and is_remote(kept):
        # What was read is a copy, which nobody knows.
        order["input"] = kept
    if isinstance(order["input"], list):
        first, *others = order["input"]
        order["input"] = f"{first} and {count_of(len(others), 'other file')}"
    order["id"] = " and ".join(facts.manifest.get("id") or ()) or None
    yield "Asked for", ", ".join(f"{name} {value}" for name, value in order.items() if value is not None)
    yield "Kept in", str(facts.entry.folder)
    summary = (facts.session.summary if facts.session else None) or {}
    quality = Quality.of_json(summary.get("quality"))
    if quality is not None and quality.rows >= FEWEST:
        yield "Quality", quality.text()
    for note in summary.get("notes", ()):
        yield "Note", note.partition("\n")[0]


def _dataset(facts: FactsInWords, sessions: list[SessionRecord]) -> str:
    if facts.out is None:
        return "no file was named"
    if "://" in facts.out or Path(facts.out).exists():
        return facts.out
    # A session that was stopped leaves the file to the next one.
    was_written = any((one.summary or {}).get("out") for one in sessions)
    return f"{facts.out} ({'missing' if was_written else 'not written yet'})"


def _step_text(step: dict[str, Any]) -> str:
    llms = [llm["reference"] for llm in step["llms"]]
    packages = dict.fromkeys([step["package"], *(llm["package"] for llm in step["llms"])])
    return ", ".join([step["class"].rpartition(".")[2], *llms, *filter(None, packages)])


def _session_text(session: SessionRecord, facts: FactsInWords) -> str:
    last = facts.session is not None and session.id == facts.session.id
    outcome = session.outcome or ("running" if last and facts.entry.holder else "killed")
    summary = session.summary or {}
    rows = count_if_any(summary.get("accepted", 0), "row")
    calls = count_if_any(summary.get("calls", 0), "call")
    stopped = (summary.get("stopped_by") or "").partition("\n")[0]
    texts = (moment(session.started), outcome, duration(session.seconds), rows, calls, stopped)
    return ", ".join(text for text in texts if text)


def _next(facts: FactsInWords) -> Iterator[str]:
    name = quote(facts.entry.name)
    if facts.outcome in ("interrupted", "killed"):
        yield "the same command resumes from here"
    if facts.outcome == "stopped":
        yield "the same command resumes, once what stopped it is fixed"
    if facts.failed and not facts.entry.holder:
        by_command = f"`seedbed runs retry {name}`"
        from_python = f"run(..., name={facts.entry.name!r}, retry=True) in the program that made it"
        yield f"{by_command if facts.manifest.get('order') else from_python} retries the failed rows"


def _write_section(title: str, lines: list[tuple[str, str]]) -> None:
    if lines:
        echo(f"\n{title}:")
        _write_table(lines)


def _write_table(lines: list[tuple[str, str]]) -> None:
    width = max(len(title) for title, _ in lines)
    for title, text in lines:
        echo(f"  {title.ljust(width)}  {text}".rstrip())
