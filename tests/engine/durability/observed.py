"""What the tests kill while an observer notes what it hears: `python observed.py KIND OUT`.

Each line of the file `heard` is written with one call, so that what has been heard survives a kill.
"""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path
from typing import Any

import orjson

from seedbed import hookimpl, run
from seedbed_openai import OpenAILLM


class Scribe:
    """Writes down what it hears."""

    def __init__(self) -> None:
        self._file = os.open("heard", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    @hookimpl
    def seedbed_call_finished(self, call: Any) -> None:
        self._note("call", call.step, call.row, call.attempt, call.encoded.decode())

    @hookimpl
    def seedbed_row_finished(self, row: Any) -> None:
        self._note("row", row.leaf, row.seq, row.id, row.verdict, row.columns)

    @hookimpl
    def seedbed_run_finished(self, outcome: Any) -> None:
        self._note("outcome", outcome.outcome)

    def _note(self, *what: Any) -> None:
        os.write(self._file, orjson.dumps(what) + b"\n")


def main(kind: str, out: str) -> None:
    """Make the dataset of a kind, or go on with it."""
    made = runpy.run_path(str(Path(__file__).with_name("programs.py")))["KINDS"][kind]
    run(made.make(), made.n, llm=OpenAILLM(model="m"), out=out, concurrency=8, observers=[Scribe()])


if __name__ == "__main__":
    main(*sys.argv[1:])
