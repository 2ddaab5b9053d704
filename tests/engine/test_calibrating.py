"""What counts as the text that people rated, once a judge is calibrated by them."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.scripted_llm import scripted

from seedbed import GeneratorTask, Run, Step, run


class Scored(GeneratorTask):
    """Makes a text and its score in one step."""

    template: str = "{{ n }}"
    outputs = property(lambda self: ["text", "score"])

    def sample(self, index, rng):
        return {"n": index}

    def format_output(self, output, input):
        return {"text": output, "score": input["n"]}


class Judge(Step):
    factor: int = 1
    outputs = property(lambda self: ["verdict"])

    def process(self, row):
        return {**row, "verdict": row["score"] * self.factor}


def rated(made: Run) -> None:
    for row in range(4):
        made.rate(str(row), "good" if row > 1 else "bad", rater="ada")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_text_that_was_made_with_its_score_is_still_what_was_rated() -> None:
    made = run(Scored(llm=scripted("one")), 4, name="a")
    rated(made)
    made.calibrate("score")
    assert not made.ratings().older

    changed = run(Scored(llm=scripted("another"), template="{{ n }} again"), 4, name="a")
    assert [one.changed for one in changed.ratings().older] == [("text",)] * 4


def test_a_judge_may_be_changed_and_calibrated_again_without_rating_again() -> None:
    made = run(Scored(llm=scripted("one")) >> Judge(), 4, name="a")
    rated(made)
    assert made.calibrate("verdict").threshold == 2

    changed = run(Scored(llm=scripted("one")) >> Judge(factor=10), 4, name="a")
    assert changed.calibrate("verdict").threshold == 20
    assert not changed.ratings().older
