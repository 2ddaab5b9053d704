"""The line of an author's code that an exception came from."""

from __future__ import annotations

import os
import traceback
from pathlib import Path

# They call authors' code (imports, templates, hooks, validators), so their own frames say nothing to an
# author.
_PACKAGES = frozenset({"importlib_metadata", "jinja2", "pluggy", "pydantic"})
_STANDARD_LIBRARY = Path(os.__file__).parent
_SEEDBED = Path(__file__).parent


def where(error: BaseException) -> str | None:
    """Return `FILE, line N` of the author's code that raised `error`, or that has the syntax error."""
    # The frames of a syntax error are those of the import; it names the broken file itself.
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}, line {error.lineno}"
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if not is_machinery(frame.filename)
    ]
    return f"{frames[-1].filename}, line {frames[-1].lineno}" if frames else None


def is_machinery(file_name: str) -> bool:
    """Whether a frame belongs to code that runs an author's code, and so isn't at fault."""
    path = Path(file_name)
    # `<string>`, `<frozen importlib>`, `<template>`: no file that one could open.
    if file_name.startswith("<") or path.is_relative_to(_SEEDBED):
        return True
    if "site-packages" in path.parts:
        return not _PACKAGES.isdisjoint(path.parts)
    return path.is_relative_to(_STANDARD_LIBRARY)
