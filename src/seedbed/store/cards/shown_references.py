"""Files without the folders of whoever made a dataset: a card is for others."""

from __future__ import annotations

import re
from ntpath import basename
from typing import Any

from seedbed.plugins.names import is_file_reference, split_file_reference

_FOLDER = re.compile(r"[/\\~]|[A-Za-z]:[/\\]")
"""How a path begins that leads out of the working folder, on any system."""


def without_folders(text: str) -> str:
    """Return a path, or the reference of a model, without the folders of an absolute path.

    without_folders("/home/me/fake.py:FakeLLM/any")      # "fake.py:FakeLLM/any"
    without_folders("llamacpp//home/me/model.gguf")      # "llamacpp/model.gguf"
    """
    if _FOLDER.match(text) is not None and "\n" not in text:
        path, rest = split_file_reference(text) if is_file_reference(text) else (text, "")
        return f"{basename(path) or path}{rest}"
    backend, slash, model = text.partition("/")
    is_path = "\n" not in text and _FOLDER.match(model) is not None
    return f"{backend}{slash}{basename(model) or model}" if is_path and ":" not in backend else text


def models_without_folders(value: Any) -> Any:
    """Return the value of a parameter in which each model has a reference without folders."""
    if isinstance(value, dict):
        known = {"reference": without_folders(str(value["reference"]))} if "reference" in value else {}
        return {name: models_without_folders(one) for name, one in value.items()} | known
    return [models_without_folders(one) for one in value] if isinstance(value, list) else value
