"""A run by an engine in a process of its own, which a test kills.

As a script it is that process: it loads the class of a contract, and runs the plan with its engine.
"""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from operator import attrgetter
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from seedbed.pipeline.pipeline import Pipeline
from seedbed.testing.contract_modules import imported
from seedbed.testing.engines.engine_bench import EngineBench
from seedbed.testing.engines.engine_plans import Ask, Talk
from seedbed.testing.engines.model_server import KEY, ModelServer, ServedLLM

NAME = "killed"
"""The name of the run."""

ROWS = 4


def plan() -> Pipeline:
    """Return what is run: several calls for each row, so that a row is cut off between two of them."""
    return Talk() >> Ask()


class EngineProcess:
    """The process of a run: `kill` ends it with SIGKILL, and `said` is what it wrote to standard error."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path, server: ModelServer) -> None:
        self._process = process
        self._log = log
        # The test waits for the server: it has to hear when nothing more comes.
        threading.Thread(target=self._wake_at_end, args=(server,), daemon=True).start()

    @property
    def has_ended(self) -> bool:
        """Whether the process has ended."""
        return self._process.poll() is not None

    @property
    def said(self) -> str:
        """What it wrote to standard error."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def kill(self) -> None:
        """Kill it, as the out-of-memory killer or a machine that is switched off would."""
        self._process.kill()
        self._process.wait()

    def _wake_at_end(self, server: ModelServer) -> None:
        self._process.wait()
        server.wake()


@contextmanager
def started(contract: type[Any], server: ModelServer, folder: Path) -> Iterator[EngineProcess]:
    """Run the plan with a contract's engine in another process during a `with` block."""
    log = folder / "stderr.txt"
    command = (sys.executable, "-m", __name__, inspect.getfile(contract), contract.__module__)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(one for one in sys.path if one)}
    with log.open("wb") as said:
        process = subprocess.Popen(
            [*command, contract.__qualname__, server.url], env=environment, stdout=said, stderr=said
        )
    running = EngineProcess(process, log, server)
    try:
        yield running
    finally:
        running.kill()


def main(file: str, module: str, qualname: str, url: str) -> None:
    """Run the plan with the engine of the contract of this name, in a module or a file."""
    contract = attrgetter(qualname)(imported(module, file))()
    llm = ServedLLM(base_url=url, api_key=SecretStr(KEY))
    bench = EngineBench(contract.new_engine, llm, contract.patience)
    bench.session(plan(), NAME, n=ROWS, concurrency=1).execute()


if __name__ == "__main__":
    main(*sys.argv[1:])
