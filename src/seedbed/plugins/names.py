"""The grammar of names and references that users type."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from seedbed.errors import UsageError

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_FILE_MARK = ".py:"


def is_name(text: str) -> bool:
    """Whether `text` is a valid name: `[a-z][a-z0-9]*(-[a-z0-9]+)*`."""
    return _NAME.fullmatch(text) is not None


def kebab_case(class_name: str) -> str:
    """Return the default name of a class: `QAPairs` becomes `qa-pairs`."""
    return _WORD_START.sub("-", class_name).replace("_", "-").strip("-").lower()


def is_file_reference(reference: str) -> bool:
    """Whether `reference` has the form `PATH.py:Class`, which names code instead of a plugin."""
    return _FILE_MARK in reference


def split_file_reference(reference: str) -> tuple[str, str]:
    """Split `PATH.py:Class` into `PATH.py`, and the rest with its colon."""
    path, _, rest = reference.partition(_FILE_MARK)
    return f"{path}.py", f":{rest}"


def split_llm_reference(reference: str) -> tuple[str, str]:
    """Split the reference of an LLM; see `split_reference`."""
    return split_reference(reference, "LLM", "openai/gpt-4.1-mini or llamacpp/smollm2-135m")


def split_reference(reference: str, noun: str, example: str) -> tuple[str, str]:
    """Split `backend/model` once, at the first `/`; the model is opaque and may contain more of them.

    In `PATH.py:Class/model` the first `/` after the class name counts. Raises `UsageError` if the backend or
    the model is missing; it calls what is named a `noun` and gives an `example`.
    """
    path, mark, rest = reference.partition(_FILE_MARK)
    start, text = (path + mark, rest) if mark else ("", reference)
    if not mark and (file := _file_in(reference)):
        raise UsageError(
            f"the {noun} reference {reference!r} names a file but no class in it", f"write {file}:CLASS/MODEL"
        )
    backend, slash, model = text.partition("/")
    if not backend or not slash or not model.strip():
        is_class = bool(start and backend)
        form = "PATH.py:CLASS/MODEL" if is_class else "BACKEND/MODEL"
        meant = f"{start}{backend}/any-name" if is_class else example
        raise UsageError(
            f"the {noun} reference {reference!r} does not have the form {form}",
            f"for example {meant}",
            "`seedbed plugins` lists the installed backends",
        )
    return start + backend, model


def _file_in(reference: str) -> str:
    """Return the Python file that a reference starts with; it must exist: a model may be named `x.py`."""
    path, mark, _ = f"{reference}/".partition(".py/")
    return f"{path}.py" if mark and Path(f"{path}.py").is_file() else ""


@cache
def normalise_distribution(name: str) -> str:
    """Return the normalised form of a distribution's name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
