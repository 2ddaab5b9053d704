"""What authors who come from other frameworks write, and what to write here instead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from seedbed.errors import UsageError

ATTRIBUTES: Mapping[str, str] = {
    "connect": "steps are joined by >>, such as first >> second or first >> [left, right] >> last",
    "set_runtime_parameters": "parameters are fields: set them where the step is made: MyStep(field=1)",
}
"""Methods that steps and pipelines of other frameworks have."""

FIELDS: Mapping[str, str] = {
    "input_batch_size": "leave it out: a step receives one row at a time, and rows overlap by themselves",
    "pipeline": "leave it out, and join steps by >>, such as first >> second",
    "input_mappings": "leave it out, and have an earlier step rename the column: output_mappings={made: new}",
}
"""Parameters that steps of other frameworks have."""

OPTIONS: Mapping[str, str] = {
    "parameters": "parameters are fields: give them where the step is made, such as MyStep(field=1)",
    "use_cache": "leave it out: a run with a name goes on where it stopped, restart=True begins it again",
    "dataset": "name it input, such as run(input=rows)",
}
"""Options with which other frameworks run a pipeline."""


def missing_attribute(owner: str, name: str) -> AttributeError | None:
    """Return the error for an attribute that is called otherwise here, or None for any other name."""
    # An AttributeError, so that `hasattr` and `getattr` with a default go on working.
    advice = ATTRIBUTES.get(name)
    return AttributeError(f"{owner!r} has no attribute {name!r}\n  {advice}") if advice else None


def check_fields(given: object, known: Iterable[str]) -> None:
    """Raise ValueError for a parameter that only other frameworks' steps have."""
    for name in FIELDS.keys() & set(given) - set(known) if isinstance(given, dict) else ():
        raise ValueError(f"steps have no parameter {name!r}: {FIELDS[name]}")


def check_options(given: Iterable[str]) -> None:
    """Raise UsageError for an option that only other frameworks' pipelines have."""
    for name in given:
        if name in OPTIONS:
            raise UsageError(f"a run has no option {name!r}", OPTIONS[name])


def check_one_row(given: object) -> None:
    """Raise UsageError for a list of rows where one row is wanted."""
    if isinstance(given, list | tuple):
        raise UsageError(
            f"process takes one row, not a {type(given).__name__} of {len(given)}",
            "call it once a row: [task.process(row) for row in rows]",
        )
