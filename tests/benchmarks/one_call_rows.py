"""Rows made by Seedbed: a generator task, an HTTP backend, the journal on."""

from __future__ import annotations

from tests.benchmarks.child import Clock
from tests.benchmarks.nginx import MODEL
from tests.benchmarks.row_kinds import KINDS, Kind

from seedbed import run
from seedbed_openai import OpenAILLM


def make_rows(base_url: str, rows: int, connections: int, kind: Kind = "plain") -> dict[str, float]:
    """Make the rows, and return the seconds and the processor seconds that they took.

    The process has made a few before: what a start takes has a measure of its own, `whole-process`.
    """
    llm, task = OpenAILLM(model=MODEL, base_url=base_url, preset="vllm"), KINDS[kind].task()
    clock = Clock()
    run(task, connections, llm=llm, name="first", out="first.jsonl", concurrency=connections)
    with clock.running():
        made = run(task, rows, llm=llm, name="stories", out="stories.jsonl", concurrency=connections)
    if made.accepted != rows:
        raise RuntimeError(str(made))
    return {"seconds": clock.wall, "cpu": clock.cpu}
