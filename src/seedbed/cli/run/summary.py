"""The summary of a run, for people and for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from shlex import quote

from seedbed.cli.failures import ExitStatus, show, show_error
from seedbed.cli.terminal.counting import (
    cost_text,
    count_if_any,
    first_few,
    rate_text,
    tries_text,
)
from seedbed.cli.terminal.printing import Painted, echo
from seedbed.counts import tokens_text
from seedbed.durations import duration
from seedbed.engine.failure import Failure
from seedbed.engine.resume.found import Found
from seedbed.engine.rows_short import dropped_lines, short_lines
from seedbed.engine.run import Run
from seedbed.engine.stopping.may_pass import may_pass
from seedbed.errors import SeedbedError, StopRun
from seedbed.store import Output
from seedbed.store.row_names import row_names

_REASONS = 5
"""Different reasons that are shown; `--json` has all."""
_IDS = 5
"""Rows that are named for each reason."""


def exit_status(run: Run) -> ExitStatus:
    """Return the exit status for a run's outcome."""
    if run.outcome == "complete":
        return ExitStatus.COMPLETE
    goes_on = run.outcome == "interrupted" or may_pass(run.stopped_by)
    return ExitStatus.INTERRUPTED if goes_on else ExitStatus.INCOMPLETE


def write_summary(run: Run, outputs: Sequence[Output], missing: Sequence[Output]) -> None:
    """Write to stderr where the rows are, what failed, and what it cost.

    `outputs` are the files that the user named, and `missing` those that weren't there before the run.
    """
    show_stop(run)
    paint = "green" if run.outcome == "complete" else "yellow"
    echo(Painted(headline(run, outputs), paint, bold=True), err=True)
    lines = (
        *_dataset_lines(run, outputs, missing),
        *_reason_lines(run),
        *_cut_lines(run),
        *_quality_lines(run),
        cost_line(run),
        *_look_lines(run),
    )
    for line in lines:
        echo(f"  {line}", err=True)
    show_notes(run)


def show_stop(run: Run) -> None:
    """Write the error that stopped the run to stderr, if one did."""
    error = run.stopped_by
    if isinstance(error, SeedbedError):
        show_error(error)
    elif error is not None:
        show(f"{type(error).__name__}: {error}")


def show_notes(run: Run) -> None:
    """Write to stderr what is odd about a run but not a failure."""
    for note in run.notes:
        echo(Painted("note: ", "yellow", bold=True), note, err=True)


def headline(run: Run, outputs: Sequence[Output]) -> str:
    """Return how many rows there are and where: '8 rows in qa.jsonl'."""
    where = (
        f" in {', '.join(run.outputs)}"
        if run.outputs
        else (" on standard output" if not outputs and run.accepted else "")
    )
    short = run.wanted is not None and run.accepted < run.wanted
    rows = f"{run.accepted:,}{f' of {run.wanted:,}' if short else ''}"
    noun = "row" if (run.wanted if short else run.accepted) == 1 else "rows"
    before = "interrupted: " if run.outcome == "interrupted" else ""
    return f"{before}{rows} {noun}{where}"


def found_lines(name: str, found: Found) -> Iterator[str]:
    """Yield lines about a run that already exists, before anything is spent."""
    if found.finished:
        yield f"the run '{name}' has already finished: {found}"
        yield "  --restart starts it over and keeps the old run, a larger -n continues it"
    else:
        yield f"resuming the run '{name}': {found}"


def _dataset_lines(run: Run, outputs: Sequence[Output], missing: Sequence[Output]) -> Iterator[str]:
    for out in () if run.outputs else outputs:
        yield f"{out} was not {'written' if out in missing else 'changed'}"
    name = quote(run.name)
    if run.outcome in ("interrupted", "stopped"):
        # The message of a StopRun already says how to resume.
        stopped = isinstance(run.stopped_by, StopRun)
        yield f"the rows so far are kept{'' if stopped else ': run the same command again to resume'}"
        if run.accepted:
            yield f"`seedbed runs export {name} -o FILE` writes the rows so far"
        return
    if run.failed:
        yield f"`seedbed runs retry {name}` retries the failed rows"
    yield from short_lines(run)


def _look_lines(run: Run) -> Iterator[str]:
    """Yield the command that shows the rows of a run that's kept; only for a person, who can type it."""
    is_empty = not (run.accepted or run.failed or run.rejected)
    if run.folder is None or is_empty or not sys.stderr.isatty():
        return
    if find_spec("seedbed_view") is not None:
        asked = run.calls.answered or run.calls.replayed
        how = "with the prompt and the answer of each" if asked else "and what each of them was made from"
        yield f"`seedbed view {quote(run.name)}` shows the rows, {how}"
    elif run.failed or run.rejected:
        yield f"`seedbed runs explain {quote(run.name)}` shows what they were made from"


def _reason_lines(run: Run) -> Iterator[str]:
    shown, others = first_few(run.reasons.most_common(), _REASONS)
    for reason, count in shown:
        failures = [failure for failure in run.failures if failure.reason.splitlines()[0] == reason]
        steps = {failure.step for failure in failures} if _ask_several(run) else set()
        at = f" at '{steps.pop()}'" if len(steps) == 1 else ""
        yield f"{count:,} failed{at}: {reason}{_places(failures, count)}"
        if failures:
            yield from (f"  {line.strip()}" for line in failures[0].reason.splitlines()[1:])
    if others:
        yield f"{_sum(others):,} failed for {len(others):,} other reasons: --json lists them"
    shown, others = first_few(run.rejections.most_common(), _REASONS)
    for reason, count in shown:
        yield f"{count:,} rejected: {reason}"
        yield from (f"  {line}" for line in run.advice.get(reason, ()))
    if others:
        yield f"{_sum(others):,} rejected for {len(others):,} other reasons: --json lists them"
    yield from dropped_lines(run)


def _sum(reasons: Sequence[tuple[str, int]]) -> int:
    return sum(count for _, count in reasons)


def _places(failures: Sequence[Failure], count: int) -> str:
    if not failures:
        return ""
    names = row_names((failure.row, failure.source) for failure in failures[:_IDS])
    more = " ..." if count > _IDS else ""
    return f" ({names}{more})"


def _cut_lines(run: Run) -> Iterator[str]:
    for step, cut in run.calls.truncated_steps.most_common():
        of, field = (f" of '{step}'", f"{step}.") if _ask_several(run) else ("", "")
        answers = f"1 answer{of} was" if cut == 1 else f"{cut:,} answers{of} were"
        yield f"{answers} cut off at max_tokens: raise {field}generation.max_tokens"
    for word, count in run.calls.ended_otherwise.most_common():
        answers = "1 answer" if count == 1 else f"{count:,} answers"
        yield f"{answers} ended with {word!r}, a reason of this provider's own: check that they are complete"


def _ask_several(run: Run) -> bool:
    """Whether several steps asked a model, so that it must be said which one."""
    return len(run.calls.step_seconds) > 1


def _quality_lines(run: Run) -> Iterator[str]:
    if run.quality is not None and (found := run.quality.notable()):
        yield f"quality: {', '.join(found)}"


def cost_line(run: Run) -> str:
    """Return what a session cost: '4.2 s · 28.5 rows/min · 2 calls · 20 input + 40 output tokens · $0.10'."""
    calls, usage = run.calls, run.calls.usage
    kept = run.found.rows if run.found else 0
    made = run.accepted - kept
    parts = (
        duration(run.seconds),
        f"{kept:,} kept" if kept else "",
        rate_text(made / run.seconds) if run.seconds else "",
        count_if_any(calls.answered, "call"),
        f"{calls.replayed:,} replayed" if calls.replayed else "",
        tries_text(calls.retried, calls.refused),
        tokens_text(usage.input_tokens, usage.output_tokens),
        cost_text(calls.cost),
    )
    return " · ".join(part for part in parts if part)
