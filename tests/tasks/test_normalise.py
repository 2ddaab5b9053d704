"""What a step gives becomes a list of checked rows, whoever calls it."""

from __future__ import annotations

import pytest
from pydantic import BaseModel
from tests.support.scripted_llm import scripted

from seedbed import GeneratorStep, GeneratorTask, InvalidRowError


class Point(BaseModel):
    x: int


GIVEN = {
    "a row": ({"x": 1}, [{"x": 1}]),
    "a list": ([{"x": 1}, {"x": 2}], [{"x": 1}, {"x": 2}]),
    "rows and last": (([{"x": 1}], True), [{"x": 1}]),
    "a row and not last": (({"x": 1}, False), [{"x": 1}]),
    "a pydantic row": (Point(x=1), [{"x": 1}]),
    "pydantic rows": ([Point(x=1), {"x": 2}], [{"x": 1}, {"x": 2}]),
    "an empty list": ([], []),
    "None": (None, []),
}


@pytest.mark.parametrize("case", GIVEN)
def test_every_form_becomes_rows(case):
    given, rows = GIVEN[case]

    class Once(GeneratorStep):
        def process(self, offset: int = 0):
            yield given
            yield {"last": True}

    assert list(Once().process()) == [rows, [{"last": True}]]


def test_a_task_adds_the_model_where_it_is_not_given():
    class Twice(GeneratorTask):
        def process(self, offset: int = 0):
            yield Point(x=1)
            yield {"model_name": "mine"}

    assert list(Twice(llm=scripted()).process()) == [
        [{"x": 1, "model_name": "scripted"}],
        [{"model_name": "mine"}],
    ]


WRONG = [
    ("text", "step 'once' returned str, not a row"),
    (({"x": 1}, {"x": 2}), "returned tuple, not a row"),
    ([{"x": 1}, 5], "returned int, not a row"),
    ({"x": 1j}, "column 'x' holds a complex"),
    ({1: "x"}, "the name of column 1 is an int"),
]


@pytest.mark.parametrize(("given", "text"), WRONG)
def test_what_is_no_row_is_named(given, text):
    class Once(GeneratorStep):
        def process(self, offset: int = 0):
            yield given

    with pytest.raises(InvalidRowError, match=text):
        next(Once().process())


def test_process_may_leave_out_the_offset():
    class Bare(GeneratorStep):
        def process(self):
            yield {"x": 1}

    assert list(Bare().process()) == [[{"x": 1}]]
