"""The example of a step: what to run it on, to see what it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from seedbed.errors import UsageError
from seedbed.tasks.rows import Row


@dataclass(frozen=True)
class Example:
    """Parameters and input rows with which a step makes its example rows, for its page in the gallery.

        example = Example(parameters={"topics": ["tides"]})
        example = Example(rows=[{"instruction": "Name three rivers."}])

    `rows` are the input, for what works on rows; `parameters` those that differ from the defaults, as a
    pipeline file has them. `files` are texts by relative path that a parameter names, made before the example
    runs. `n` is the number of rows to make, for a generator. Keep it small: a model of 135 million parameters
    makes the rows, on a processor.
    """

    parameters: Mapping[str, Any] = field(default_factory=dict)
    rows: Sequence[Row] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    n: int = 1

    def __post_init__(self) -> None:
        """Check that rows are rows, and that files stay in the folder of the example."""
        if isinstance(self.rows, Mapping) or not all(isinstance(row, Mapping) for row in self.rows):
            raise UsageError("the rows of an example aren't a list of rows", 'write rows=[{"text": "..."}]')
        if self.n < 1:
            raise UsageError(f"an example of {self.n} rows shows nothing", "give n=1 or more")
        for path in self.files:
            if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
                raise UsageError(
                    f"the file {path!r} of an example is outside of its folder", "give a relative path"
                )
