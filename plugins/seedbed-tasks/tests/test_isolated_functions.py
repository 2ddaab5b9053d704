"""Functions of tasks run apart from what calls them; seedbed-data's own tests try to forge their results."""

from __future__ import annotations

import asyncio

import pytest

from seedbed import UsageError
from seedbed_data import check_sandbox
from seedbed_tasks.isolated_functions import Called, Sandbox

try:
    check_sandbox()
except UsageError as error:
    pytest.skip(str(error), allow_module_level=True)


@pytest.mark.slow
def test_many_run_at_once() -> None:
    async def all_of_them() -> list[list[Called]]:
        sandbox = Sandbox()
        call = [{"name": "f", "arguments": {"n": 2}}]
        return await asyncio.gather(*(sandbox.call(f"def f(n): return n + {k}", call) for k in range(6)))

    assert asyncio.run(all_of_them()) == [[Called(2 + k)] for k in range(6)]


@pytest.mark.slow
def test_code_that_ends_its_process_has_no_value_and_passes_no_test() -> None:
    source = "import os\ndef f(): os._exit(0)"
    (made,) = asyncio.run(Sandbox().call(source, [{"name": "f", "arguments": {}}]))

    assert made == Called(error="the program ended by itself")
    assert asyncio.run(Sandbox().failure(source, ["assert f() == 1"]))


def test_its_bounds_are_those_given() -> None:
    (made,) = asyncio.run(
        Sandbox(seconds=0.5).call("def f():\n    while True: pass", [{"name": "f", "arguments": {}}])
    )

    assert made.error == "the code ran longer than 0.5 s"
