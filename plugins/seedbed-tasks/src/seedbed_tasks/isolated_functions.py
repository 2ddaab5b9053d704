"""Functions of a Python source that run in a sandbox, where nothing that they do can forge their results."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from seedbed import UsageError

_DISK_MB, _PROCESSES, _OUTPUT_KB = 16, 16, 64


class Called(NamedTuple):
    """What a call came to: its value, in JSON, or the error that it raised, such as `ValueError: too big`."""

    value: Any = None
    error: str | None = None


SANDBOX_PACKAGES = {"seedbed_data": "seedbed-tasks[code]", "sandlock": "seedbed-tasks[code]"}
"""The packages that run functions, by what `import` and `pip install` call them."""


class Sandbox(BaseModel):
    """How functions are run: the time and memory they may take, and whether they see installed packages.

        sandbox = Sandbox(seconds=2)
        sandbox.check()
        await sandbox.call("def double(n): return 2 * n", [{"name": "double", "arguments": {"n": 4}}])

    They see no environment, so no keys, no network, and no files but Python's and a folder of their own.
    """

    model_config = ConfigDict(extra="forbid")

    seconds: float = Field(default=10, gt=0, le=3600, description="How long it may take.")
    memory_mb: int = Field(default=256, ge=64, description="Memory of the functions and their processes.")
    packages: bool = Field(default=False, description="Whether they may import the packages installed here.")

    # Each takes a process, which would otherwise spend its time waiting for a core.
    _room: asyncio.Semaphore = PrivateAttr(default_factory=lambda: asyncio.Semaphore(os.cpu_count() or 1))

    def check(self) -> None:
        """Raise UsageError if functions can't be run safely on this machine."""
        _sandbox().check_sandbox()

    async def call(self, source: str, calls: Sequence[Mapping[str, Any]]) -> list[Called]:
        """Return what each call came to; they're made in one process, in order: {"name":, "arguments":}."""
        made = await self._run("call_functions", source, calls)
        return [Called(**one) for one in made]

    async def failure(self, source: str, tests: Sequence[str]) -> str | None:
        """Return what was wrong with the first test that fails, or None if all pass.

        A test is Python code, such as `assert double(2) == 4`. It calls functions of the source with plain
        values (numbers, text, lists, tuples, sets, dictionaries, None), and gets such values.
        """
        wrong: str | None = (await self._run("run_tests", source, tests)).wrong
        return wrong

    async def _run(self, function: str, source: str, orders: Sequence[Any]) -> Any:
        sandbox = _sandbox()
        bounds = sandbox.Bounds(self.seconds, self.memory_mb, _DISK_MB, _PROCESSES, _OUTPUT_KB)
        run = getattr(sandbox, function)
        async with self._room:
            return await asyncio.to_thread(run, source, orders, bounds, packages=self.packages)


def _sandbox() -> Any:
    try:
        import seedbed_data
    except ImportError as error:
        raise UsageError(
            "running code needs the package seedbed-data", "pip install 'seedbed-tasks[code]'"
        ) from error
    return seedbed_data
