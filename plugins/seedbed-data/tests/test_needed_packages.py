"""`seedbed check` sees that a package isn't installed which a step, a source or an embedder needs."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from seedbed import get_step
from seedbed.cli import invoke

EXTRAS = [
    *(
        "datasets",
        "detect_secrets",
        "duckdb",
        "fsspec",
        "markitdown",
        "numpy",
        "presidio_analyzer",
        "psycopg",
    ),
    *("py3langid", "sandlock", "tiktoken", "tokenizers", "wordllama"),
]
INPUT = [{"text": "Bees make honey."}]


@pytest.mark.parametrize(
    ("entry", "where", "install"),
    [
        ({"use": "language"}, "language", "seedbed-data[language]"),
        ({"use": "secrets"}, "secrets", "seedbed-data[secrets]"),
        ({"use": "code-run", "with": {"column": "text"}}, "code-run", "seedbed-data[code]"),
        ({"use": "pii", "with": {"finder": "presidio"}}, "pii", "seedbed-data[presidio]"),
        ({"use": "chunk", "with": {"tokenizer": "o200k_base"}}, "chunk", "seedbed-data[tokens]"),
        ({"use": "chunk", "with": {"tokenizer": "./t.json"}}, "chunk", "seedbed-data[tokens]"),
        (
            {"use": "embed", "with": {"embedder": "static/wordllama"}},
            "static/wordllama",
            "seedbed-embed-static[wordllama]",
        ),
        ({"use": "documents", "with": {"path": "."}}, "documents", "seedbed-data[documents]"),
        ({"use": "sql", "with": {"query": "select 1"}}, "sql", "seedbed-data[sql]"),
        ({"use": "hf", "with": {"dataset": "a/b"}}, "hf", "seedbed-data[hf]"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_check_names_the_line_and_what_to_install(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    entry: dict[str, Any],
    where: str,
    install: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.html").write_text("<p>Bees</p>")
    is_source = entry["use"] in ("documents", "sql", "hf")
    steps = [{"use": "limit", "with": {"rows": 1}}] if is_source else [entry]
    Path("p.yaml").write_text(json.dumps({"input": entry if is_source else INPUT, "steps": steps}, indent=1))
    for name in EXTRAS:
        monkeypatch.setitem(sys.modules, name, None)

    assert invoke(["check", "p.yaml", "--json"]) == 2

    mistakes = json.loads(capfd.readouterr().out)["mistakes"]
    found = next(one for one in mistakes if one["text"] == where)
    line = Path("p.yaml").read_text().splitlines()[found["line"] - 1]
    assert where in line
    assert found["advice"] == [f"pip install '{install}'"]


def test_what_is_not_needed_is_not_asked_for(tmp_path: Path) -> None:
    assert get_step("pii").needed_packages == get_step("chunk").needed_packages == {}
    assert get_step("sql", query="select 1", database=str(tmp_path / "a.sqlite")).needed_packages == {}


def test_each_extra_that_an_error_names_is_one_that_check_names() -> None:
    sources = [file.read_text() for file in (Path(__file__).parents[1] / "src").rglob("*.py")]
    in_errors = {extra for text in sources for extra in re.findall(r"pip install '([^']+\[\w+\])'", text)}
    declared = {extra for text in sources for extra in re.findall(r'"([\w-]+\[\w+\])"', text)}

    assert in_errors
    assert in_errors <= declared


def test_check_names_what_reads_a_remote_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("p.yaml").write_text("input: s3://bucket/x.jsonl\nsteps: [{use: limit, with: {rows: 1}}]\n")
    monkeypatch.setitem(sys.modules, "fsspec", None)

    assert invoke(["check", "p.yaml", "--allow-path", "s3://bucket"]) == 2

    said = capfd.readouterr().out
    assert "p.yaml:1:8" in said
    assert "pip install 'seedbed[remote]'" in said
