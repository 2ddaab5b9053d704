"""A breakpoint in a task stops where its author put it: one process, and nothing is pickled."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

PROGRAM = """
    from tests.support.scripted_llm import scripted
    from seedbed import GeneratorTask, Step, run

    class Answer(GeneratorTask):
        template: str = "a"

        def format_output(self, output, input):
            secret = output.upper()
            breakpoint()
            return {"answer": secret}

    class Check(Step):
        def process(self, row):
            breakpoint()
            return row

    print(list((Answer(llm=scripted("yes")) >> Check()).run(1).rows()))
"""


@pytest.mark.slow
def test_pdb_stops_inside_of_a_task_and_of_a_step(tmp_path: Path) -> None:
    command = [sys.executable, "-c", textwrap.dedent(PROGRAM)]
    typed = "p secret, input\nc\np row['answer']\nc\n"

    done = subprocess.run(command, input=typed, capture_output=True, text=True, timeout=60, check=True)

    assert "('YES', {})" in done.stdout
    assert "'YES'\n" in done.stdout
    assert done.stdout.endswith("[{'answer': 'YES', 'model_name': 'scripted'}]\n")
