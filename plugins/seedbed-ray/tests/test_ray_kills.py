"""Whatever is killed, the dataset is the same, and no answer that was safe is bought again."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from pathlib import Path

import pytest

from .conftest import ENV_KEY, OnRay, command_of, content_of, descendants
from .program import CONCURRENCY, FIELD_KEY, pipeline

pytestmark = pytest.mark.slow

# Of workers; half as many of runs, since each start of Ray takes ten seconds. To kill more of both:
# SEEDBED_KILLS=15 uv run pytest plugins/seedbed-ray -m slow -k killed
KILLS = int(os.environ.get("SEEDBED_KILLS", "4"))


def moments(seed: int, kills: int = KILLS) -> list[int]:
    """Return after how many answers to kill something, in order."""
    return sorted(random.Random(seed).sample(range(10, 400), kills))


def made_here(run: OnRay, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Return the dataset that the built-in engine makes."""
    monkeypatch.setenv("OPENAI_BASE_URL", run.server.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", ENV_KEY)
    out = run.out.with_name("here.jsonl")
    pipeline().run(150, out=out, name="here", concurrency=CONCURRENCY)
    return out.read_bytes()


def is_of_ray(command: str) -> bool:
    return command.startswith("ray::") or "/ray/" in command


def files_with(folder: Path, key: str) -> list[Path]:
    return [file for file in folder.rglob("*") if key.encode() in content_of(file)]


def test_workers_that_are_killed_lose_nothing_that_was_safe(on_ray: OnRay, monkeypatch: pytest.MonkeyPatch):
    rng = random.Random(4)
    on_ray.start()
    for number in moments(4):
        on_ray.wait_for_answers(number)
        on_ray.kill_worker(rng.randrange(2))
    assert on_ray.wait() == 0, on_ray.said

    assert len(on_ray.kills) == KILLS
    assert on_ray.bought_twice() == []
    assert files_with(on_ray.logs, ENV_KEY) == files_with(on_ray.logs, FIELD_KEY) == []
    assert files_with(on_ray.logs, "RowActor")
    shutil.rmtree(on_ray.logs)
    assert on_ray.out.read_bytes() == made_here(on_ray, monkeypatch)


def test_a_run_that_is_killed_is_resumed_and_leaves_no_process(
    on_ray: OnRay, monkeypatch: pytest.MonkeyPatch
):
    started: list[int] = []
    for number in moments(5, KILLS // 2):
        on_ray.start()
        on_ray.wait_for_answers(number)
        of_this_session = on_ray.kill()
        started += of_this_session
        # Workers notice at once that nobody is there. They'd buy answers that nobody gets.
        while any(command_of(pid).startswith("ray::RowActor") for pid in of_this_session):
            time.sleep(0.05)
    on_ray.start()
    assert on_ray.wait() == 0, on_ray.said
    # Some of Ray's own processes take a minute.
    while any(is_of_ray(command_of(pid)) for pid in started):
        time.sleep(0.05)

    assert on_ray.bought_twice() == []
    shutil.rmtree(on_ray.logs)
    assert on_ray.out.read_bytes() == made_here(on_ray, monkeypatch)


def test_ctrl_c_keeps_what_is_in_flight_and_ends_ray(on_ray: OnRay):
    on_ray.start_command()
    on_ray.wait_for_answers(30)
    assert on_ray.process is not None
    ray = [*descendants(on_ray.process.pid)]
    os.killpg(on_ray.process.pid, signal.SIGINT)
    assert on_ray.wait() == 3, on_ray.said
    # The kernel takes a moment to end what has been killed.
    while any(is_of_ray(command_of(pid)) for pid in ray):
        time.sleep(0.05)

    on_ray.start_command()
    assert on_ray.wait() == 0, on_ray.said
    assert len({asked.body for asked in on_ray.server.log}) == len(on_ray.server.log)
    shutil.rmtree(on_ray.logs)
