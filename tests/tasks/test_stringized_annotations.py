"""`from __future__ import annotations` in a plugin does not matter."""

from __future__ import annotations

import pytest
from tests.support.scripted_llm import scripted
from tests.tasks.stringized_tasks import Computed, Listed, Typed

from seedbed import ParameterError


def test_a_nested_typed_row():
    task = Typed(llm=scripted('{"parts": [{"name": "tail"}], "note": null}'), topic="dogs")
    assert next(task.process()) == [{"parts": [{"name": "tail"}], "note": None, "model_name": "scripted"}]
    assert task.finite is True
    assert "finite" not in Typed.model_fields
    assert "Output" not in Typed.model_fields


@pytest.mark.parametrize(("task", "column"), [(Listed, "answer"), (Computed, "reply")])
def test_columns_as_a_class_variable_and_as_a_property(task, column):
    made = task(llm=scripted())
    assert made.columns == [column, "model_name"]
    assert made.process({"x": "1"}) == [{"x": "1", column: "yes", "model_name": "scripted"}]


def test_fields_are_still_checked():
    with pytest.raises(ParameterError):
        Typed(topic=5)
    with pytest.raises(ParameterError):
        Typed(tpoic="dogs")
