"""The Python files whose classes a pipeline file may name: only those that the user allowed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from seedbed.llm.keys.file_origin import refuse_code
from seedbed.plugins.names import is_file_reference, split_file_reference


class AllowedCode:
    """The Python files that a pipeline file in `folder` may run.

    The pipeline file can't allow them itself: otherwise its author could run any code.
    """

    def __init__(self, folder: Path, files: Sequence[Path]) -> None:
        self._folder = folder
        self._files = {Path(os.path.realpath(file)) for file in files}

    def allowed(self, reference: str) -> str:
        """Return a reference, with the full path of an allowed file; raise UsageError for other code.

        A path is relative to the working directory, or else to the pipeline file.
        """
        if not is_file_reference(reference):
            return reference
        named, rest = split_file_reference(reference)
        for path in (Path(named).resolve(), (self._folder / named).resolve()):
            if path in self._files:
                return f"{path}{rest}"
        return refuse_code(reference)
