"""A dataset follows from what was asked and answered: not from the moment, the machine or the process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ENDINGS = [".jsonl", ".csv", ".parquet", ".arrow", ".hf"]

PROGRAM = """
import asyncio, hashlib, sys
from seedbed import LLM, Capabilities, GeneratorTask, Response, Step

class Hashing(LLM):
    @property
    def capabilities(self):
        return Capabilities(seed=True)

    async def respond(self, request):
        text = f"{request.messages[-1]['content']} {request.seed}"
        digest = hashlib.sha256(text.encode()).hexdigest()
        await asyncio.sleep((int(digest[0], 16) ^ int(sys.argv[1])) / 2000)
        return Response.of_text(digest)

class Drawn(GeneratorTask):
    template: str = "{{ word }}"
    unique = ("first",)

    def sample(self, index, rng):
        return {"word": rng.choice(sorted({"spring", "summer", "autumn", "winter"})), "draw": rng.random()}

    def format_output(self, output, input):
        return {"first": output[:2], "text": output}

class Split(Step):
    def process(self, row):
        return [{**row, "half": half} for half in (row["text"][:9], row["text"][9:])]

for ending in sys.argv[3:]:
    (Drawn(llm=Hashing(model="m")) >> Split()).run(60, out=f"out{ending}", concurrency=int(sys.argv[2]))
"""


def made_in(folder: Path, *how: object, **environment: str) -> dict[str, bytes]:
    folder.mkdir(parents=True)
    command = [sys.executable, "-c", PROGRAM, *map(str, how), *ENDINGS]
    where = {**os.environ, "SEEDBED_RUNS": "runs", **environment}
    subprocess.run(command, cwd=folder, env=where, check=True, capture_output=True)
    files = (file for file in folder.rglob("*") if file.is_file() and "runs" not in file.parts)
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


@pytest.mark.slow
@pytest.mark.parametrize(
    "other",
    [{"PYTHONHASHSEED": "2", "TZ": "Asia/Tokyo", "HOSTNAME": "elsewhere", "LANG": "C", "USER": "another"}],
    ids=["another time zone, machine, language and user"],
)
def test_a_dataset_is_the_same_bytes_wherever_and_whenever_it_is_made(
    tmp_path: Path, other: dict[str, str]
) -> None:
    here = made_in(tmp_path / "here", 0, 1, PYTHONHASHSEED="1", TZ="UTC")
    there = made_in(tmp_path / "far" / "there", 15, 50, **other)

    assert {Path(name).parts[0] for name in here} == {f"out{ending}" for ending in ENDINGS}
    assert len(here["out.jsonl"].splitlines()) == 60
    assert here == there
