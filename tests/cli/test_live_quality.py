"""Live quality on the terminal: what is notable next to the progress, and a condition that stops the run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from tests.support.scripted_llm import scripted

from seedbed import GeneratorTask, LLMConnectionError, Response
from seedbed.cli import invoke
from seedbed.cli.terminal.bar import BarProgress
from seedbed.cli.terminal.progress import LineProgress
from seedbed.engine.open_session import open_session
from seedbed.engine.plan_making import make_plan
from seedbed.engine.session import Session

TASK = '''
from seedbed import GeneratorTask, LLM, Response


class Same(LLM):
    async def respond(self, request):
        return Response.of_text("the same answer for each of the rows")


class Story(GeneratorTask):
    """Tells stories."""

    template: str = "story {{ index }}"

    def sample(self, index, rng):
        return {"index": index}
'''


class Story(GeneratorTask):
    template: str = "story {{ index }}"

    def sample(self, index: int, rng: Any) -> dict[str, Any]:
        return {"index": index}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.py").write_text(TASK)


def ended(text: str) -> Session:
    session = open_session(make_plan(Story(llm=scripted(text)), n=30))
    session.execute()
    return session


def test_a_line_says_what_is_notable_after_the_rows(capsys: Any) -> None:
    progress = LineProgress(ended("the same answer for each of the rows"))
    progress._last_line -= 60
    progress.update()
    said = "97 % near duplicates, 97 % repeated openings, only 3 % new wording, "
    assert capsys.readouterr().err.startswith(f"30 of 30 rows, {said}")


def test_a_bar_has_a_line_for_what_is_notable_and_none_for_the_rest() -> None:
    shown = []
    for text in ("the same answer for each of the rows", "spam"):
        progress = BarProgress(ended(text))
        console = Console(width=100, height=20)
        with console.capture() as captured:
            console.print(progress._running(1.0))
        shown.append(captured.get())
    assert "97 % near duplicates · 97 % repeated openings" in shown[0]
    assert "near duplicates" not in shown[1]


def without_answer(seconds: float) -> Session:
    session = ended("spam")
    for fact in ("cannot reach 'x'", "'x' closed the\nconnection"):
        session.run.calls.retry(LLMConnectionError(fact, "is it running?"))
    unanswered = session.run.calls.unanswered
    assert unanswered is not None
    session.run.calls.unanswered = unanswered._replace(since=unanswered.since - seconds)
    return session


FAILING = "2 tries failed: 'x' closed the\\nconnection; trying again"


def test_a_line_says_why_calls_are_not_answered_and_repeats_it_more_rarely(capsys: Any) -> None:
    progress = LineProgress(without_answer(4))
    for _ in range(3):
        progress.update()
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("no answer for 4.")
    assert said.endswith(FAILING)
    progress.run.calls.add(Response.of_text("at last"))
    progress._next_unanswered = 0
    progress.update()
    assert not capsys.readouterr().err


def test_a_bar_has_a_line_for_why_calls_are_not_answered_unless_that_has_just_begun() -> None:
    shown = []
    for seconds in (4, 0):
        console = Console(width=120, height=20)
        with console.capture() as captured:
            console.print(BarProgress(without_answer(seconds))._running(1.0))
        shown.append(captured.get())
    assert FAILING in shown[0]
    assert "no answer" not in shown[1]


RUN = ("run", "t.py:Story", "--llm", "t.py:Same/m", "-n", "60", "-o", "out.jsonl")


def test_a_condition_stops_the_command_resumably(capsys: Any) -> None:
    assert invoke((*RUN, "--stop-if", "near_duplicates > 0.3")) == 3
    err = capsys.readouterr().err
    assert "after 20 rows near_duplicates is 0.95, so the stop condition 'near_duplicates > 0.3' holds" in err
    assert "without --stop-if, or with another one, the same command resumes it" in err
    assert "quality: 95 % near duplicates" in err
    assert invoke(RUN) == 0
    assert "60 rows in out.jsonl" in capsys.readouterr().err


def test_json_has_the_quality_and_the_reason(capsys: Any) -> None:
    assert invoke((*RUN, "--json", "--stop-if", "novelty < 0.5")) == 3
    summary = json.loads(capsys.readouterr().out)
    assert summary["quality"]["rows"] == summary["accepted"] == 20
    assert "novelty is 0.05" in summary["stopped_by"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--stop-if", "near_duplicate > 0.3"], "did you mean 'near_duplicates'?"),
        (["--stop-if", "near_duplicates > 0.3", "--no-quality"], "leave out --no-quality"),
        (["--stop-if", ""], "is not an expression"),
    ],
)
def test_a_wrong_condition_costs_nothing(arguments: list[str], said: str, capsys: Any) -> None:
    assert invoke((*RUN, *arguments)) == 2
    assert said in capsys.readouterr().err
    assert not Path("out.jsonl").exists()


def test_it_can_be_turned_off(capsys: Any) -> None:
    assert invoke((*RUN, "--no-quality", "--json")) == 0
    assert json.loads(capsys.readouterr().out)["quality"] is None


def test_check_finds_a_condition_that_is_none(capsys: Any) -> None:
    for condition, said in (("near_duplicates >", "is not an expression"), ("refusal > 0", "'refusals'?")):
        Path("p.yaml").write_text(f"n: 3\nstop_if: {condition}\nsteps: [{{use: qa-pairs}}]\n")
        assert invoke(("check", "p.yaml")) == 2
        out = capsys.readouterr().out
        assert out.startswith("p.yaml:2:10: ")
        assert said in out
