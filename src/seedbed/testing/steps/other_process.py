"""What a contract's step makes in another process, where texts have other hashes and sets another order."""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest

from seedbed.errors import SeedbedError
from seedbed.tasks.rows import encode_row
from seedbed.testing.contract_modules import imported

# One process for all tests, which forks for each: a new one would import Seedbed again, which takes a second.
_PROGRAM = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from seedbed.testing import StepContract, TaskContract
from seedbed.testing.steps.other_process import serve
serve()
"""
_ENDED_TEXT = "the step has ended another process in which it was made, or hung there"
_ENDED = json.dumps((None, _ENDED_TEXT))
_SEEDS = ("1", "2")
"""Seeds of hashes: the other process has one that this process hasn't."""


def made_elsewhere(contract: Any, method: str) -> Any:
    """Return what a method of a contract returns in another process; skips the test if it can't be asked.

    A contract has the fact `patience`.
    """
    cls = type(contract)
    request = {
        "module": cls.__module__,
        "file": getattr(sys.modules.get(cls.__module__), "__file__", None),
        "name": cls.__qualname__,
        "method": method,
        "folder": str(Path.cwd()),
        "path": sys.path,
    }
    made, problem = json.loads(_asked(json.dumps(request), contract.patience) or _ENDED)
    if problem == _ENDED_TEXT:
        pytest.fail(problem)
    if problem:
        pytest.skip(f"another process can't run the test: {problem}")
    return made


def _asked(request: str, patience: float) -> str:
    process = _process()
    assert process.stdin is not None
    assert process.stdout is not None
    late = threading.Timer(patience, _end, [process])
    late.start()
    answer = ""
    # A process that has ended reads nothing.
    with suppress(OSError):
        process.stdin.write(request + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
    late.cancel()
    if not answer:
        atexit.unregister(_stop)
        _stop(process)
        _process.cache_clear()
    return answer


def _stop(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def _end(process: subprocess.Popen[str]) -> None:
    # With the process that it has forked.
    os.killpg(process.pid, signal.SIGKILL) if hasattr(os, "killpg") else process.kill()


def as_kept(outcomes: Iterable[object]) -> list[object]:
    """Return rows, lists of rows and errors as a run keeps them, with a set as a sorted list."""
    return [_kept(outcome) for outcome in outcomes]


def serve() -> None:
    """Answer requests on standard input, until it ends."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    # What a plugin prints isn't an answer.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    # Not `sys.stdin` itself: it reads ahead, and a forked process would find what is meant for the next one.
    for line in iter(sys.stdin.readline, ""):
        contract, method, problem = _contract(**json.loads(line))
        # Each in a process of its own: what a step keeps in its class must not be there for the next test.
        child = os.fork() if hasattr(os, "fork") and not problem else None
        if child:
            _, status = os.waitpid(child, 0)
            if status:
                print(_ENDED, file=answers, flush=True)
            continue
        made = None
        try:
            made = None if problem else getattr(contract, method)()
        except Exception as error:  # noqa: BLE001 - what a fixture sets is missing here
            problem = f"{type(error).__name__}: {error}"
        print(json.dumps((made, problem)), file=answers, flush=True)
        if child == 0:
            os._exit(0)


def _contract(
    module: str, file: str | None, name: str, method: str, folder: str, path: list[str]
) -> tuple[Any, str, str]:
    """Return a contract, the method that is asked for, and why there's no contract."""
    sys.path[:] = path
    os.chdir(folder)
    known = sys.modules.get(module)
    if known is not None and getattr(known, "__file__", None) != file:
        # Another test's file of that name.
        del sys.modules[module]
    try:
        contract: Any = imported(module, file)
        for part in name.split("."):
            contract = getattr(contract, part)
        return contract(), method, ""
    except (Exception, SystemExit) as error:  # noqa: BLE001 - said where it was asked
        return None, method, f"{type(error).__name__}: {error}"


@cache
def _process() -> subprocess.Popen[str]:
    own = os.environ.get("PYTHONHASHSEED")
    seed = next(seed for seed in _SEEDS if seed != own)
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, json.dumps(sys.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONHASHSEED": seed},
        text=True,
        start_new_session=True,
    )
    atexit.register(_stop, process)
    return process


def _kept(outcome: object) -> object:
    if isinstance(outcome, list):
        return [_kept(row) for row in outcome]
    if isinstance(outcome, dict):
        try:
            return orjson.loads(encode_row(outcome))
        except SeedbedError as error:
            return f"{type(error).__name__}: {error}"
    return outcome
