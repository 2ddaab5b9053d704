"""What refuses to go on with a run changes nothing in it: no session, no verdict, no model, no key."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.cli.conftest import Result
from tests.support.fault_server import FaultServer, Reply

from seedbed.engine.open_session import open_session
from seedbed.engine.plan_making import make_plan
from seedbed.store import run_folder

Seedbed = Callable[..., Result]

SOURCE = """
from seedbed import LLM, GeneratorTask, Response, Step, Task, hookimpl


class Some(GeneratorTask):
    template: str = "{{ x }}"

    def sample(self, index, rng):
        return {"x": f"row {index}"}


class Told(Task):
    template: str = "Say {{ mark }}."


class Marked(Step):
    def process(self, row):
        return {**row, "mark": MARK}


class Unlucky(LLM):
    async def respond(self, request):
        if request.messages[-1]["content"] == "row 1":
            raise ValueError("bad luck")
        return Response.of_text("fine")


class Ending(Unlucky):
    async def respond(self, request):
        raise SystemExit(3)


class Unloaded(Unlucky):
    def load(self):
        raise RuntimeError("no weights")


class Watch:
    @hookimpl
    def seedbed_run_started(self, run):
        pass
"""
PIPELINE = """
name: some
steps:
  - use: s.py:Marked
  - use: s.py:Told
    llm: {llm}
"""

REFUSED: dict[str, tuple[str, ...]] = {
    "an unknown model": ("--llm", "openai/unknown"),
    "a wrong key": ("--llm", "openai/m", "--set", "llm.api_key=wrong"),
    "a server that is not there": ("--llm", "openai/m", "--set", "llm.base_url=http://127.0.0.1:1/v1"),
    "a model that does not load": ("--llm", "s.py:Unloaded/m"),
    "a template that cannot be filled in": ("--llm", "s.py:Unlucky/m", "--set", "template={{ nothing }}"),
    "code that ends the process": ("--llm", "s.py:Ending/m"),
    "no price for a cap": ("--llm", "s.py:Unlucky/m", "--max-cost", "1"),
    "while it is observed": ("--llm", "openai/unknown", "--plugin", "s.py:Watch"),
}


@pytest.fixture
def place(folder: Path, fault_server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OPENAI_BASE_URL", f"{fault_server.url}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-x")
    error = {"message": "Incorrect API key provided", "code": "invalid_api_key"}
    fault_server.answer_with(Reply(401, body={"error": error}))
    (folder / "s.py").write_text(SOURCE.replace("MARK", "1"))
    return folder


@pytest.mark.parametrize("case", REFUSED)
def test_a_run_is_as_it_was_where_going_on_is_refused(seedbed: Seedbed, place: Path, case: str) -> None:
    asked = ("run", "s.py:Some", "-o", "out.jsonl", "-n")
    assert seedbed(*asked, "4", "--llm", "s.py:Unlucky/m").status == 1
    before = content("out")
    refused = seedbed(*asked, "9", *REFUSED[case])
    assert refused.status in (1, 2), refused
    assert "error: " in refused.err
    assert content("out") == before


def test_nothing_of_a_retry_is_written_before_its_model_has_answered(seedbed: Seedbed, place: Path) -> None:
    seedbed("run", "s.py:Some", "-o", "out.jsonl", "-n", "4", "--llm", "s.py:Unlucky/m")
    plan = make_plan("s.py:Some", n=4, llm="openai/m")
    session = open_session(plan, name="out", retry=True)
    try:
        # Also not what is noted while it's opened, however long it takes to begin.
        assert session._store.is_held
    finally:
        session.discard()


@pytest.mark.slow
def test_a_retry_that_is_refused_leaves_the_run_to_its_own_model_and_key(
    seedbed: Seedbed, place: Path
) -> None:
    seedbed("run", "s.py:Some", "-o", "out.jsonl", "-n", "4", "--llm", "s.py:Unlucky/m")
    before, rows = content("out"), Path("out.jsonl").read_text()
    seedbed("runs", "retry", "out", "--llm", "openai/m", "--set", "llm.api_key=wrong")
    assert content("out") == before
    assert Path("out.jsonl").read_text() == rows
    retried = seedbed("runs", "retry", "out")
    assert "bad luck" in retried.out + retried.err, retried


def test_rows_that_changed_before_the_refusal_are_as_they_were(seedbed: Seedbed, place: Path) -> None:
    (place / "in.jsonl").write_text('{"x": 1}\n{"x": 2}\n')
    (place / "p.yaml").write_text(PIPELINE.format(llm="s.py:Unlucky/m"))
    args = ("run", "p.yaml", "--allow-code", "s.py", "--input", "in.jsonl")
    assert seedbed(*args).status == 0
    before = content("some")
    (place / "s.py").write_text(SOURCE.replace("MARK", "2"))
    (place / "p.yaml").write_text(PIPELINE.format(llm="openai/unknown"))
    refused = seedbed(*args)
    assert refused.status == 2, refused
    assert content("some") == before


def content(name: str) -> list[str]:
    """Return all that a run's database holds, as SQL."""
    with closing(sqlite3.connect(run_folder(name) / "run.db")) as run:
        return list(run.iterdump())
