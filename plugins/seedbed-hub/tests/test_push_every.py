"""Files that are full are pushed while a run goes on; the end is the same as that of one push."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from tests.support.hub_server import HubServer

import seedbed
from seedbed import DatasetError, GeneratorTask, Output, UsageError
from seedbed.store import RunReader
from seedbed.testing import ScriptedLLM

from .test_push import rows_on

PLACE = "hf://ada/numbers"
NAME = "ada/numbers"
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


class Numbers(GeneratorTask):
    """Writes numbers."""

    template: str = "Number {{ i }}."

    def sample(self, index: int, rng: Any) -> dict[str, Any]:
        return {"i": index}


def shards(hub: HubServer) -> list[str]:
    return sorted(path for path in hub.files(NAME) if path.endswith(".parquet"))


def commits(hub: HubServer) -> int:
    return sum("/commit/" in call for call in hub.calls)


def made(hub: HubServer, n: int, out: Any, *, tries: dict[int, int] | None = None) -> seedbed.Run:
    """Make rows one by one; `tries` says how often a commit must have been tried before a row is made."""
    waits = {f"Number {row}.": times for row, times in (tries or {}).items()}

    async def answer(request: Any) -> str:
        prompt = request.messages[-1]["content"]
        if prompt in waits:
            await asyncio.to_thread(hub.wait_until, lambda: commits(hub) >= waits[prompt], "a push")
        return f"answer to {prompt}"

    return seedbed.run(Numbers(llm=ScriptedLLM(answer)), n=n, name="numbers", out=out, concurrency=1)


@pytest.mark.slow
def test_full_files_are_pushed_while_the_run_goes_on(hub: HubServer) -> None:
    made(hub, 25, Output(PLACE, push_every=10), tries={15: 1, 24: 2})
    first = hub.repositories[NAME].branches["main"][1]
    assert b"still being made" in first.files["README.md"]
    assert [path for path in first.files if path.endswith(".parquet")] == ["train-00000.parquet"]
    assert hub.messages(NAME) == [
        "10 rows so far by Seedbed",
        "20 rows so far by Seedbed",
        "25 rows by Seedbed",
    ]
    assert b"still being made" not in hub.files(NAME)["README.md"]


@pytest.mark.slow
def test_the_end_is_the_same_as_with_one_push_and_no_file_was_sent_twice(hub: HubServer) -> None:
    split = {"train": 0.7, "test": 0.3}
    made(hub, 57, Output(PLACE, split=split, push_every=10), tries={50: 1})
    assert len(hub.uploads) == len(set(hub.uploads))
    grown = {path: body for path, body in hub.files(NAME).items() if path.endswith(".parquet")}
    once = "hf://ada/once"
    seedbed.run(
        Numbers(llm=ScriptedLLM(lambda request: f"answer to {request.messages[-1]['content']}")),
        n=57,
        name="once",
        out=Output(once, split=split, shard_rows=10),
    )
    assert {path: body for path, body in hub.files("ada/once").items() if path in grown} == grown
    assert len(grown) == len([path for path in hub.files("ada/once") if path.endswith(".parquet")])
    assert len(rows_on(hub, NAME)) == 57


def test_a_run_that_goes_on_pushes_only_what_is_new(hub: HubServer) -> None:
    made(hub, 20, Output(PLACE, push_every=10))
    before = len(hub.uploads)
    hub.calls.clear()
    made(hub, 30, Output(PLACE, push_every=10))
    assert len(hub.uploads) == before + 1
    assert len(hub.uploads) == len(set(hub.uploads)) == 3
    assert [row["generation"] for row in rows_on(hub, NAME)] == [f"answer to Number {i}." for i in range(30)]


@pytest.mark.slow
def test_a_complete_dataset_stays_until_there_is_a_larger_one(hub: HubServer) -> None:
    # The second one is looked at after the first: once it's pushed, the first one could have been, too.
    outputs = [Output(PLACE, push_every=10), Output("hf://ada/others", push_every=5)]
    made(hub, 20, outputs)
    made(hub, 29, outputs, tries={28: commits(hub) + 1})
    assert "25 rows so far by Seedbed" in hub.messages("ada/others")
    assert hub.messages(NAME)[-2:] == ["20 rows by Seedbed", "29 rows by Seedbed"]


def refusing(times: int) -> Any:
    left = [times]

    async def fault(request: web.Request) -> web.Response | None:
        if "/commit/" not in request.path or not left[0]:
            return None
        left[0] -= 1
        return web.json_response(
            {"error": "full"}, status=403, headers={"X-Error-Message": "The Hub is full"}
        )

    return fault


def test_a_failed_push_is_a_warning_and_the_next_one_brings_its_rows(
    hub: HubServer, caplog: pytest.LogCaptureFixture
) -> None:
    hub.faults.append(refusing(1))
    with caplog.at_level(logging.WARNING, logger="seedbed"):
        made(hub, 35, Output(PLACE, push_every=10), tries={15: 1, 34: 2})
    assert hub.messages(NAME)[0] == "30 rows so far by Seedbed"
    assert "the run goes on, and tries again: the token may not write" in caplog.text
    assert "The Hub is full" in caplog.text
    assert len(rows_on(hub, NAME)) == 35


@pytest.mark.slow
def test_if_every_push_fails_the_run_is_complete_and_can_be_pushed(hub: HubServer, runs: Path) -> None:
    hub.faults.append(refusing(100))
    with pytest.raises(DatasetError, match="The Hub is full") as failed:
        made(hub, 35, Output(PLACE, push_every=10))
    assert failed.value.advice[-1] == (
        f"the run is kept, with all its rows: seedbed runs push numbers {PLACE}"
    )
    with RunReader.open(runs / "numbers") as reader:
        session = reader.last_session()
        assert session is not None
        assert session.outcome == "complete"
        assert len(reader.rows("numbers")) == 35
    hub.faults.clear()
    made(hub, 35, Output(PLACE, push_every=10))
    assert len(rows_on(hub, NAME)) == 35


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "10"])
def test_a_wrong_number_is_refused(value: Any) -> None:
    with pytest.raises(UsageError, match="a push can't have"):
        Output(PLACE, push_every=value)


def test_a_file_is_not_pushed() -> None:
    with pytest.raises(UsageError, match="isn't an address, so nothing is pushed"):
        Output("rows.parquet", push_every=10)


PIPELINE = """
input: rows.jsonl
out: {path: "hf://ada/numbers", push_every: 500, private: true}
steps:
  - use: map
    with: {make: {twice: "text ~ text"}}
"""


@pytest.mark.slow
def test_a_file_may_push_only_to_what_the_user_allows(hub: HubServer, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"text": "one"}\n')
    (tmp_path / "made.yaml").write_text(PIPELINE)
    for allowed in ([], ["--allow-path", "hf://ad"], ["--allow-path", "hf://ada/numbers2"]):
        words = [sys.executable, "-m", "seedbed", "run", "made.yaml", *allowed]
        ended = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
        assert ended.returncode == 2
        assert "reached with your account" in ended.stderr
    assert not hub.calls


@pytest.mark.slow
def test_a_pipeline_file_pushes_and_a_killed_run_resumes_without_losing_or_doubling(
    hub: HubServer, tmp_path: Path
) -> None:
    lines = (json.dumps({"text": f"text {number}"}) + "\n" for number in range(4000))
    (tmp_path / "rows.jsonl").write_text("".join(lines))
    (tmp_path / "made.yaml").write_text(PIPELINE)
    words = [sys.executable, "-m", "seedbed", "run", "made.yaml", "--allow-path", "hf://ada"]
    begun: list[subprocess.Popen[bytes]] = []

    async def kill(request: web.Request) -> None:
        if "/commit/" in request.path:
            os.kill(begun[0].pid, signal.SIGKILL)

    hub.faults.append(kill)
    begun.append(subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.DEVNULL))
    assert begun[0].wait(120) == -signal.SIGKILL
    hub.faults.clear()
    ended = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
    rows = rows_on(hub, NAME)
    assert [row["text"] for row in rows] == [f"text {number}" for number in range(4000)]
    assert hub.repositories[NAME].private
    assert len(hub.uploads) == len(set(hub.uploads))
