"""`seedbed graph`: a pipeline file drawn, with no LLM and no key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Result

from seedbed.cli import invoke

ROUTES = """
llm: acme/best
steps:
  - use: self-instruct
  - use: text-generation
    name: brief
    when: instruction | length < 40
    llm: {use: other/model, with: {nothing: is checked}}
  - use: pass
    after: self-instruct
    otherwise: true
  - use: dedup-near
    after: [brief, pass]
    with: {by: [instruction]}
"""

DRAWING = """\
○    self-instruct                   acme/best
├─╮
● │  brief          text-generation  other/model  when instruction | length < 40
│ │
│ ●  pass                                         otherwise
├─╯
●    dedup-near
"""

FLOWCHART = """\
flowchart TD
    s0(["self-instruct<br/>acme/best"])
    s1["brief<br/>text-generation<br/>other/model"]
    s2["pass"]
    s3["dedup-near"]
    s0 -->|"when instruction #124; length #60; 40"| s1
    s0 -->|"otherwise"| s2
    s1 --> s3
    s2 --> s3
"""


@pytest.fixture
def drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Result]:
    """Draws the text of a pipeline file with options."""
    monkeypatch.chdir(tmp_path)

    def draw(text: str, *options: str) -> Result:
        Path("pipeline.yaml").write_text(text)
        capfd.readouterr()
        status = invoke(["graph", "pipeline.yaml", *options])
        return Result(status, *capfd.readouterr())

    return draw


@pytest.mark.parametrize(("options", "expected"), [((), DRAWING), (("--mermaid",), FLOWCHART)])
def test_a_file_is_drawn_though_its_backends_are_not_installed(
    drawn: Callable[..., Result], tmp_path: Path, options: tuple[str, ...], expected: str
) -> None:
    found = drawn(ROUTES, *options)

    assert (found.status, found.err) == (0, "")
    assert found.out == expected
    assert [path.name for path in tmp_path.iterdir()] == ["pipeline.yaml"]


def test_what_a_terminal_would_obey_is_shown(drawn: Callable[..., Result]) -> None:
    for options in ((), ("--mermaid",)):
        found = drawn('steps: [{use: pass, name: "a\\e[31m\\nb"}]', *options)

        assert "\\x1b" in found.out or "#92;x1b" in found.out
        assert "\x1b" not in found.out


def test_code_is_drawn_if_the_command_allows_it(drawn: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from seedbed import Step\nprint('noise')\n\n\nclass Mine(Step):\n"
        "    def process(self, row):\n        return row\n"
    )
    text = "steps: [{use: 'mine.py:Mine'}]"

    refused = drawn(text)
    assert (refused.status, refused.out) == (2, "")
    assert "--allow-code mine.py" in refused.err
    assert drawn(text, "--allow-code", "mine.py").out == "○  input\n│\n●  mine\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("steps: [{use: qa-pears}]", "did you mean 'qa-pairs'?"),
        ("steps: [{use: pass}, {use: limit, after: pas, with: {rows: 1}}]", "did you mean 'pass'?"),
        ("steps: []", "steps"),
    ],
)
def test_a_file_that_is_no_graph_is_refused(drawn: Callable[..., Result], text: str, message: str) -> None:
    found = drawn(text)

    assert (found.status, found.out) == (2, "")
    assert message in found.err
