"""Each row is tried for a trainer's form: what can't have it stops the run at once, not after all is paid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.support.scripted_llm import ScriptedLLM

from seedbed import GeneratorTask, Output, Run, run


class Tides(GeneratorTask):
    """Titles with a text; every second row has a system prompt."""

    template: str = "About {{ title }}"

    def sample(self, index: int, rng: Any) -> dict[str, Any]:
        more = {"rules": "Be brief."} if index % 2 else {}
        return {"title": f"tide {index}", **more}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def llm() -> ScriptedLLM:
    return ScriptedLLM(lambda _: "Water.")


def ask(model: ScriptedLLM, **columns: str) -> Run:
    out = Output("a.jsonl", form="chat", columns=columns)
    return run(Tides(), 300, llm=model, concurrency=2, name="a", out=out)


def test_a_part_without_a_column_stops_the_run_at_its_first_row() -> None:
    model = llm()
    made = ask(model)
    assert made.outcome == "stopped"
    assert "none of the columns is known as the prompt" in str(made.stopped_by)
    assert "--column prompt=COLUMN" in str(made.stopped_by)
    assert len(model.requests) < 150


def test_a_column_that_is_not_there_stops_the_run_at_its_first_row() -> None:
    model = llm()
    assert "there is no column 'titel'" in str(ask(model, prompt="titel").stopped_by)
    assert len(model.requests) < 150


@pytest.mark.slow
def test_the_rows_of_a_run_that_was_stopped_by_a_form_are_kept_and_not_bought_again() -> None:
    model = llm()
    ask(model)
    made = ask(model, prompt="title")
    assert made.accepted == 300
    assert len(model.requests) == 300


@pytest.mark.slow
def test_a_column_for_an_optional_part_may_come_after_the_first_row() -> None:
    assert ask(llm(), prompt="title", system="rules").outcome == "complete"
    assert "Be brief." in Path("a.jsonl").read_text()


class Rare(Tides):
    """Titles, of which the fifth is missing."""

    def sample(self, index: int, rng: Any) -> dict[str, Any]:
        return {"title": None if index == 4 else f"tide {index}"}

    template: str = "About {{ title or 'nothing' }}"


@pytest.mark.slow
def test_a_later_row_that_cannot_have_the_form_stops_the_run_and_is_named() -> None:
    model = llm()
    out = Output("a.jsonl", form="chat", columns={"prompt": "title"})
    made = run(Rare(), 300, llm=model, concurrency=2, name="a", out=out)

    assert made.outcome == "stopped"
    assert "row 5 can't have the form 'chat': column 'title' is None" in str(made.stopped_by)
    assert "use: filter" in str(made.stopped_by)
    assert len(model.requests) < 150
    assert made.accepted == 5

    whole = run(Rare(), 300, llm=model, concurrency=2, name="a", out="a.jsonl")
    assert whole.accepted == 300
    assert len(model.requests) == 300


def test_a_column_that_comes_later_and_could_be_the_same_part_stops_the_run() -> None:
    class Two(Tides):
        """Titles, and a second column for the prompt in the third row."""

        def sample(self, index: int, rng: Any) -> dict[str, Any]:
            return {"title": "x", "prompt": f"tide {index}", **({"question": "Why?"} if index == 2 else {})}

    model = llm()
    made = run(Two(), 300, llm=model, concurrency=2, name="a", out=Output("a.jsonl", form="chat"))
    assert (
        "row 3 can't have the form 'chat': more than one column could be the prompt: 'prompt', 'question'"
        in str(made.stopped_by)
    )
    assert len(model.requests) < 150
