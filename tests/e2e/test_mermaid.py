"""Mermaid itself reads the flowcharts of pipelines: each step and each way, with their texts."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from seedbed import Concat, Join, Pass, Pipeline, otherwise, when
from seedbed_data import Filter, Shuffle
from seedbed_tasks import SelfInstruct, TextGeneration

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed"),
]

READ = """
import { JSDOM } from "jsdom";
import { readFileSync } from "node:fs";
const { window } = new JSDOM("");
globalThis.window = window;
globalThis.document = window.document;
const { default: mermaid } = await import("mermaid");
const read = [];
for (const text of JSON.parse(readFileSync(0, "utf8"))) {
  await mermaid.parse(text);
  const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
  read.push({
    steps: [...db.getVertices().values()].map((one) => [one.text, one.type]),
    ways: db.getEdges().map((one) => [one.start, one.end, one.text]),
  });
}
console.log(JSON.stringify(read));
"""

NAMES = [
    "end", "default", "1. one", "- two", "+ three", "12. x", "`code`", "**bold**", 'say "this"', "a;b",
    "%% c", "<script>", "#35;", "a & b &lt;", "{x}", "[[y]]", "(z)", "a --> b", "|c|", "Ünïcödé 日本語 🎉",
    "\\n", "'", "@{x}", "two\nlines", "x:::red", "/slashes\\", "$$x$$", "click s0 call alert()", "_", "*",
    ".", "style s0 fill:#f00",
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("mermaid")
    subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "--silent", "mermaid@11", "jsdom@26"],
        cwd=made, check=True, timeout=600,
    )  # fmt: skip
    (made / "read.mjs").write_text(READ)
    return made


def read(folder: Path, pipelines: list[Pipeline]) -> list[dict[str, Any]]:
    texts = json.dumps([pipeline.graph(mermaid=True) for pipeline in pipelines])
    found = subprocess.run(
        ["node", "read.mjs"], cwd=folder, input=texts, capture_output=True, text=True, timeout=300, check=True
    )
    read: list[dict[str, Any]] = json.loads(found.stdout)
    return read


def shown(text: str) -> str:
    """Return a text as Mermaid shows it: its parser has entities in a form of its own."""
    return re.sub(r"ﬂ°°(\d+)¶ß", lambda found: chr(int(found[1])), text)


def test_flowcharts_are_read_as_they_were_meant(folder: Path) -> None:
    routes = SelfInstruct() >> [
        when("instruction | length < 40", TextGeneration(name="brief")),
        otherwise(Pass(name="plain")),
    ]
    routes = routes >> Shuffle()
    sources = [SelfInstruct(name="x"), SelfInstruct(name="y")] >> Join(on=["instruction"]) >> Concat()

    first, second, third = read(folder, [routes, sources, Pipeline([Filter(keep="a")])])

    assert [kind for _, kind in first["steps"]] == ["stadium", "square", "square", "subroutine"]
    assert [shown(text) for text, _ in first["steps"]][1] == "brief<br>text-generation"
    assert [(start, end, shown(text)) for start, end, text in first["ways"]] == [
        ("s0", "s1", "when instruction | length < 40"),
        ("s0", "s2", "otherwise"),
        ("s1", "s3", ""),
        ("s2", "s3", ""),
    ]
    assert [way[:2] for way in second["ways"]] == [["s0", "s2"], ["s1", "s2"], ["s2", "s3"]]
    assert third["ways"] == [["s0", "s1", ""]]


def test_any_name_and_condition_is_shown_as_it_is(folder: Path) -> None:
    routes = Pipeline() >> [when(f"n == {name!r}", Filter(name=name, keep="n")) for name in NAMES]

    (found,) = read(folder, [routes])
    names = [shown(text).removesuffix("<br>filter") for text, _ in found["steps"][1:]]
    assert names == [" ".join(name.split()) for name in NAMES]
    assert [shown(text) for *_, text in found["ways"]] == [f"when n == {name!r}" for name in NAMES]
