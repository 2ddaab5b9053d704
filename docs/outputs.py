"""Fill in what commands print, in the pages that say so: `uv run python docs/outputs.py`.

A fenced block behind `<!-- prints: COMMAND -->` holds what the command prints. All commands of a page run in
one empty folder, in their order; `<!-- runs: COMMAND -->` runs one whose output is not shown.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

DOCS = Path(__file__).parent
WIDTH = 100

_COMMAND = re.compile(
    r"^<!-- (?P<verb>prints|runs): (?P<command>[^\n]+?) -->\n(?:\n?```text\n(?P<output>.*?)^```\n)?",
    re.MULTILINE | re.DOTALL,
)


def pages() -> Iterator[Path]:
    """Yield the pages that show what commands print."""
    for page in sorted(DOCS.rglob("*.md")):
        if _COMMAND.search(page.read_text(encoding="utf-8")):
            yield page


def filled(text: str) -> str:
    """Return the text of a page with all commands run and what they print filled in."""
    with tempfile.TemporaryDirectory() as folder:
        return _COMMAND.sub(lambda match: _ran(match, Path(folder)), text)


def _ran(match: re.Match[str], folder: Path) -> str:
    command = match["command"]
    head = f"<!-- {match['verb']}: {command} -->\n"
    environment = {**os.environ, "COLUMNS": str(WIDTH), "SEEDBED_RUNS": str(folder / "runs")}
    ended = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if match["verb"] == "runs":
        return head
    shown = ended.stdout.replace(f"{folder}/", "").strip("\n")
    printed = "\n".join(line.rstrip() for line in shown.splitlines())
    return f"{head}\n```text\n{printed}\n```\n"


if __name__ == "__main__":
    for page in pages():
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")
