"""Whether a dataset can be written, as far as it shows before a row is made."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from seedbed.engine.plan import Plan
from seedbed.errors import UsageError
from seedbed.pipeline.column_checks import columns_made
from seedbed.store import Output, check_output
from seedbed.store.training import check_columns_of_form
from seedbed.suggestions import did_you_mean


def check_output_of(output: Output, plan: Plan) -> None:
    """Raise UsageError if an output can't be written with the rows of a plan."""
    check_output(output, plan.registry)
    given = plan.input
    keep_apart(output, given.files.paths if given is not None and given.files is not None else ())
    leaves = [step for step in plan.topology.leaves if step]
    if output.leaf is not None and output.leaf not in leaves:
        raise UsageError(
            f"'{output}' is for rows of a step {output.leaf!r}, which isn't the last one of a branch",
            *did_you_mean(output.leaf, leaves),
            f"rows can be written of {', '.join(leaves)}",
        )
    leaf = output.leaf or plan.leaf
    types = given.column_types() if given is not None else None
    check_columns_of(output, columns_made(plan.topology, leaf, types))


def check_columns_of(output: Output, columns: Collection[str] | None) -> None:
    """Raise UsageError if the rows never have the columns that an output needs; `columns` is None if unknown.

    Otherwise a misspelt name would be found when the rows are written, after all have been paid for.
    """
    if columns is None:
        return
    if output.form is not None:
        check_columns_of_form(output.form, columns, output.columns)
    if isinstance(output.split, str) and output.split not in columns:
        raise UsageError(
            f"'{output}' is split by a column '{output.split}', which its rows don't have",
            *did_you_mean(output.split, columns),
            f"columns there: {', '.join(columns) or 'none'}",
            "or give shares: train=0.9,test=0.1",
        )


def keep_apart(output: Output, given: Iterable[Path]) -> None:
    """Raise UsageError if the dataset would replace its own input."""
    out = output.file
    # `samefile`, since links and other spellings of a path name the same file.
    if out is not None and out.exists() and any(path.exists() and out.samefile(path) for path in given):
        raise UsageError(
            f"'{out}' is both the input and the dataset, which would replace it",
            "name another file with -o (out=... in Python)",
        )
