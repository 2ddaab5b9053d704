"""Converts documents to Markdown, each within bounds on processor time and memory."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from seedbed import DatasetError, UsageError

from .memory_watch import grows_beyond

_PROGRAM = Path(__file__).with_name("conversion_program.py")
_SECRET = re.compile(r"KEY|SECRET|TOKEN|PASSW|CREDENTIAL|AUTH|HEADERS|DSN", re.IGNORECASE)
_ZIPPED = ("PK", "Content from the zip file `")
_UNREAD = {".pdf": ("%PDF-",), ".docx": _ZIPPED, ".pptx": _ZIPPED}
"""How the text of a document begins that its own reader hasn't read: with the file's bytes, or its parts."""
_SHORT: dict[str, Any] = {"short": True}
"""What its program answers for want of memory."""
_ADVICE = ("remove it, or name the others by a pattern",)


class Conversion:
    """A process that converts documents, from the first one on to the end of a `with` block.

    Some contents of a few kilobytes take its readers minutes: a PDF or a page may send them round in circles.
    Others take all the memory there is. `memory` is in megabytes.
    """

    def __init__(self, seconds: int, memory: int) -> None:
        self._seconds = seconds
        self._memory = memory
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def converted(self, path: Path) -> tuple[str, str | None]:
        """Return the text of a document as Markdown, and its title.

        Raises UsageError if the package isn't there, DatasetError if the document can't be read.
        """
        process = self._process = self._process or _started()
        _ask(process, [str(path), self._seconds, self._memory])
        answer = _SHORT if grows_beyond(process, self._memory) else _answer(process)
        if answer is None:
            self._end()
            raise DatasetError(self._ended(path, process.returncode), *_ADVICE)
        if "short" in answer:
            # What it was in the middle of may be left in any state.
            self._end()
            raise DatasetError(
                f"'{path}' takes more than {self._memory:,} MB of memory to read (`memory`)", *_ADVICE
            )
        if "error" in answer:
            raise DatasetError(f"'{path}' cannot be read as a document: {answer['error']}", *_ADVICE)
        # markitdown takes what is damaged for plain text, or for an archive of files.
        if answer["text"].startswith(_UNREAD.get(path.suffix.lower(), ())):
            raise DatasetError(f"'{path}' cannot be read as a document: it is damaged", *_ADVICE)
        return answer["text"], answer["title"]

    def _ended(self, path: Path, code: int) -> str:
        if code == -getattr(signal, "SIGXCPU", 0):
            return f"'{path}' takes more than {self._seconds:,} s of processor time to read (`seconds`)"
        # A library that gets no memory may end the process, with any status.
        why = f"its reader ended with status {code}, perhaps for want of memory (`memory`)"
        return f"'{path}' cannot be read as a document: {why}"

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            # The pipes, too.
            process.communicate()


def _started() -> subprocess.Popen[str]:
    process = subprocess.Popen(
        # Without the program's folder on the path: its modules have common names.
        [sys.executable, "-P", str(_PROGRAM)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        # Its readers are many packages, and the documents may be a stranger's: neither needs the user's keys.
        env={name: value for name, value in os.environ.items() if not _SECRET.search(name)},
        # A Ctrl-C is for the run, which finishes the document.
        start_new_session=True,
    )
    said = _answer(process)
    if said is None or "error" in said:
        process.kill()
        process.communicate()
        why = "its process ended" if said is None else said["error"]
        raise UsageError(
            f"documents are read with the package 'markitdown': {why}",
            "pip install 'seedbed-data[documents]'",
        )
    return process


def _ask(process: subprocess.Popen[str], asked: list[str | int]) -> None:
    assert process.stdin is not None
    with suppress(BrokenPipeError):
        process.stdin.write(json.dumps(asked) + "\n")
        process.stdin.flush()


def _answer(process: subprocess.Popen[str]) -> Any:
    """Return the next answer, None if the process has ended."""
    assert process.stdout is not None
    line = process.stdout.readline()
    return json.loads(line) if line.endswith("\n") else None
