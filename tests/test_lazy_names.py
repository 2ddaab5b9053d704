"""The names of `seedbed`, which are loaded on first use, hide no error of what they load."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import pytest

from seedbed import ChatType, GeneratorStep, GeneratorStepOutput, Row, Task


@pytest.mark.parametrize("statement", ["from seedbed import Task", "import seedbed; seedbed.Task"])
def test_a_broken_dependency_is_named_by_its_own_error(tmp_path: Path, statement: str) -> None:
    (tmp_path / "jinja2.py").write_text("import os\nos.went_away\n")
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    tried = subprocess.run([sys.executable, "-c", statement], env=env, capture_output=True, text=True)
    last = tried.stderr.splitlines()[-1]
    assert last == (
        "ImportError: seedbed.tasks.task cannot be imported: "
        "AttributeError: module 'os' has no attribute 'went_away'"
    )
    assert "jinja2.py" in tried.stderr


def test_names_that_other_frameworks_share_annotate_what_they_do_there() -> None:
    class Greeting(Task):
        def format_input(self, input: Row) -> ChatType:
            return [{"role": "user", "content": f"Greet {input['who']}"}]

    class Counting(GeneratorStep):
        outputs: ClassVar[list[str]] = ["number"]

        def process(self, offset: int = 0) -> GeneratorStepOutput:
            yield [{"number": offset}], True

    assert Greeting().format_input({"who": "Ada"})[0]["content"] == "Greet Ada"
    assert list(Counting().process(3)) == [[{"number": 3}]]
