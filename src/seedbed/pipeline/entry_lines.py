"""The lines at which a pipeline file's steps start, for messages."""

from __future__ import annotations

import yaml


def lines_of_steps(text: str, number: int) -> list[int]:
    """Return the line at which each of the `number` entries of `steps` starts; zeros if they can't be found.

    `text` must be valid YAML.
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    # If a key is used twice, the last one counts.
    values = root.value if isinstance(root, yaml.MappingNode) else []
    found = [value for key, value in values if key.value == "steps"]
    entries = found[-1].value if found and isinstance(found[-1], yaml.SequenceNode) else []
    # With merge keys, the entries are somewhere else.
    return [entry.start_mark.line + 1 for entry in entries] if len(entries) == number else [0] * number
