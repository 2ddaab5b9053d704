"""Exporting the rows of a run, also while it's still going."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import Any

from seedbed.cli.failures import ExitStatus
from seedbed.cli.run.output_options import columns_of, output_of
from seedbed.cli.runs.kept_runs import kept_run
from seedbed.cli.terminal.printing import Painted, echo, row_bytes
from seedbed.counts import count_of
from seedbed.errors import UsageError
from seedbed.store import (
    ModelRows,
    RunReader,
    TrainingRows,
    check_csv_safe,
    check_output,
    check_target,
    export_rows,
    safe_rows,
)
from seedbed.store.dataset_writing import Written, export
from seedbed.store.ratings.rated_rows import RatedRows
from seedbed.store.refused_rows import RefusedRows
from seedbed.store.run_values import Decision
from seedbed.suggestions import did_you_mean


def export_run(
    name: str,
    out: str | None,
    leaf: str | None,
    how: Mapping[str, Any],
    *,
    csv_safe: bool = False,
    model_column: str | None = None,
    where: str | None = None,
    rating_column: str | None = None,
) -> ExitStatus:
    """Write the accepted rows to `out`, or to standard output as JSON lines; raises UsageError.

    `how` has the options for an output; `model_column` names a column that says which model made each row,
    `rating_column` one with what most people say of it. `where` is an expression that the rows must fulfil;
    if none does, nothing is written, and the status is INCOMPLETE.
    """
    check_csv_safe(csv_safe, Path(out) if out else None)
    _check_options(where, model_column, how)
    form = how.get("form")
    # Standard output takes a form, and nothing else that says how a dataset is written.
    lines = {**how, "form": None, "parts": (), "chat_template": None} if out is None and form else how
    output = output_of(out, **lines)
    if output is not None:
        check_output(output)
    with RunReader.open(kept_run(name)) as reader:
        leaf = leaf_of(reader, name, leaf)
        if not len(reader.rows(leaf)):
            why = f"`seedbed runs explain {quote(name)}` says why"
            raise UsageError(f"the run '{name}' has no rows yet", why)
        rows = _chosen_rows(reader, leaf, model_column, where or "", rating_column or "")
        if where and next(iter(rows), None) is None:
            return _tell_none_fit(where, len(reader.rows(leaf)), name, out)
        with _naming_options():
            if output is not None:
                seed = _seed(reader)
                made = export(
                    reader, output, leaf, rows=rows, seed=seed, csv_safe=csv_safe, where=where or ""
                )
                _tell_written(made, output.path)
            elif form is not None:
                _write_lines(TrainingRows(rows, form, columns_of(how["parts"]), how["chat_template"]))
            else:
                _write_lines(rows)
    return ExitStatus.COMPLETE


def _chosen_rows(
    reader: RunReader, leaf: str, model_column: str | None, where: str, rating_column: str
) -> Iterable[bytes]:
    """Return the rows of a step that fulfil an expression, with the columns that are added."""
    rows = ModelRows(reader, leaf, model_column) if model_column else reader.rows(leaf)
    if not where and not rating_column:
        return rows
    return RatedRows(reader, leaf, rows, where=where, column=rating_column)


def _check_options(where: str | None, model_column: str | None, how: Mapping[str, Any]) -> None:
    """Raise UsageError for options that make no sense together, or alone."""
    if where is not None and not where.strip():
        # A shell variable that isn't set, mostly: all rows aren't what was meant.
        raise UsageError("--where has no expression", "write a condition: --where 'score > 3'")
    if model_column is not None and (form := how.get("form")) is not None:
        raise UsageError("a trainer's form has no --model-column", f"leave out --form {form}")


def _tell_written(made: Written, path: str) -> None:
    _tell(made.rows, path)
    for note in made.notes:
        echo(Painted("note: ", "yellow", bold=True), note, err=True)


def export_refused(
    name: str, out: str | None, *, failed: bool, rejected: bool, csv_safe: bool = False
) -> ExitStatus:
    """Write the rows that failed or were rejected, each with its input and calls; raises UsageError."""
    file = Path(out) if out else None
    check_csv_safe(csv_safe, file)
    if file is not None:
        check_target(file)
    chosen: tuple[tuple[Decision, bool], ...] = (("failed", failed), ("rejected", rejected))
    with RunReader.open(kept_run(name)) as reader:
        verdicts = [verdict for verdict, wanted in chosen if wanted]
        rows = safe_rows(RefusedRows(reader, verdicts), csv_safe)
        if file is None:
            _write_lines(rows)
        else:
            _tell(export_rows(rows, file), str(file))
    return ExitStatus.COMPLETE


def _tell_none_fit(where: str, rows: int, name: str, out: str | None) -> ExitStatus:
    """Say that no row fulfils an expression; an older file isn't replaced by an empty one."""
    of = "the only row" if rows == 1 else f"none of the {rows:,} rows"
    holds = "doesn't fulfil" if rows == 1 else "fulfils"
    echo(f"{of} of '{name}' {holds} {where!r}", err=True)
    if out is not None:
        echo(f"  {out} was {'not changed' if Path(out).exists() else 'not written'}", err=True)
    return ExitStatus.INCOMPLETE


def _write_lines(rows: Iterable[bytes]) -> None:
    for row in rows:
        sys.stdout.buffer.write(row_bytes(row, sys.stdout) + b"\n")


def _tell(count: int, place: str) -> None:
    echo(f"{count_of(count, 'row')} in {place}", err=True)


def _seed(reader: RunReader) -> int:
    session = reader.last_working_session()
    return int(session.manifest.get("seed") or 0) if session else 0


def leaf_of(reader: RunReader, name: str, leaf: str | None) -> str:
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


@contextmanager
def _naming_options() -> Iterator[None]:
    """Say which option names the column of a part."""
    try:
        yield
    except UsageError as error:
        if "name the right one" not in error.advice:
            raise
        advice = [line for line in error.advice if line != "name the right one"]
        hint = "--column PART=COLUMN names a column: --column prompt=title"
        raise UsageError(error.fact, *advice, hint) from error
