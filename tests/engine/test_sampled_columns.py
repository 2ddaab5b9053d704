"""What every row after a generator task would fail on costs no call, whatever the task declares."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import BaseModel
from tests.support.scripted_llm import scripted

from seedbed import GeneratorTask, Pipeline, Step, Task, UsageError, otherwise, run, when
from seedbed.pipeline.file import load_pipeline
from seedbed.store import run_names

SOURCE = """
from seedbed import GeneratorTask, Task

class Ask(GeneratorTask):
    template: str = "{{ topic }}"

    def sample(self, index, rng):
        return {"topic": "tides"}

class Answer(Task):
    template: str = "{{ qestion }}"
"""


class Ask(GeneratorTask):
    template: str = "{{ topic }}"
    outputs: ClassVar[list[str]] = ["question"]

    def sample(self, index, rng):
        rare = {"rare": 1} if index == 9 else {}
        return {"topic": "tides", "_private": 1, **rare}

    def format_output(self, output, input):
        return {"question": output}


class Answer(Task):
    template: str = "{{ question }}"


class Keep(Step):
    def process(self, row):
        return row


def _pipeline(template: str, first: type[Ask] = Ask) -> tuple[Pipeline, list]:
    llm = scripted()
    return first(llm=llm) >> Answer(template=template, llm=llm), llm.requests


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{{ qestion }}", "did you mean 'question'?"),
        ("{{ question }} {{ topc }}", "did you mean 'topic'?"),
        ("{{ _private }}", "columns there: topic, rare, question, model_name"),
        ("{% for x in question %}{{ x }}{{ y }}{% endfor %}", "reads a column 'y'"),
    ],
)
def test_a_column_that_no_row_has_is_found_before_the_first_call(template: str, said: str) -> None:
    pipeline, requests = _pipeline(template)
    with pytest.raises(UsageError) as refused:
        run(pipeline, 3, name="misspelt")
    assert "step 'answer' reads a column" in str(refused.value)
    assert said in str(refused.value)
    assert requests == []
    assert "misspelt" not in run_names()


@pytest.mark.parametrize(
    "template",
    [
        "{{ question }} {{ topic }} {{ model_name }}",
        "{{ note | default('none') }}",
        "{% if note is defined %}{{ note }}{% endif %}",
        "{% set y = question %}{{ y }}{% for c in topic %}{{ c }}{{ loop.index }}{% endfor %}",
    ],
)
def test_what_rows_have_or_need_not_have_is_no_error(template: str) -> None:
    pipeline, _ = _pipeline(template)
    assert run(pipeline, 3).accepted == 3


def test_a_condition_is_held_to_the_same_columns() -> None:
    llm = scripted()
    routes = [when("topc == 'tides'", Keep(name="a")), otherwise(Keep(name="b"))]
    with pytest.raises(UsageError, match="reads a column 'topc'"):
        run(Ask(llm=llm) >> routes >> Keep(name="c"), 3)
    assert llm.requests == []


def test_a_comparison_of_a_text_with_a_number_is_found_before_the_first_call() -> None:
    class Judge(Task):
        template: str = "{{ text }}"

        class Output(BaseModel):
            score: str

    llm = scripted()
    routes = [when("score > 3", Keep(name="a")), otherwise(Keep(name="b"))]
    with pytest.raises(UsageError, match=r"compares column 'score'.* with 3 by >, but its type is string"):
        run(Judge(llm=llm) >> routes >> Keep(name="c"), input=[{"text": "x"}])
    later = Answer(template="{% if score > 3 %}x{% endif %}", llm=llm)
    with pytest.raises(UsageError, match="the template of step 'answer' compares column 'score'"):
        run(Judge(llm=llm) >> later, input=[{"text": "x"}])
    assert llm.requests == []


def test_a_generator_whose_sample_fails_now_and_then_is_left_to_its_rows() -> None:
    class Odd(Ask):
        def sample(self, index, rng):
            if index == 1:
                raise ValueError("odd")
            return {"topic": "tides"}

    pipeline, requests = _pipeline("{{ misspelt }}", Odd)
    assert run(pipeline, 3).accepted == 0
    assert requests


def test_the_error_names_the_line_of_the_step(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(SOURCE)
    (tmp_path / "mine.yaml").write_text(
        "# A comment.\nsteps:\n- use: mine.py:Ask\n\n- use: mine.py:Answer\n  name: answer\n"
    )
    pipeline = load_pipeline(tmp_path / "mine.yaml", allow_code=[tmp_path / "mine.py"])
    with pytest.raises(
        UsageError, match=r"step 'answer' of '.*mine\.yaml', line 5, reads a column 'qestion'"
    ):
        run(pipeline, 2, llm=scripted())


def test_the_error_names_the_file_of_the_step(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(SOURCE)
    (tmp_path / "mine.yaml").write_text(
        'steps: [{use: "mine.py:Ask"}, {use: "mine.py:Answer", name: answer}]'
    )
    pipeline = load_pipeline(tmp_path / "mine.yaml", allow_code=[tmp_path / "mine.py"])
    with pytest.raises(
        UsageError, match=r"step 'answer' of '.*mine\.yaml', line 1, reads a column 'qestion'"
    ):
        run(pipeline, 2, llm=scripted())
