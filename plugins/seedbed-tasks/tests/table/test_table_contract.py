"""The table keeps the contract of all tasks."""

from __future__ import annotations

import pytest

from seedbed.testing import TaskContract
from seedbed_tasks.table import (
    Category,
    Computed,
    Date,
    Judge,
    Number,
    Structured,
    Subcategory,
    Table,
    Text,
    Uuid,
)

DRAWN = {
    "id": Uuid(),
    "animal": Category(values=["dog", "cat"], weights=[3, 1]),
    "breed": Subcategory(of="animal", values={"dog": ["beagle", "poodle"], "cat": ["persian"]}),
    "age": Number(min=0, max=15, integer=True),
    "weight": Number(
        distribution="normal",
        mean=20,
        std=5,
        min=1,
        decimals=1,
        when={"animal == 'cat'": {"mean": 4, "std": 1}},
    ),
    "born": Date(start="2010-01-01", end="2024-12-31"),
    "is_old": Computed(expression="age > 10"),
}


SHOP = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "seats": {"type": "integer"}},
    "required": ["name", "seats"],
}


@pytest.mark.slow
class TestTableOfDrawnColumns(TaskContract):
    task = Table
    parameters = {"columns": DRAWN, "constraints": ["age < 14 or animal == 'cat'"]}


class TestTableThatAModelWrites(TaskContract):
    task = Table
    parameters = {
        "columns": {
            "animal": Category(values=["dog", "cat"]),
            "n": Number(min=0, max=9, integer=True, drop=True),
            "story": Text(prompt="A story about a {{ animal }} that is {{ n }} years old."),
            "shop": Structured(prompt="A shop for a {{ animal }}", json_schema=SHOP),
            "verdict": Judge(of=["story"], rubric="Is it good?"),
            "length": Computed(expression="story | length"),
        },
        "constraints": ["length > 3"],
    }
