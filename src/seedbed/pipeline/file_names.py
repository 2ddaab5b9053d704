"""Which of the things that can be run are pipeline files, by their names."""

from __future__ import annotations

from seedbed.plugins.names import is_file_reference

_ENDINGS = (".yaml", ".yml", ".json")


def is_pipeline_file(what: str) -> bool:
    """Whether `what`, as users write it after `seedbed run`, names a pipeline file rather than a task.

    is_pipeline_file("qa.yaml")
    """
    return what.endswith(_ENDINGS) and not is_file_reference(what)
