"""The lines of a pipeline file in which its steps begin, for messages."""

from __future__ import annotations

import yaml


def lines_of_steps(text: str, number: int) -> list[int]:
    """Return the line in which each of so many entries of `steps` begins, 0 where the file is read otherwise.

    `text` has been read as YAML before.
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    # Of a key that stands twice the last one counts.
    values = root.value if isinstance(root, yaml.MappingNode) else []
    found = [value for key, value in values if key.value == "steps"]
    entries = found[-1].value if found and isinstance(found[-1], yaml.SequenceNode) else []
    # Merge keys put entries elsewhere.
    return [entry.start_mark.line + 1 for entry in entries] if len(entries) == number else [0] * number
