"""Exporting the rows of a run, also while it's still going."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from seedbed.cli.failures import ExitStatus
from seedbed.cli.runs.kept_runs import kept_run
from seedbed.cli.terminal.printing import echo, row_bytes
from seedbed.errors import UsageError
from seedbed.store import (
    INPUT_TYPES,
    ModelRows,
    Rows,
    RunReader,
    TrainingRows,
    check_csv_safe,
    check_target,
    export_rows,
    safe_rows,
)
from seedbed.store.refused_rows import RefusedRows
from seedbed.store.run_values import Decision
from seedbed.suggestions import did_you_mean


def export_run(
    name: str,
    out: Path | None,
    leaf: str | None,
    form: str | None,
    columns: Sequence[str],
    *,
    csv_safe: bool = False,
    model_column: str | None = None,
) -> ExitStatus:
    """Write the accepted rows to `out`, or to standard output as JSON lines; raises UsageError.

    `model_column` names a column that says which model made each row.
    """
    check_csv_safe(csv_safe, out)
    if out is not None:
        check_target(out)
    if columns and form is None:
        raise UsageError("--column is for a training format, and none is given", "add --as chat")
    if model_column is not None and form is not None:
        raise UsageError("a training format has no --model-column", f"leave out --as {form}")
    with RunReader.open(kept_run(name)) as reader:
        leaf = _leaf(reader, name, leaf)
        rows: Rows | ModelRows = reader.rows(leaf)
        if not len(reader.rows(leaf)):
            raise UsageError(f"the run '{name}' has no rows yet", f"`seedbed runs explain {name}` says why")
        if model_column is not None:
            rows = ModelRows(reader, leaf, model_column)
        formed = rows if form is None else _formed(rows, form, columns)
        types = reader.get_mark(INPUT_TYPES) if form is None else None
        _write(safe_rows(formed, csv_safe), out, types if types and isinstance(types, bytes) else None)
    return ExitStatus.COMPLETE


def export_refused(
    name: str, out: Path | None, *, failed: bool, rejected: bool, csv_safe: bool = False
) -> ExitStatus:
    """Write the rows that failed or were rejected, each with its input and calls; raises UsageError."""
    check_csv_safe(csv_safe, out)
    if out is not None:
        check_target(out)
    chosen: tuple[tuple[Decision, bool], ...] = (("failed", failed), ("rejected", rejected))
    with RunReader.open(kept_run(name)) as reader:
        verdicts = [verdict for verdict, wanted in chosen if wanted]
        _write(safe_rows(RefusedRows(reader, verdicts), csv_safe), out)
    return ExitStatus.COMPLETE


def _write(rows: Iterable[bytes], out: Path | None, types: bytes | None = None) -> None:
    if out is None:
        for row in rows:
            sys.stdout.buffer.write(row_bytes(row, sys.stdout) + b"\n")
        return
    count = export_rows(rows, out, types)
    echo(f"{count:,} row{'' if count == 1 else 's'} in {out}", err=True)


def _leaf(reader: RunReader, name: str, leaf: str | None) -> str:
    """Return the step whose rows to write: the one given, or the dataset's."""
    if leaf is None:
        session = reader.last_working_session()
        return str(session.manifest.get("leaf", "")) if session else ""
    known = [known for known in reader.leaves() if known]
    if leaf not in known:
        raise UsageError(
            f"the run '{name}' has no rows of a step '{leaf}'",
            *did_you_mean(leaf, known),
            f"it has those of {', '.join(known)}",
        )
    return leaf


def _formed(rows: Iterable[bytes], form: str, columns: Sequence[str]) -> TrainingRows:
    named: dict[str, str] = {}
    for text in columns:
        part, equals, column = text.partition("=")
        if not (equals and part and column):
            raise UsageError(f"'{text}' is not of the form PART=COLUMN", "for example --column prompt=title")
        named[part] = column
    try:
        return TrainingRows(rows, form, named)
    except UsageError as error:
        advice = [line for line in error.advice if line != "name the right one"]
        hint = "--column PART=COLUMN names a column: --column prompt=title"
        raise UsageError(error.fact, *advice, hint) from error
