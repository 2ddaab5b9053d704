"""Live quality of runs: the same at any timing, shown where people look, and a condition that stops a run."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from tests.support.scripted_llm import ScriptedLLM, prompt, scripted

from seedbed import GeneratorTask, Pipeline, Quality, Request, Step, Task, UsageError, hookimpl, run
from seedbed.cli import invoke
from seedbed.store import RunReader

WORDS = [f"word{place}" for place in range(300)]


class Story(GeneratorTask):
    """Tells stories; `topic` is long, and alike in all rows."""

    template: str = "story {{ number }}"

    def sample(self, index: int, rng: random.Random) -> dict[str, Any]:
        return {"number": index, "topic": "a topic of many words that each of the rows has"}


def story(request: Request) -> str:
    """Answer with a text of 20 words; each third row has that of the row before."""
    number = int(prompt(request).split()[1])
    rng = random.Random(number - number % 3 // 2)
    return " ".join(rng.choices(WORDS, k=20))


def llm(answer: Callable[[Request], Any] = story) -> ScriptedLLM:
    return scripted(answer)


def test_a_run_tells_the_quality_of_its_rows() -> None:
    made = run(Story(llm=llm()), 60)
    assert made.quality is not None
    assert made.quality.rows == 60
    assert made.quality.near_duplicates == pytest.approx(1 / 3)
    assert made.summary()["quality"]["near_duplicates"] == 0.3333


def test_the_last_rows_count_when_they_are_fewer_than_ten() -> None:
    made = run(Story(llm=llm()), 23)
    assert made.quality is not None
    assert made.quality.rows == 23


@pytest.mark.slow
def test_the_figures_are_the_same_at_any_timing() -> None:
    async def late(request: Request) -> str:
        await asyncio.sleep(random.random() / 100)
        return story(request)

    assert run(Story(llm=llm(late)), 100, concurrency=16).quality == run(Story(llm=llm()), 100).quality


@pytest.mark.slow
def test_a_run_that_is_resumed_has_the_figures_of_one_session(runs: Path) -> None:
    first = run(Story(llm=llm()), 30, name="story")
    again = run(Story(llm=llm()), 90, name="story")
    assert again.quality == run(Story(llm=llm()), 90).quality != first.quality
    asked = llm()
    finished = run(Story(llm=asked), 90, name="story")
    assert asked.requests == []
    assert finished.quality is not None
    assert finished.quality.near_duplicates == pytest.approx(again.quality.near_duplicates, abs=1e-4)


def test_nothing_is_measured_without_a_model_or_if_it_is_not_wanted() -> None:
    class Same(Step):
        def process(self, row: dict[str, Any]) -> dict[str, Any]:
            return row

    rows = [{"text": "the same five words each time"}] * 30
    assert run(Same(), input=rows).quality is None
    assert run(Story(llm=llm()), 30, quality=False).quality is None


def test_columns_of_the_input_do_not_count() -> None:
    class Answer(Task):
        template: str = "story {{ number }}"

    rows = [{"number": place, "text": "the same five words each time"} for place in range(60)]
    made = run(Answer(llm=llm()), input=rows)
    assert made.quality is not None
    assert made.quality.near_duplicates == pytest.approx(1 / 3)


def test_rows_for_which_a_model_was_asked_again_are_counted() -> None:
    class Typed(Story):
        class Output(BaseModel):
            text: str

    def answer(request: Request) -> str:
        is_first, is_odd = prompt(request).startswith("story"), prompt(request).endswith("0")
        return "no JSON" if is_first and is_odd else json.dumps({"text": "a text of five words"})

    made = run(Typed(llm=llm(answer)), 40)
    assert made.quality is not None
    assert made.quality.reasked == 4 / 40


def test_a_condition_stops_a_run_after_the_same_row_at_any_timing() -> None:
    async def late(request: Request) -> str:
        await asyncio.sleep(random.random() / 100)
        return story(request)

    stopped = [
        run(Story(llm=llm(answer)), 500, stop_if="near_duplicates > 0.3 and rows >= 50", concurrency=16)
        for answer in (story, late)
    ]
    assert [(one.outcome, one.accepted) for one in stopped] == [("stopped", 50)] * 2
    assert "after 50 rows near_duplicates is 0.32, so the stop condition 'near_duplicates > 0.3" in str(
        stopped[0].stopped_by
    )


def test_a_run_that_was_stopped_is_resumed_without_paying_again(runs: Path) -> None:
    first = run(Story(llm=llm()), 100, name="story", stop_if="near_duplicates > 0.3")
    assert first.accepted == 30
    same = llm()
    assert run(Story(llm=same), 100, name="story", stop_if="near_duplicates > 0.3").accepted == 30
    other = llm()
    assert run(Story(llm=other), 100, name="story").accepted == 100
    numbers = [prompt(request) for request in other.requests]
    assert not {f"story {place}" for place in range(30)} & set(numbers)


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("near_duplicate > 0.3", "did you mean 'near_duplicates'"),
        ("near_duplicates > 'much'", "has no value"),
        ("near_duplicates >", "is not an expression"),
        ("1 > 0", "uses no figure"),
        ("near_duplicates.__class__", "not allowed"),
        (3, "give a text"),
    ],
)
def test_a_wrong_condition_is_refused_before_anything_is_paid_for(condition: Any, said: str) -> None:
    asked = llm()
    with pytest.raises(UsageError, match=said):
        run(Story(llm=asked), 30, stop_if=condition)
    assert asked.requests == []


def test_a_condition_needs_texts_of_a_model_and_their_quality() -> None:
    class Same(Step):
        def process(self, row: dict[str, Any]) -> dict[str, Any]:
            return row

    with pytest.raises(UsageError, match="none is asked"):
        run(Same(), input=[{"text": "a"}], stop_if="refusals > 0")
    with pytest.raises(UsageError, match="isn't measured"):
        run(Story(llm=llm()), 3, stop_if="refusals > 0", quality=False)


def test_a_pipeline_file_has_a_condition(tmp_path: Path) -> None:
    pipeline = Pipeline([Story()], "stories")
    file = tmp_path / "stories.yaml"
    (tmp_path / "steps.py").write_text("")
    file.write_text("stop_if: near_duplicates > 0.3\nn: 100\nsteps: [{use: qa-pairs}]\n")
    defaults = Pipeline.from_file(file).defaults
    assert defaults.stop_if == "near_duplicates > 0.3"
    made = pipeline.with_defaults(defaults).run(llm=llm())
    assert (made.outcome, made.accepted) == ("stopped", 30)
    text = Pipeline.from_file(file).to_yaml()
    assert "stop_if: near_duplicates > 0.3" in text


def test_an_observer_gets_the_quality_with_the_outcome() -> None:
    class Watching:
        found: Quality | None = None

        @hookimpl
        def seedbed_run_finished(self, run: Any, outcome: Any) -> None:
            self.found = outcome.quality

    watching = Watching()
    made = run(Story(llm=llm()), 30, observers=[watching])
    assert watching.found == made.quality != None  # noqa: E711


def test_runs_show_tells_the_quality(runs: Path, capsys: Any) -> None:
    run(Story(llm=llm()), 60, name="story")
    assert invoke(["runs", "show", "story"]) == 0
    assert "Quality    33 % near duplicates" in capsys.readouterr().out
    assert invoke(["runs", "show", "story", "--json"]) == 0
    (session,) = json.loads(capsys.readouterr().out)["sessions"]
    assert session["summary"]["quality"]["rows"] == 60
    with RunReader.open(runs / "story") as reader:
        assert reader.last_session().summary["quality"]["near_duplicates"] == 0.3333


def test_runs_show_tells_the_quality_of_a_run_that_goes_on(runs: Path) -> None:
    shown: list[dict[str, Any]] = []

    async def answer(request: Request) -> str:
        while prompt(request) == "story 119" and not shown:
            with RunReader.open(runs / "story") as reader:
                session = reader.last_session()
            if session is not None and session.summary and session.summary.get("quality"):
                shown.append(session.summary["quality"])
            # Until the writer has committed it.
            await asyncio.sleep(0.01)
        return story(request)

    run(Story(llm=llm(answer)), 120, name="story", concurrency=1)
    assert [found["rows"] in (50, 100) for found in shown] == [True]


def test_the_name_of_the_model_does_not_make_a_text_long_enough() -> None:
    made = run(Story(llm=llm(lambda request: "only four words here")), 20)
    assert made.quality == Quality()
