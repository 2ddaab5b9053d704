"""The Python files that a pipeline file may name classes of: those that the user has allowed alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from seedbed.errors import UsageError
from seedbed.plugins.names import is_file_reference, split_file_reference


class AllowedCode:
    """The files that may be run for a pipeline file in `folder`.

    The file itself never says so: whoever wrote it could have code of their choice run.
    """

    def __init__(self, folder: Path, files: Sequence[Path]) -> None:
        self._folder = folder
        self._files = {file.resolve() for file in files}

    def allowed(self, reference: str) -> str:
        """Return a reference, with the path of an allowed file in full; raise UsageError for other code.

        A path is looked for where the command runs, then beside the pipeline file.
        """
        if not is_file_reference(reference):
            return reference
        named, rest = split_file_reference(reference)
        for path in (Path(named).resolve(), (self._folder / named).resolve()):
            if path in self._files:
                return f"{path}{rest}"
        raise UsageError(
            f"a pipeline file holds names, and '{reference}' is code",
            f"if '{named}' is yours, say so: --allow-code {named}",
            "or publish it as a plugin, or write the pipeline in Python",
        )
