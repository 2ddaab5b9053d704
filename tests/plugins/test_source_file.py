"""Classes from a file are imported once, and every way to get one wrong has its message."""

from __future__ import annotations

import os
import pickle
import sys

import pytest

from seedbed.errors import UsageError
from seedbed.llm.llm_kind import LLMS
from seedbed.plugins.discovery.source_file import load_class
from seedbed.tasks.task_kinds import STEPS, TASKS

SOURCE = """
from __future__ import annotations
from pydantic import BaseModel
from seedbed.tasks.steps import Step

class Options(BaseModel):
    loud: bool = True

class Shout(Step):
    options: Options | None = None

    def process(self, row: dict) -> dict:
        return row
"""


@pytest.fixture
def write(tmp_path):
    before = set(sys.modules)

    def write(source):
        path = tmp_path / "steps.py"
        path.write_text(source)
        return path

    yield write
    for name in set(sys.modules) - before:
        if name.startswith("_seedbed_file_"):
            del sys.modules[name]


def test_an_edit_of_the_same_second_and_length_is_seen(write, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    louder = {}
    for loud in ("True ", "False"):
        path = write(SOURCE.replace("loud: bool = True", f"loud: bool = {loud}"))
        os.utime(path, (1_000_000_000, 1_000_000_000))
        louder[loud] = load_class(f"{path}:Shout", STEPS)

    assert [cls(options={}).options.loud for cls in louder.values()] == [True, False]


def test_a_class_with_postponed_annotations_loads_and_pickles(write):
    cls = load_class(f"{write(SOURCE)}:Shout", STEPS)
    step = cls(options={"loud": False})
    assert step.options.loud is False
    assert pickle.loads(pickle.dumps(step)) == step


def test_an_unchanged_file_is_imported_once_and_a_changed_one_again(write):
    reference = f"{write(SOURCE)}:Shout"
    first = load_class(reference, STEPS)
    assert load_class(reference, STEPS) is first
    write(SOURCE.replace("True", "False"))
    assert load_class(reference, STEPS) is not first


def test_a_missing_file(tmp_path):
    with pytest.raises(UsageError, match="there is no such file"):
        load_class(f"{tmp_path}/none.py:Shout", STEPS)


def test_a_missing_class_gets_a_suggestion(write):
    with pytest.raises(UsageError) as caught:
        load_class(f"{write(SOURCE)}:Shuot", STEPS)
    assert caught.value.advice == ("did you mean 'Shout'?", "it defines Options, Shout")


@pytest.mark.parametrize(
    ("source", "said", "line"),
    [("x = 1\ndef (:\n", "SyntaxError", 2), ("\n\nraise ValueError('no luck')\n", "ValueError: no luck", 3)],
)
def test_a_file_that_cannot_be_imported_says_the_line(write, source, said, line):
    path = write(source)
    with pytest.raises(UsageError, match=said) as caught:
        load_class(f"{path}:Shout", STEPS)
    assert f"raised in {path}, line {line}" in caught.value.advice
    assert caught.value.__cause__ is not None
    assert not [name for name in sys.modules if name.startswith("_seedbed_file_steps")]


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("Options", STEPS, "does not derive from BaseStep"),
        ("Shout", TASKS, "does not derive from BaseTask"),
        ("Shout", LLMS, "does not derive from LLM"),
    ],
)
def test_a_class_of_another_kind_is_refused(write, name, kind, said):
    with pytest.raises(UsageError, match=said):
        load_class(f"{write(SOURCE)}:{name}", kind)


def test_a_class_of_no_kind_is_told_that_a_task_would_do(write):
    with pytest.raises(UsageError) as caught:
        load_class(f"{write(SOURCE)}:Options", STEPS)
    assert caught.value.advice == ("it must be a Step, GeneratorStep, GlobalStep or Task class",)
