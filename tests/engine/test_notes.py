"""What is odd about a run and no failure stands in its summary: a loop held up, defaults that do not fit."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Result, folder, seedbed

from seedbed import LLM, GeneratorTask, Response, run
from seedbed.llm.calling import blocked_loop

__all__ = ["folder", "seedbed"]

HELD_UP = 0.7


class Sleepy(LLM):
    """Holds up the loop, in a function that it calls."""

    async def respond(self, request: Any) -> Response:
        nap()
        return Response.of_text("done")


def nap() -> None:
    time.sleep(HELD_UP)


class Patient(LLM):
    """Waits as one should, and works in many short steps."""

    async def respond(self, request: Any) -> Response:
        await asyncio.sleep(0.2)
        await asyncio.to_thread(time.sleep, 0.2)
        end = time.thread_time() + 0.01
        while time.thread_time() < end:
            pass
        return Response.of_text("done")


class Letter(GeneratorTask):
    template: str = "Write."


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has shorter times count than for users, however long the run takes."""
    monkeypatch.setattr(blocked_loop, "_LEAST", 0.3)
    monkeypatch.setattr(blocked_loop, "_LEAST_SHARE", 0.0)


class SleepyLetter(Letter):
    async def generate_row(self, input: Any) -> Any:
        nap()
        return {"generation": await self.ask("Write.")}


@pytest.mark.slow
@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize(
    ("task", "llm", "held_up_by"),
    [
        (Letter(), Sleepy(model="m"), Sleepy.respond),
        (SleepyLetter(), Patient(model="m"), SleepyLetter.generate_row),
    ],
)
def test_code_that_holds_up_all_calls_is_named_with_its_line(
    task: Letter, llm: LLM, held_up_by: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        made = run(task, n=1, llm=llm)

    (note,) = made.notes
    assert f"held up by `{held_up_by.__qualname__}` in {__file__}, line " in note
    line = int(note.partition(f"{__file__}, line ")[2].split()[0])
    lines, first = inspect.getsourcelines(held_up_by)
    assert first < line < first + len(lines)
    assert "asyncio.to_thread" in note
    assert made.outcome == "complete"
    assert made.summary()["notes"] == [note]
    assert note in caplog.text


@pytest.mark.slow
@pytest.mark.usefixtures("strict")
def test_code_that_waits_and_code_in_short_steps_is_not_named() -> None:
    # Other threads may hold up many of the steps for long: they don't each time.
    runs = (run(Letter(), n=50, llm=Patient(model="m")) for _ in range(3))

    assert any((made.accepted, made.notes) == (50, []) for made in runs)


class Odd(Letter):
    count: int = "many"  # type: ignore[assignment]
    api_token: int = "sk-secret"  # type: ignore[assignment]
    fine: int = 3


def test_defaults_that_do_not_fit_are_named_and_secret_ones_not_shown() -> None:
    first, second = run(Odd(), n=1, llm=Patient(model="m")).notes

    assert "step 'odd': the default 'many' of 'count' does not fit: it must be a whole number" in first
    assert f"the class 'Odd', in {__file__}, line " in first
    assert "api_token" in second
    assert "sk-secret" not in second


def test_a_default_that_the_user_replaces_is_no_matter() -> None:
    assert run(Odd(count=3, api_token=4), n=1, llm=Patient(model="m")).notes == []


@pytest.mark.slow
@pytest.mark.parametrize("args", [("run", "-o", "out.jsonl"), ("run",), ("preview",)])
def test_the_command_shows_notes_last(seedbed: Callable[..., Result], args: tuple[str, ...]) -> None:
    source = Path("t.py").read_text() + "\n\nclass Off(Haiku):\n    count: int = 'many'\n"
    Path("t.py").write_text(source)
    command, *more = args
    result = seedbed(command, "t.py:Off", "--llm", "t.py:Echo/m", "-n", "1", *more)

    assert result.status == 0
    assert "note: step 'off': the default 'many' of 'count' does not fit" in result.err

    if command == "run":
        assert "the default 'many' of 'count'" in seedbed("runs", "show", "out" if more else "off").out

    result = seedbed(command, "t.py:Off", "--llm", "t.py:Echo/m", "-n", "2", "--json", *more)
    summary = json.loads(result.out if more or command == "preview" else result.err)
    assert len(summary.get("summary", summary)["notes"]) == 1
