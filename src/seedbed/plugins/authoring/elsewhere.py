"""What authors who know other frameworks write, and what to write in Seedbed."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

from seedbed.errors import UsageError
from seedbed.suggestions import did_you_mean

_P = ParamSpec("_P")
_T = TypeVar("_T")

_IN_A_MODULE = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):([A-Za-z_]\w*)")

ATTRIBUTES: Mapping[str, str] = {
    "connect": "join steps with >>, such as first >> second or first >> [left, right] >> last",
    "draw": "write print(pipeline.graph()), or pipeline.graph(mermaid=True)",
    "dry_run": "write preview(pipeline, 3, llm=...), with `from seedbed import preview`",
    "push_to_hub": "give the run a place to write to, run(..., out='hf://USER/NAME'), or `seedbed runs push`",
    "save": "write Path('FILE.yaml').write_text(pipeline.to_yaml())",
    "save_to_disk": "give the run a place to write to, run(..., out='FOLDER.hf'), or write made.to_dataset()",
    "train_test_split": "give the run a split: out=Output('FOLDER/', split={'train': 0.9, 'test': 0.1})",
    "set_runtime_parameters": "parameters are fields: set them when you make the step: MyStep(field=1)",
}
"""Methods of other frameworks' steps, pipelines and datasets."""

FIELDS: Mapping[str, str] = {
    "input_batch_size": "leave it out: a step receives one row at a time, and rows overlap by themselves",
    "pipeline": "leave it out, and join steps by >>, such as first >> second",
    "input_mappings": "leave it out: the step `rename` before this one gives columns other names, {old: new}",
    "group_generations": "leave it out: each generation is a row of its own",
    "use_cache": "leave it out: a run with a name resumes by itself, restart=True starts it over",
    "generation_kwargs": "sampling parameters are fields: --set llm.temperature=0.7 (temperature= in Python)",
    "structured_output": "leave it out, and declare `class Output(BaseModel)` in the task",
}
"""Parameters of other frameworks' steps and LLMs."""

OPTIONS: Mapping[str, str] = {
    "parameters": "parameters are fields: give them when you make the step, such as MyStep(field=1)",
    "use_cache": "leave it out: a run with a name resumes by itself, restart=True starts it over",
    "dataset": "name it input, such as run(input=rows)",
    "model": "name it llm, such as run(llm='openai/gpt-4.1-mini')",
    "max_time": "name it max_seconds, such as run(max_seconds=1200)",
    "max_tokens_total": "name it max_tokens",
}
"""Options of other frameworks, and of the command, for running a pipeline."""

_OF_OUTPUTS = frozenset(("form", "split", "shard_rows", "chat_template", "private", "push_every", "card"))


def missing_attribute(owner: str, name: str) -> AttributeError | None:
    """Return the error for an attribute that has another name in Seedbed, or None."""
    # An AttributeError, so that `hasattr` and `getattr` with a default still work.
    advice = ATTRIBUTES.get(name)
    return AttributeError(f"{owner!r} has no attribute {name!r}\n  {advice}") if advice else None


def check_fields(given: object, known: Iterable[str]) -> None:
    """Raise ValueError for a parameter that only steps of other frameworks have."""
    for name in FIELDS.keys() & set(given) - set(known) if isinstance(given, dict) else ():
        raise ValueError(f"there is no parameter {name!r} here: {FIELDS[name]}")


def check_options(function: str, given: Iterable[str], known: Collection[str], task: object = None) -> None:
    """Raise UsageError for an option of other frameworks, TypeError for one that no run has, with advice."""
    for name in given:
        if name in known:
            continue
        if name in OPTIONS:
            raise UsageError(f"a run has no option {name!r}", OPTIONS[name])
        advice = "".join(f"\n  {line}" for line in _advice_on(name, known, task))
        raise TypeError(f"{function}() got an unexpected keyword argument {name!r}{advice}")


def _advice_on(name: str, known: Collection[str], task: object) -> tuple[str, ...]:
    if near := did_you_mean(name, known):
        return near
    made = f"get_task({task!r}, {name}=...)" if isinstance(task, str) else f"MyTask({name}=...)"
    of_outputs = (f"one of the dataset: out=Output('FILE', {name}=...)",) if name in _OF_OUTPUTS else ()
    return (
        f"a parameter of a task goes to the task: {made}",
        f"one of an LLM goes to the LLM: llm=get_llm('BACKEND/MODEL', {name}=...)",
        *of_outputs,
    )


def naming_options(function: Callable[_P, _T]) -> Callable[_P, _T]:
    """Wrap a function that runs something: of an option that it lacks, it says what to write instead."""
    known = inspect.signature(function).parameters.keys()

    @wraps(function)
    def checked(*args: _P.args, **options: _P.kwargs) -> _T:
        check_options(function.__name__, options, known, args[0] if args else options.get("task"))
        return function(*args, **options)

    return checked


def in_a_module(name: str, given: str) -> tuple[str, ...]:
    """Return what to write instead of `module:Class` or of a file alone; empty for other names.

    `given` shows how to pass an object of the class in Python. Nothing is imported: a name doesn't permit us
    to run code.
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
    """Raise UsageError for a list of rows instead of one row."""
    if isinstance(given, list | tuple):
        raise UsageError(
            f"process takes one row, not a {type(given).__name__} of {len(given)}",
            "call it once a row: [task.process(row) for row in rows]",
        )
