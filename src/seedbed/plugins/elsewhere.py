"""What authors who come from other frameworks write, and what to write here instead."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

from seedbed.errors import UsageError

_P = ParamSpec("_P")
_T = TypeVar("_T")

_IN_A_MODULE = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):([A-Za-z_]\w*)")

ATTRIBUTES: Mapping[str, str] = {
    "connect": "steps are joined by >>, such as first >> second or first >> [left, right] >> last",
    "set_runtime_parameters": "parameters are fields: set them where the step is made: MyStep(field=1)",
}
"""Methods that steps and pipelines of other frameworks have."""

FIELDS: Mapping[str, str] = {
    "input_batch_size": "leave it out: a step receives one row at a time, and rows overlap by themselves",
    "pipeline": "leave it out, and join steps by >>, such as first >> second",
    "input_mappings": "leave it out, and have an earlier step rename the column: output_mappings={made: new}",
    "group_generations": "leave it out: each generation is a row of its own",
    "use_cache": "leave it out: a run with a name goes on where it stopped, restart=True begins it again",
    "generation_kwargs": "sampling parameters are fields: temperature=0.7, or --set llm.temperature=0.7",
    "structured_output": "leave it out, and declare `class Output(BaseModel)` in the task",
}
"""Parameters that steps and LLMs of other frameworks have."""

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
        raise ValueError(f"there is no parameter {name!r} here: {FIELDS[name]}")


def check_options(given: Iterable[str]) -> None:
    """Raise UsageError for an option that only other frameworks' pipelines have."""
    for name in given:
        if name in OPTIONS:
            raise UsageError(f"a run has no option {name!r}", OPTIONS[name])


def naming_options(function: Callable[_P, _T]) -> Callable[_P, _T]:
    """Have a function that runs something name what to write for an option that only others have."""
    known = inspect.signature(function).parameters.keys()

    @wraps(function)
    def checked(*args: _P.args, **options: _P.kwargs) -> _T:
        check_options(options.keys() - known)
        return function(*args, **options)

    return checked


def in_a_module(name: str, given: str) -> tuple[str, ...]:
    """Return what to write for `module:Class`, which other tools take, or a file alone; nothing for others.

    `given` is how Python takes an object of the class. Nothing is imported, since a name is no leave to run
    code.
    """
    if name.endswith(".py"):
        return (f"name the class in the file: {name}:CLASS",)
    found = _IN_A_MODULE.fullmatch(name)
    if found is None:
        return ()
    stem = Path(*found[1].split("."))
    files = (stem.with_suffix(".py"), stem / "__init__.py")
    places = (Path(folder, file) for folder in (".", "src") for file in files)
    file = next((path for path in places if path.is_file()), Path("PATH.py"))
    return (
        f"a class that no plugin registers is named by its file: {file.as_posix()}:{found[2]}",
        f"in Python, import it and write {given.format(found[2])}",
    )


def check_one_row(given: object) -> None:
    """Raise UsageError for a list of rows where one row is wanted."""
    if isinstance(given, list | tuple):
        raise UsageError(
            f"process takes one row, not a {type(given).__name__} of {len(given)}",
            "call it once a row: [task.process(row) for row in rows]",
        )
