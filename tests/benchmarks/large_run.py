"""A run of many rows, written through the store's own writer: what takes long for millions shows on it.

python -m tests.benchmarks.large_run FOLDER 10000000      # runs/large in FOLDER, about 12 GB
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
from tests.benchmarks.row_kinds import Story
from tests.support.scripted_llm import ScriptedLLM

from seedbed import run
from seedbed.store import Call, Result, RunReader, RunStore, Verdict, run_folder

NAME = "large"
STEP = "story"
REFUSED_EVERY = 200
FAILED_EVERY = 1000
FLUSH_EVERY = 20_000
"""Rows after which the program waits for the disk: additions never wait, and millions don't fit in memory."""

_WORDS = "seed snow autumn field bird river light root wind gate morning lantern harbour under without"


def write_run(folder: Path, rows: int) -> Path:
    """Make a run of two rows with the engine, and add the others as the engine would; return its folder."""
    os.chdir(folder)
    run(Story(), 2, llm=ScriptedLLM(lambda request: "Once.", model="m"), name=NAME, out=f"{NAME}.jsonl")
    path = run_folder(NAME)
    with RunReader.open(path) as reader:
        session = reader.last_working_session()
    assert session is not None
    with RunStore.open(path) as store:
        store.begin_session({**session.manifest, "n": rows, "wanted": rows})
        for number, additions in enumerate(_rows(2, rows)):
            for one in additions:
                _ADD[type(one)](store, one)
            if number % FLUSH_EVERY == 0:
                store.flush()
        store.end_session("complete", {**(session.summary or {}), "wanted": rows})
    return path


_ADD: dict[type, Any] = {
    Call: RunStore.add_call,
    Result: RunStore.add_result,
    Verdict: RunStore.add_verdict,
}


def _rows(first: int, rows: int) -> Iterator[tuple[Call | Result | Verdict, ...]]:
    rng = random.Random(1)
    texts = [" ".join(rng.choices(_WORDS.split(), k=40)) for _ in range(1000)]
    for number in range(first, rows):
        name, text = str(number), f"{number}: {texts[number % 1000]}"
        digest = rng.randbytes(16)
        answer = {"choices": [{"text": text, "finish_reason": "stop"}], "usage": [72, 60, 0, 0]}
        call = Call(STEP, name, 0, digest, 0, "m", 72, 60, 0, 0, 0.0001, orjson.dumps(answer))
        yield call, *_decided(number, text, digest)


def _decided(number: int, text: str, key: bytes) -> tuple[Result, Verdict]:
    name = str(number)
    verdict = "failed" if number % FAILED_EVERY == 7 else "rejected"
    if number % FAILED_EVERY == 7 or number % REFUSED_EVERY == 3:
        why = {"reason": f"{verdict} by the check", "kind": "Reject", "tries": 1, "text": text}
        why |= {"answered": True, "rejected": verdict == "rejected"}
        result = Result(STEP, name, key, 0, verdict, b"[]", orjson.dumps([why]))
        return result, Verdict(STEP, number, name, verdict, STEP, name, 0)
    row = {"number": number, "score": number % 11 / 10, "generation": text, "model_name": "m"}
    result = Result(STEP, name, key, 0, "done", orjson.dumps([row]), None)
    return result, Verdict(STEP, number, name, "accepted", STEP, name, 0)


if __name__ == "__main__":
    print(write_run(Path(sys.argv[1]), int(sys.argv[2])))
