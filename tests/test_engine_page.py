"""Every invariant on the engine's page names tests that hold it, and they are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "explanation" / "engine.md").read_text()
INVARIANTS = re.findall(r"^### (\d+\. .*?)\n(.*?)(?=^###? |\Z)", PAGE, re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"^- `([\w/.-]+\.py)::(\w+)`$", re.MULTILINE)


def functions_in(path: Path) -> set[str]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, kinds)}


@pytest.mark.parametrize(("title", "text"), INVARIANTS, ids=[title for title, _ in INVARIANTS])
def test_an_invariant_names_tests_that_exist(title: str, text: str) -> None:
    named = NAMED.findall(text)

    assert named, f"'{title}' names no test"
    assert len(named) == text.count("::"), "a test is named on a line of its own: - `path::name`"
    for path, name in named:
        assert name.startswith("test_")
        assert name in functions_in(ROOT / path), f"{path} has no {name}"
