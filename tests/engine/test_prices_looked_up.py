"""The list of prices is loaded while the first calls are under way; what they cost is known all the same."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

LIST = """
    import pathlib, time
    from decimal import Decimal
    from types import SimpleNamespace

    # Loaded only when the first call has been made.
    until = time.monotonic() + 100
    while not pathlib.Path("called").exists():
        if time.monotonic() > until:
            raise ImportError("no call was made")
        time.sleep(0.01)

    Usage = SimpleNamespace

    def calc_price(usage, model, provider_id):
        rates = SimpleNamespace(input_mtok=Decimal(1), output_mtok=Decimal(2), cache_read_mtok=None)
        return SimpleNamespace(model_price=rates)
"""

PROGRAM = """
    import pathlib
    from seedbed import GeneratorTask, LLM, Response, Usage, run

    class Priced(LLM):
        @property
        def price_id(self):
            return "openai/gpt-4.1-mini"

        async def respond(self, request):
            pathlib.Path("called").touch()
            return Response.of_text("yes", Usage(input_tokens=1_000_000, output_tokens=500_000))

    class Ask(GeneratorTask):
        template: str = "Say yes."

    made = run(Ask(), 3, llm=Priced(model="m"))
    print(made.accepted, made.calls.cost)
"""


@pytest.mark.slow
def test_the_first_call_does_not_wait_for_the_list_of_prices(tmp_path: Path) -> None:
    (tmp_path / "genai_prices.py").write_text(textwrap.dedent(LIST))
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-c", textwrap.dedent(PROGRAM)]
    ended = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=200, check=False
    )

    assert (ended.stdout, ended.stderr) == ("3 6.0\n", "")
