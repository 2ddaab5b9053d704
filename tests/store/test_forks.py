"""A process that's forked while a run is open leaves that run alone, and can have runs of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system doesn't fork")

PROGRAM = '''
import asyncio, gc, json, os, signal, sys, threading
from pathlib import Path
from seedbed import GeneratorTask, SeedbedError, run
from seedbed.store import RunReader, RunStore
from seedbed.testing import ScriptedLLM


class Words(GeneratorTask):
    template: str = "Word {{ n }}"

    def sample(self, index, rng):
        return {"n": index}


name = sys.argv[1] or None
begun, go = threading.Event(), threading.Event()
asked, made, told = [], [], {}


async def answer(request):
    asked.append(request)
    if len(asked) > 8:
        begun.set()
        await asyncio.to_thread(go.wait)
    return "of the parent"


def parent():
    out = f"{name}.jsonl" if name else None
    made.append(run(Words(llm=ScriptedLLM(answer)), n=20, name=name, out=out, concurrency=4))


def child(does):
    """Say what a forked child comes to, and how it ends."""
    receive, send = os.pipe()
    if (pid := os.fork()) == 0:
        signal.alarm(60)
        try:
            said = does()
        except SeedbedError as error:
            said = str(error)
        os.write(send, json.dumps(said).encode())
        sys.exit(7)  # with everything that Python does at its end
    os.close(send)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return status, json.loads(os.read(receive, 10_000) or "null")


def own():
    run(Words(llm=ScriptedLLM(lambda request: "of the child")), n=5, name="own", out="own.jsonl")
    return Path("own.jsonl").read_text().count("of the child")


def writes():
    [store] = [one for one in gc.get_objects() if type(one) is RunStore]
    store.set_mark("from", "the child")


thread = threading.Thread(target=parent)
thread.start()
begun.wait()
told["nothing"] = child(gc.collect)[0]
told["own"] = child(own)
told["writes"] = child(writes)
if name:
    told["same"] = child(lambda: run(Words(llm=ScriptedLLM(lambda request: "x")), n=20, name=name))
    told["reads"] = child(lambda: RunReader.open(Path("runs", name)))
    told["files"] = sorted(path.name for path in Path("runs", name).iterdir())
go.set()
thread.join()
told["rows"] = [row["generation"] for row in made[0].rows()]
print(json.dumps(told))
'''


def told_by(folder: Path, name: str) -> dict[str, object]:
    environment = {**os.environ, "SEEDBED_RUNS": str(folder / "runs"), "TMPDIR": str(folder)}
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM, name],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    told: dict[str, object] = json.loads(ended.stdout)
    return told


@pytest.mark.slow
@pytest.mark.parametrize("name", ["words", pytest.param("", marks=pytest.mark.slow, id="unnamed")])
def test_a_forked_child_leaves_the_run_of_its_parent_alone(tmp_path: Path, name: str) -> None:
    told = told_by(tmp_path, name)
    assert told["nothing"] == 7
    assert told["own"] == [7, 5]
    status, said = told["writes"]  # type: ignore[misc]
    assert status == 7
    assert "is written by the process from which this one was forked" in said
    assert told["rows"] == ["of the parent"] * 20
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("seedbed-")]
    if name:
        # Not even the note is gone that says who writes the run.
        assert "run.db.holder" in told["files"]  # type: ignore[operator]
        assert "is writing the run in" in told["same"][1]  # type: ignore[index]
        assert "was forked from one that had the run in" in told["reads"][1]  # type: ignore[index]
