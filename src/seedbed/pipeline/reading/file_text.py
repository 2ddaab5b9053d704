"""The text of a pipeline file: a regular file of a size that takes no time to read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from seedbed.errors import UsageError
from seedbed.suggestions import similar_files

MAX_BYTES = 500_000
"""The largest file. A page has 3,000 bytes; YAML of this size takes up to a second to parse."""


def file_text(path: Path) -> str:
    """Return the text of a pipeline file; raise UsageError if it isn't a file of text, or is too large."""
    try:
        content = _content(path)
    except FileNotFoundError as error:
        raise UsageError(
            f"there is no file '{path}'", *(similar_files(path) or ("check the path",))
        ) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"'{path}' cannot be read: {reason}", "check the path") from error
    if len(content) > MAX_BYTES:
        raise UsageError(
            f"'{path}' has more than {MAX_BYTES:,} bytes, which is too much for a pipeline file",
            "keep rows in a file of their own: input: rows.jsonl",
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UsageError(f"'{path}', line {line}, is not text in UTF-8", "save it in UTF-8") from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise UsageError(f"'{path}', line {line}, has a NUL character", "a pipeline file is plain text")
    return text


def _content(path: Path) -> bytes:
    # Without waiting: opening a pipe blocks until somebody writes to it. Devices may have no end.
    file = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        mode = os.fstat(file).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(0, "it's a folder")
        if not stat.S_ISREG(mode):
            raise ValueError("it's no regular file")
        parts: list[bytes] = []
        # One byte too many says that there's more.
        while (left := MAX_BYTES + 1 - sum(map(len, parts))) and (part := os.read(file, left)):
            parts.append(part)
        return b"".join(parts)
    finally:
        os.close(file)
