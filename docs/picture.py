"""Draw the terminal halfway through a run, into `docs/run.svg`: `uv run python docs/picture.py`.

The command runs under a pseudo-terminal, with the model inside the process. The picture is the first frame
that it wrote when half of its rows were there.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from contextlib import suppress
from io import StringIO
from pathlib import Path

from rich.ansi import AnsiDecoder
from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "run.svg"
COMMAND = "seedbed run examples/instructions.yaml -n 12 -o instructions.jsonl --max-time 10m"
HALFWAY = "6 of 12 rows"
COLUMNS, LINES = 90, 24

_REDRAW = re.compile(r"\x1b\[\?2026h")
"""How the next frame begins."""
_CURSOR = re.compile(r"\x1b\[(?:\?\d+[lh]|\d*[AJK])")


def drawn(command: str = COMMAND, halfway: str = HALFWAY) -> str:
    """Run the command to its end, and return the picture of the run halfway through."""
    shown = (frame for frame in frames(written(command)) if halfway in Text.from_ansi(frame).plain)
    frame = next(shown, None)
    if frame is None:
        raise SystemExit(f"no frame shows '{halfway}'")
    console = Console(
        record=True, width=COLUMNS, file=StringIO(), force_terminal=True, color_system="truecolor"
    )
    console.print(Text.assemble(("$ ", "green"), command))
    for line in AnsiDecoder().decode(frame):
        console.print(line)
    return console.export_svg(title="seedbed", unique_id="run")


def frames(text: str) -> list[str]:
    """Return the frames that the terminal showed, in order."""
    found = (_CURSOR.sub("", frame) for frame in _REDRAW.split(text))
    return [frame.replace("\r\n", "\n").replace("\r", "") for frame in found]


def written(command: str) -> str:
    """Return all that a command writes to its terminal."""
    terminal, other = pty.openpty()
    fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "examples").symlink_to(ROOT / "examples")
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        process = subprocess.Popen(
            ["bash", "-c", command], cwd=folder, env=environment, stdin=other, stdout=other, stderr=other
        )
        os.close(other)
        seen = b""
        # On Linux, reading raises an error once no process has the terminal open.
        with suppress(OSError):
            while chunk := os.read(terminal, 65536):
                seen += chunk
        os.close(terminal)
        if process.wait():
            raise SystemExit(seen.decode())
    return seen.decode()


if __name__ == "__main__":
    PICTURE.write_text(drawn(), encoding="utf-8")
