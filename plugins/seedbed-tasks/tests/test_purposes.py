"""Every task says what it is for, so that people find it, cite its source and see an example."""

from __future__ import annotations

import inspect
from importlib.metadata import entry_points

import pytest

from seedbed import Citation, Registry, Task
from seedbed.tasks.description.purpose import purpose_of

NAMES = sorted(point.name for point in entry_points(group="seedbed.tasks") if point.value == "seedbed_tasks")
SOURCES = ("arxiv.org", "et al")


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_it_is_for(name: str) -> None:
    cls = Registry().task(name)
    purpose = purpose_of(cls)
    text = inspect.cleandoc(cls.__dict__["__doc__"])

    assert purpose.goals, "declare `goals`, such as goals = ('sft',)"
    assert purpose.example is not None, "declare `example`, for its page in the gallery"
    assert bool(purpose.example.rows) == issubclass(cls, Task), "a task over rows needs `rows`, others none"
    first = text.partition("\n\n")[0]
    assert len(first.replace("\n", " ")) <= 120, "the first paragraph is its line in `seedbed plugins`"
    if any(word in text for word in SOURCES):
        assert all(isinstance(one, Citation) for one in purpose.citations)
        assert purpose.citations, "it names a paper, so declare `citation`"
    if purpose.citations:
        assert "\n\nDifferences from the paper" in text, "say what differs, or that nothing does"


def test_there_are_tasks_to_look_at() -> None:
    assert len(NAMES) >= 3
