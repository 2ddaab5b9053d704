"""Every registered task keeps the contract of tasks, on good, malformed, empty, refused and cut answers.

A task needs nothing here if its `example` and plausible answers (words, or JSON that fits its schema) are
enough. Otherwise it has a module `answers/NAME.py` with the facts of `TaskContract` that differ:
`answer(request)`, `inputs`, `parameters`, `rows`, `most_calls`, `seeded`, `patience`.
"""

from __future__ import annotations

import runpy
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import seedbed_data
from seedbed import Registry
from seedbed.tasks.description.purpose import purpose_of
from seedbed.testing import TaskContract

# Making rows so often for every class takes an eighth of the time of all tests: once, by default.
pytestmark = pytest.mark.variants(
    5,
    "test_a_new_task_asks_again",
    "test_its_input_is_left_alone",
    "test_rows_have_the_columns_promised",
    "test_rows_are_json",
    "test_failed_calls_make_no_row",
    "test_the_loop_goes_on_while_a_row_is_made",
    "test_another_process_draws_the_same_variables",
    "test_another_seed_draws_other_variables",
    "test_an_interrupted_run_goes_on_to_the_same_rows",
    "test_rows_do_not_depend_on_what_runs_beside_them",
    "test_an_answer_without_text_harms_its_row_alone",
    "test_a_refusal_harms_its_row_alone",
    "test_an_empty_answer_harms_its_row_alone",
    "test_a_truncated_answer_harms_its_row_alone",
    "test_a_refusal_in_words_harms_its_row_alone",
    "test_a_malformed_answer_harms_its_row_alone",
    "test_only_the_inputs_named_are_read",
    "test_each_generation_makes_its_rows",
    "test_a_row_alone_is_the_row_among_many",
    "test_files_that_it_reads_are_declared",
)

ANSWERS = Path(__file__).parent / "answers"
RUN = "<run_path>"
FACTS = ("answer", "inputs", "parameters", "rows", "most_calls", "seeded", "patience")
NAMES = sorted(point.name for point in entry_points(group="seedbed.tasks") if point.value == "seedbed_tasks")


def facts_of(name: str) -> dict[str, Any]:
    """Return the facts of a task: those of its example, and those of its module under answers/."""
    example = purpose_of(Registry().task(name)).example
    assert example is not None, f"declare `example` in the class of {name}"
    path = ANSWERS / f"{name.replace('-', '_')}.py"
    own = runpy.run_path(str(path)) if path.exists() else {}
    odd = [fact for fact, value in own.items() if _is_odd(fact, value)]
    assert not odd, f"{path.name} has facts that TaskContract doesn't know: {odd}"
    facts = {fact: own[fact] for fact in FACTS if fact in own}
    if "answer" in facts:
        facts["answer"] = staticmethod(facts["answer"])
    return {"parameters": dict(example.parameters), "inputs": _three(example.rows), **facts}


def _is_odd(fact: str, value: object) -> bool:
    """Whether a name of such a module is neither a fact, nor private, a constant, or imported."""
    is_imported = isinstance(value, ModuleType) or getattr(value, "__module__", RUN) != RUN
    return not (fact.startswith("_") or fact.isupper() or fact in FACTS or is_imported)


def _three(rows: Any) -> list[dict[str, Any]]:
    """Return three rows at least, since a contract compares a row with others."""
    return [dict(rows[place % len(rows)], id=place) for place in range(max(3, len(rows)))] if rows else []


for _name in NAMES:
    _title = f"Test{''.join(map(str.capitalize, _name.split('-')))}"
    _facts = {"task": _name, "__module__": __name__, **facts_of(_name)}
    globals()[_title] = type(_title, (TaskContract,), _facts)


def remembered(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that calls another one only for arguments that are new."""
    made: dict[str, Any] = {}

    def call(*args: Any, **kwargs: Any) -> Any:
        key = repr((args, kwargs))
        if key not in made:
            made[key] = function(*args, **kwargs)
        return made[key]

    return call


RUN_ONCE = {name: remembered(getattr(seedbed_data, name)) for name in ("call_functions", "run_tests")}


@pytest.fixture(autouse=True)
def programs_are_run_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run each program in the sandbox once: to start one takes as long as all else of a test."""
    for name, function in RUN_ONCE.items():
        monkeypatch.setattr(seedbed_data, name, function)


def test_there_are_tasks_to_try() -> None:
    assert len(NAMES) >= 3
    assert {path.stem.replace("_", "-") for path in ANSWERS.glob("*.py")} <= set(NAMES)
