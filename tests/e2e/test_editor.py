"""An editor completes and checks a pipeline file with the schema that `seedbed schema` prints."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.language_server import Editor, Place, editor, install

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed"),
]

HEADER = "# yaml-language-server: $schema=pipeline.schema.json\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("editor")
    install("yaml-language-server@1", made)
    with (made / "pipeline.schema.json").open("w") as schema:
        subprocess.run([sys.executable, "-m", "seedbed", "schema"], stdout=schema, check=True)
    return made


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Editor]:
    command = [str(folder / "node_modules" / ".bin" / "yaml-language-server"), "--stdio"]
    with editor(command, folder) as client:
        yield client


def opened(server: Editor, folder: Path, name: str, marked: str) -> tuple[Path, Place]:
    """Open a file, whose text has a `|` where the cursor is."""
    path = folder / f"{name}.yaml"
    return path, server.open(path, HEADER + marked)


COMPLETED = {
    "step": ("steps:\n  - use: |\n", {"qa-pairs", "dedup-exact", "join"}),
    "field-of-a-step": ("steps:\n  - use: qa-pairs\n    with:\n      |\n", {"topics", "num_generations"}),
    "next-field": (
        "steps:\n  - use: qa-pairs\n    with:\n      num_generations: 2\n      |\n",
        {"topics", "template"},
    ),
    "value-of-a-field": (
        "steps:\n  - use: join\n    with:\n      on: [a]\n      how: |\n",
        {"inner", "left"},
    ),
    "llm": ("llm: |\n", {"openai/MODEL", "llamacpp/MODEL"}),
    "field-of-an-llm": (
        "llm:\n  use: openai/gpt-4.1-mini\n  with:\n    |\nsteps:\n  - use: qa-pairs\n",
        {"temperature", "base_url"},
    ),
    "field-of-a-steps-llm": (
        "steps:\n  - use: qa-pairs\n    llm:\n      use: llamacpp/smollm2-135m\n      with:\n        |\n",
        {"parallel"},
    ),
    "key-of-a-step": ("steps:\n  - use: qa-pairs\n    |\n", {"with", "llm", "schema", "after"}),
}


@pytest.mark.parametrize("case", COMPLETED)
def test_names_and_fields_are_completed(server: Editor, folder: Path, case: str) -> None:
    marked, expected = COMPLETED[case]
    path, place = opened(server, folder, case, marked)

    assert expected <= server.completions(path, place).keys()


def test_a_completion_is_described(server: Editor, folder: Path) -> None:
    path, place = opened(server, folder, "described", "steps:\n  - use: |\n")
    offered = server.completions(path, place)

    assert "Questions with their answers" in str(offered["qa-pairs"]["documentation"])
    path, place = opened(server, folder, "described-field", "steps:\n  - use: join\n    with:\n      |\n")
    assert "must be equal" in str(server.completions(path, place)["on"]["documentation"])


def test_a_field_of_another_step_is_not_offered(server: Editor, folder: Path) -> None:
    path, place = opened(server, folder, "others", "steps:\n  - use: shuffle\n    with:\n      |\n")

    offered = server.completions(path, place)
    assert "seed" in offered
    assert "topics" not in offered


SHOWN = {
    "a-field": ("steps:\n  - use: join\n    with:\n      h|ow: left\n", "keep (left) rows"),
    "an-llm-field": ("llm:\n  use: openai/gpt-4.1-mini\n  with:\n    temp|erature: 1\n", "Randomness"),
    "a-key": ("ste|ps:\n  - use: join\n", "The steps, in order."),
}


@pytest.mark.parametrize("case", SHOWN)
def test_a_word_is_explained(server: Editor, folder: Path, case: str) -> None:
    marked, expected = SHOWN[case]
    path, place = opened(server, folder, f"hover-{case}", marked)

    assert expected in server.hover(path, place)


WRONG = {
    "step": ("steps:\n  - use: qa-pears\n", 2, "qa-pairs"),
    "field": ("steps:\n  - use: qa-pairs\n    with:\n      topic: [tax]\n", 4, "topic"),
    "type": ("steps:\n  - use: qa-pairs\n    with:\n      num_generations: two\n", 4, "integer"),
    "llm-backend": ("llm: opnai/gpt-4.1-mini\nsteps:\n  - use: qa-pairs\n", 1, "pattern"),
    "llm-field": (
        "llm:\n  use: openai/gpt-4.1-mini\n  with:\n    temprature: 1\nsteps:\n  - use: qa-pairs\n",
        4,
        "temprature",
    ),
    "llm-type": (
        "steps:\n  - use: qa-pairs\n    llm:\n      use: openai/x\n      with:\n        timeout: soon\n",
        6,
        "number",
    ),
    "missing-field": ("steps:\n  - use: sort\n", 2, "with"),
    "key": ("steps:\n  - use: qa-pairs\n    wiht: {}\n", 3, "wiht"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_gets_a_red_line(server: Editor, folder: Path, case: str) -> None:
    text, line, word = WRONG[case]
    path, _ = opened(server, folder, f"wrong-{case}", text)

    found = server.red_lines(path)
    assert [number for number, _ in found] == [line], found
    assert word in found[0][1]


def test_a_correct_file_has_none(server: Editor, folder: Path) -> None:
    text = (
        "llm: {use: openai/gpt-4.1-mini, with: {temperature: 0.2}}\nsteps:\n"
        "  - use: qa-pairs\n    with: {topics: [tax law]}\n"
        "  - use: dedup-exact\n    with: {by: [question]}\n"
        "  - use: mine.py:Mine\n    llm: llamacpp/smollm2-135m\n"
    )
    path, _ = opened(server, folder, "correct", text)

    assert server.red_lines(path) == []
