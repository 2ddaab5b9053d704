"""The values and signatures expected of properties and methods that authors of steps and tasks override."""

from __future__ import annotations

from collections.abc import KeysView, Mapping

from pydantic import BaseModel

from seedbed.plugins.authoring.overrides import Wanted, is_flag, is_names
from seedbed.plugins.authoring.signatures import Called
from seedbed.plugins.needed_packages import NEEDED_PACKAGES


def _is_model(value: object) -> bool:
    return value is None or (isinstance(value, type) and issubclass(value, BaseModel))


def _is_schema(value: object) -> bool:
    return _is_model(value) or isinstance(value, Mapping)


def _is_number_of_rows(value: object) -> bool:
    return isinstance(value, int) and not is_flag(value) and value >= 0


def _is_bound(value: object) -> bool:
    return value is None or _is_number_of_rows(value)


def _are_variables(value: object) -> bool:
    return value is None or is_names(value)


def _are_columns(value: object) -> bool:
    # A name may be empty, as that of the numbers that pandas writes to a CSV file is.
    return isinstance(value, list | tuple | KeysView) and all(isinstance(one, str) for one in value)


def _are_types(value: object) -> bool:
    return value is None or (isinstance(value, Mapping) and all(isinstance(name, str) for name in value))


_COLUMNS = Wanted("a list of column names", '["text", "label"]', _are_columns)
_FLAG = Wanted("True or False", "True", is_flag)
_MODEL = Wanted("a pydantic class", "a nested `class Output(BaseModel)`", _is_model)

STEP: Mapping[str, Wanted] = {
    "inputs": _COLUMNS,
    "outputs": _COLUMNS,
    "columns": _COLUMNS,
    "removes": _COLUMNS,
    "keeps": _FLAG,
    "needed_packages": NEEDED_PACKAGES,
    "read_addresses": Wanted("a list of addresses", '["hf://ada/jokes"]', is_names),
    "row_expressions": Wanted("a list of expressions", '["score > 3"]', is_names),
}
ROW_STEP: Mapping[str, Wanted] = {
    "ordered": _FLAG,
    "repeatable": _FLAG,
    "rows_missing": Wanted("a str", '"3 rows"', lambda value: isinstance(value, str)),
    "rows_wanted": Wanted("a number of rows, or None", "0", _is_bound),
}
GENERATOR_STEP: Mapping[str, Wanted] = {
    "seekable": _FLAG,
    "finite": _FLAG,
    "unique": Wanted("a tuple of column names", '("text",)', is_names),
    "column_types": Wanted(
        "a dict of types by columns, or None", '{"text": str}', _are_types, is_method=True
    ),
    "place_of": Wanted(
        "a str", "self.paths[number].name", lambda value: isinstance(value, str), is_method=True
    ),
}
TASK: Mapping[str, Wanted] = {
    "Output": _MODEL,
    "Input": _MODEL,
    "needs_llm": _FLAG,
    "refuses_cut": _FLAG,
    "answer_schema": Wanted("a pydantic class or a JSON Schema", '{"type": "array"}', _is_schema),
    "sampling_parameters": Wanted(
        "a dict of parameters", '{"temperature": 0.7}', lambda value: isinstance(value, dict), is_method=True
    ),
}
GENERATOR_TASK: Mapping[str, Wanted] = {
    "feedback": Wanted("a number of rows", "20", _is_number_of_rows),
    "feedback_limit": Wanted("an index", "index - 20", _is_number_of_rows, is_method=True),
    "only_samples": _FLAG,
    "sampled": Wanted("a tuple of names of variables, or None", '("topic",)', _are_variables),
}

_BLOCKING = "call the model in `async def generate_row(self, input)`"
_ONE_ROW = "rows come one at a time, not in batches: return the row, a list of rows, or None to drop it"

STEP_CALLS: Mapping[str, Called] = {
    "load": Called((), "def load(self):"),
    "unload": Called((), "def unload(self):"),
}
GLOBAL_STEP_CALLS: Mapping[str, Called] = {
    "process": Called(("rows",), "def process(self, rows):", "may yield")
}
COMBINE_STEP_CALLS: Mapping[str, Called] = {
    "process": Called(("first", "second"), "def process(self, *inputs):", "may yield")
}
TASK_CALLS: Mapping[str, Called] = {
    "format_input": Called(("input",), "def format_input(self, input):", instead=_BLOCKING),
    "format_output": Called(
        ("output", "input"), "def format_output(self, output, input):", instead=_BLOCKING
    ),
    "generate_row": Called(("input",), "async def generate_row(self, input):", "async"),
}


def row_step_calls(prepared: bool) -> Mapping[str, Called]:
    """Return how the methods of a step over rows are called; one with `prepare` gets what that returned."""
    head = "def process(self, row, prepared=None):" if prepared else "def process(self, row):"
    arguments = ("row", "prepared") if prepared else ("row",)
    return {
        "process": Called(arguments, head, instead=_ONE_ROW),
        "process_many": Called(("rows",), "def process_many(self, rows):", "may yield"),
        "prepare": Called(("row",), "async def prepare(self, row):", "async"),
    }


def generator_calls(seekable: bool) -> Mapping[str, Called]:
    """Return how the methods of a generator step are called; only a seekable one gets an offset."""
    head = "def process(self, offset=0):"
    return {
        "process": Called(("offset",) if seekable else (), head, "may yield"),
        "admit": Called(("row", "accepted"), "def admit(self, row, accepted):"),
        "plan_for": Called(("rows",), "def plan_for(self, rows):"),
        "column_types": Called((), "def column_types(self):"),
        "place_of": Called(("number",), "def place_of(self, number):"),
    }


def generator_task_calls(feedback: bool) -> Mapping[str, Called]:
    """Return how the methods of a generator task are called; one with feedback gets earlier rows."""
    names = ("index", "rng", "accepted") if feedback else ("index", "rng")
    return {"sample": Called(names, f"def sample(self, {', '.join(names)}):")}
