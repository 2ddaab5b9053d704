"""Calls, results and verdicts for the tests of the run store."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import Any

import orjson

from seedbed.store import Call, Result, RunStore, Verdict
from seedbed.store.run_values import Decision, ResultStatus


def call(row: int = 0, *, step: str = "write", attempt: int = 0, k: int = 0, **changes: Any) -> Call:
    made = Call(step, str(row), attempt, bytes(16), k, "stub/model", 10, 5, 2, 1, 0.25, b'{"text":"yes"}')
    return made._replace(**changes)


def result(row: int = 0, *made: dict[str, Any], step: str = "write", key: bytes = bytes(16)) -> Result:
    return Result(step, str(row), key, 0, "done", orjson.dumps(made or [{"n": row}]))


def refusal(row: int, status: ResultStatus, *, step: str = "write", attempt: int = 0, **why: Any) -> Result:
    rejected = status == "rejected"
    reason = {"reason": "", "kind": "RowError", "tries": 1, "text": None, "rejected": rejected, **why}
    return Result(step, str(row), bytes(16), attempt, status, b"[]", orjson.dumps([reason]))


def verdict(seq: int, *, row: int | None = None, k: int = 0, decision: Decision = "accepted") -> Verdict:
    source = str(seq if row is None else row)
    return Verdict("write", seq, source, decision, "write", source, k)


def answers_of(store: RunStore, row: str, *, step: str = "write") -> dict[tuple[bytes, int], bytes]:
    """Return the answers of a row, by digest and k."""
    return {(call.digest, call.k): call.answer for call in store.calls(step, row)}


def python(code: str, *arguments: object) -> subprocess.Popen[str]:
    """Start a Python process of the tests' own, with pipes."""
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
