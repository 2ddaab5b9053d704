"""`embed` and `dedup-semantic` send the texts of many rows in one request; each row is on its own."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from seedbed import Embedder, Embeddings, Usage, get_embedder, run
from seedbed.store import RunReader
from seedbed.testing import EmbeddingsAPI, Received, Reply, ScriptedServer
from seedbed_data import DedupSemantic, Embed

PROTOCOL = EmbeddingsAPI()
ROWS = [{"text": f"text number {number}"} for number in range(100)]
STEPS = ["embed", "dedup-semantic"]


def answer(received: Received) -> Reply:
    texts = texts_of(received)
    tokens = Usage(sum(map(len, texts)))
    return PROTOCOL.answer(Embeddings(vectors=[vector_for(text) for text in texts], usage=tokens))


def vector_for(text: str) -> list[float]:
    """Return a vector of four numbers that 32-bit floats hold exactly; other texts have other vectors."""
    return [float(byte) for byte in hashlib.blake2b(text.encode(), digest_size=4).digest()]


def texts_of(received: Received) -> list[str]:
    return [message["content"] for message in PROTOCOL.read(received).request.messages]


def asked(server: ScriptedServer) -> list[str]:
    return sorted(text for received in server.received for text in texts_of(received))


def embedder_at(server: ScriptedServer, **fields: Any) -> Embedder:
    return get_embedder("openai/m", base_url=f"{server.url}/v1", api_key="none", **fields)


def step_of(name: str, embedder: Embedder) -> Any:
    # Vectors of four numbers that are anything: only equal ones are alike.
    return Embed(embedder=embedder) if name == "embed" else DedupSemantic(embedder=embedder, threshold=1.0)


@pytest.mark.usefixtures("lingering")
@pytest.mark.parametrize("name", STEPS)
def test_a_hundred_rows_are_a_few_requests_and_each_gets_its_own_vector(name, scripted_server):
    scripted_server.answer_with(Reply(body=answer))
    made = run(step_of(name, embedder_at(scripted_server, batch_size=32)), input=ROWS)
    assert [row["text"] for row in made.rows()] == [row["text"] for row in ROWS]
    if name == "embed":
        assert [row["vector"] for row in made.rows()] == [vector_for(row["text"]) for row in ROWS]
    assert asked(scripted_server) == sorted(row["text"] for row in ROWS)
    sizes = [len(texts_of(received)) for received in scripted_server.received]
    assert max(sizes) <= 32
    assert len(sizes) <= 10
    assert made.calls.usage.input_tokens == sum(len(row["text"]) for row in ROWS)


@pytest.mark.parametrize("name", STEPS)
def test_a_text_that_the_server_refuses_fails_its_row_alone(name, scripted_server):
    refusal = Reply(400, {"error": {"message": "text 41 is bad"}})

    def picky(received: Received) -> Reply:
        return refusal if "text number 41" in texts_of(received) else answer(received)

    scripted_server.answer_with(Reply(body=picky))
    made = run(step_of(name, embedder_at(scripted_server)), input=ROWS)
    assert [row["text"] for row in made.rows()] == [row["text"] for row in [*ROWS[:41], *ROWS[42:]]]
    assert ["text 41 is bad" in row.reason for row in made.failed_rows()] == [True]


@pytest.mark.slow
@pytest.mark.usefixtures("lingering")
def test_texts_of_several_steps_go_to_their_own_models(scripted_server):
    scripted_server.answer_with(Reply(body=answer))
    first = embedder_at(scripted_server)
    second = get_embedder("openai/other", base_url=f"{scripted_server.url}/v1", api_key="none")
    made = run(Embed(embedder=first) >> Embed(embedder=second, name="again", into="other"), input=ROWS)
    assert all(row["vector"] == row["other"] == vector_for(row["text"]) for row in made.rows())
    models = [PROTOCOL.read(received).model for received in scripted_server.received]
    assert set(models) == {"m", "other"}
    assert len(models) <= 20


@pytest.mark.slow
@pytest.mark.parametrize("name", STEPS)
def test_a_killed_run_buys_no_vector_twice_and_ends_with_the_same_bytes(name, tmp_path):
    with ScriptedServer() as server:
        # Every request of the killed process but the first five is never answered.
        server.answer_with(*[Reply(body=answer)] * 5, Reply(hang=True))
        with command(name, server, tmp_path) as killed:
            try:
                kept = durable(tmp_path / "runs" / "out", server, killed)
            finally:
                killed.send_signal(signal.SIGKILL)
        before = asked(server)
        server.answer_with(Reply(body=answer))
        with command(name, server, tmp_path, batch_size=5) as resumed:
            assert resumed.wait() == 0
        # What was in flight when it was killed is asked again, and nothing else.
        assert len(asked(server)) == len(ROWS) - kept
        assert set(asked(server)) | set(before) == {row["text"] for row in ROWS}
        whole = tmp_path / "whole"
        whole.mkdir()
        with command(name, server, whole) as other:
            assert other.wait() == 0
    assert (tmp_path / "out.jsonl").read_bytes() == (whole / "out.jsonl").read_bytes()


def command(name: str, server: ScriptedServer, folder: Path, batch_size: int = 8) -> subprocess.Popen[bytes]:
    embedder = {"use": "openai/m", "with": {"base_url": f"{server.url}/v1", "batch_size": batch_size}}
    threshold = {"threshold": 1.0} if name == "dedup-semantic" else {}
    steps = [{"use": name, "with": {"embedder": embedder, **threshold}}]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    (folder / "case.yaml").write_text(yaml.safe_dump({"steps": steps}))
    options = ["run", "case.yaml", "--input", "rows.jsonl", "-o", "out.jsonl", "--allow-host", "127.0.0.1"]
    environment = {**os.environ, "SEEDBED_RUNS": str(folder / "runs"), "OPENAI_API_KEY": "none"}
    return subprocess.Popen([sys.executable, "-m", "seedbed", *options], cwd=folder, env=environment)


def durable(run_folder: Path, server: ScriptedServer, process: subprocess.Popen[bytes]) -> int:
    """Return how many answers are on disk, once those to the first five requests are, of any size."""
    while process.poll() is None:
        if len(server.received) > 5:
            wanted = sum(len(texts_of(received)) for received in server.received[:5])
            with RunReader.open(run_folder) as reader:
                if (found := reader.count_calls()) >= wanted:
                    return found
        time.sleep(0.02)
    raise AssertionError("the run has ended")
