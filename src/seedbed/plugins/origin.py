"""The line of code that an exception came from."""

from __future__ import annotations

import importlib
import traceback
from pathlib import Path

import importlib_metadata
import pluggy


def where(error: BaseException) -> str | None:
    """Return `FILE, line N` of the plugin's code that raised `error`, or of the syntax error that it is."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}, line {error.lineno}"
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if not _is_machinery(frame.filename)
    ]
    return f"{frames[-1].filename}, line {frames[-1].lineno}" if frames else None


def _is_machinery(file_name: str) -> bool:
    """Say whether a frame belongs to what imports and asks plugins, which is never at fault."""
    ours = (importlib.__file__, importlib_metadata.__file__, pluggy.__file__, __file__)
    return file_name.startswith("<") or Path(file_name).parent in {Path(path).parent for path in ours}
