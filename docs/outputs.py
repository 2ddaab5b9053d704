"""Fill in what commands print, in the pages that say so: `uv run python docs/outputs.py`.

The fenced block after `<!-- prints: COMMAND -->` holds what the command prints. All commands of a page run in
one folder, in order, with the files that the page has shown before them. `<!-- runs: COMMAND -->` runs a
command whose output isn't shown.
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

_COMMAND = r"^<!-- (?P<verb>prints|runs): (?P<command>[^\n]+?) -->\n(?:\n?```text\n(?P<output>.*?)^```\n)?"
_FILE = r"^```(?!console)\w+ title=\"(?P<file>[^\"]+)\"\n(?P<text>.*?)^```\n"
_LOADING = re.compile(r"(\S+: )?loading \S.* \.\.\.")
_PART = re.compile(f"{_COMMAND}|{_FILE}", re.MULTILINE | re.DOTALL)


def pages() -> Iterator[Path]:
    """Yield the pages that show what commands print."""
    for page in sorted(DOCS.rglob("*.md")):
        if any(part["verb"] for part in _PART.finditer(page.read_text(encoding="utf-8"))):
            yield page


def filled(text: str) -> str:
    """Return the text of a page with all commands run and what they print filled in."""
    with tempfile.TemporaryDirectory() as folder:
        return _PART.sub(lambda match: _done(match, Path(folder)), text)


def _done(match: re.Match[str], folder: Path) -> str:
    if match["verb"]:
        return _ran(match, folder)
    path = folder / match["file"]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(match["text"], encoding="utf-8")
    return match[0]


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
    # Only printed if a model takes over a second to load, as on a busy machine.
    lines = (line.rstrip() for line in shown.splitlines() if not _LOADING.fullmatch(line))
    printed = "\n".join(lines)
    return f"{head}\n```text\n{printed}\n```\n"


if __name__ == "__main__":
    for page in pages():
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")
