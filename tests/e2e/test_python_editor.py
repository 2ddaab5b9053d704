"""An editor completes and checks a table that is declared in Python, by its types alone."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.language_server import Editor, Place, editor, install

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed"),
]

IMPORTS = """\
from seedbed_tasks.table import (
    Category, Code, Computed, Date, Embedding, From, Judge, Number, Structured, Table, Text
)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("python-editor")
    install("pyright@1", made)
    environment = Path(sys.prefix)
    settings = {"venvPath": str(environment.parent), "venv": environment.name}
    (made / "pyrightconfig.json").write_text(json.dumps(settings))
    return made


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Editor]:
    with editor([str(folder / "node_modules" / ".bin" / "pyright-langserver"), "--stdio"], folder) as client:
        yield client


def opened(server: Editor, folder: Path, name: str, marked: str) -> tuple[Path, Place]:
    """Open a file, whose text has a `|` where the cursor is."""
    path = folder / f"{name}.py"
    return path, server.open(path, IMPORTS + marked)


COMPLETED = {
    "table": ("Table(|)\n", {"columns=", "constraints=", "pairwise=", "rows="}),
    "kind": ("Table(columns={'a': Num|})\n", {"Number"}),
    "number": (
        "Table(columns={'a': Number(|)})\n",
        {"distribution=", "min=", "max=", "mean=", "decimals=", "when=", "unique=", "balance=", "drop="},
    ),
    "distribution": ("Number(distribution='|')\n", {"normal", "poisson", "bernoulli", "mixture"}),
    "category": ("Category(|)\n", {"values=", "weights="}),
    "date": ("Date(|)\n", {"start=", "end=", "after=", "granularity="}),
    "text": ("Text(|)\n", {"prompt=", "llm=", "generation="}),
}


@pytest.mark.parametrize("case", COMPLETED)
def test_columns_and_their_parameters_are_completed(server: Editor, folder: Path, case: str) -> None:
    marked, expected = COMPLETED[case]
    path, place = opened(server, folder, case, marked)

    assert expected <= {label.strip("'") for label in server.completions(path, place)}


WRONG = {
    "parameter": ("Number(mni=1)\n", "mni"),
    "distribution": ("Number(distribution='nrmal')\n", "nrmal"),
    "no-column": ("Table(columns={'a': 3})\n", "columns"),
    "parameter-of-the-table": ("Table(columns={}, constraint=[])\n", "constraint"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_gets_a_red_line(server: Editor, folder: Path, case: str) -> None:
    text, word = WRONG[case]
    path, _ = opened(server, folder, f"wrong-{case}", text)

    found = server.red_lines(path)
    assert [line for line, _ in found] == [3], found
    assert word in found[0][1]


RIGHT = """
columns = {
    "country": Category(values=["DE", "FR"], weights=[2, 1]),
    "ordered": Date(start="2025-01-01", end="2025-12-31"),
    "city": From(file="cities.csv", column="name"),
}
Table(columns=columns)
written = Table(
    columns={
        **columns,
        "total": Computed(expression="1 + 1"),
        "review": Text(prompt="Write.", llm="openai/gpt-4.1-mini"),
        "facts": Structured(prompt="List.", json_schema={"type": "object"}),
        "code": Code(prompt="Write.", language="python"),
        "verdict": Judge(of=["review"], rubric="Good?"),
        "vector": Embedding(of=["review"], embedder="static/wordllama"),
    }
)
"""


def test_what_works_has_no_red_line(server: Editor, folder: Path) -> None:
    path, _ = opened(server, folder, "right", RIGHT)

    assert server.red_lines(path) == []
