"""Counting the tokens of a text, by an encoding of tiktoken or a tokenizer of Hugging Face."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from seedbed import UsageError, did_you_mean

_PATHS = (".", "/", "~")
_INSTALL = "pip install 'seedbed-data[tokens]'"


def token_counter(name: str) -> Callable[[str], int]:
    """Return what counts the tokens of a text, without special ones.

    `name` is an encoding of tiktoken (`o200k_base`), a model of OpenAI's (`gpt-4o`), or the path of a
    `tokenizer.json` or of a folder with one. Raises UsageError if it can't be loaded.
    """
    if is_file(name):
        return _of_file(Path(name).expanduser())
    return _of_tiktoken(name)


def is_file(name: str) -> bool:
    """Whether a name is that of a tokenizer's file or folder."""
    return name.startswith(_PATHS) or name.endswith(".json")


def _of_file(path: Path) -> Callable[[str], int]:
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise UsageError(f"the tokenizer '{path}' needs the package tokenizers", _INSTALL) from error
    file = path / "tokenizer.json" if path.is_dir() else path
    if not file.is_file():
        raise UsageError(
            f"there is no tokenizer at '{file}'", "give a tokenizer.json, or a folder of a model that has one"
        )
    try:
        tokenizer = Tokenizer.from_file(str(file))
    # Its errors are plain Exceptions.
    except Exception as error:
        raise UsageError(f"the tokenizer '{file}' can't be read: {error}") from error
    # A file may say that texts are cut off, or filled up to one length: both would count wrong.
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False))


def _of_tiktoken(name: str) -> Callable[[str], int]:
    try:
        import tiktoken
        from tiktoken.model import MODEL_TO_ENCODING
    except ImportError as error:
        raise UsageError(f"the tokenizer '{name}' needs the package tiktoken", _INSTALL) from error
    encodings = tiktoken.list_encoding_names()
    found = name if name in encodings else MODEL_TO_ENCODING.get(name)
    if found is None:
        raise UsageError(
            f"there is no tokenizer named '{name}'",
            *did_you_mean(name, [*encodings, *MODEL_TO_ENCODING]),
            f"tiktoken has {', '.join(encodings)}; a file begins with ./ or /",
        )
    return _encoding(tiktoken, found)


def _encoding(tiktoken: Any, name: str) -> Callable[[str], int]:
    try:
        encoding = tiktoken.get_encoding(name)
    # It raises what its HTTP client does, or a ValueError for a file that isn't what it should be.
    except Exception as error:
        raise UsageError(
            f"the encoding '{name}' isn't on this machine, and can't be downloaded: {type(error).__name__}",
            "load it once where there is a network, and set TIKTOKEN_CACHE_DIR to a copy of its folder",
            "or give the path of a tokenizer.json",
        ) from error
    return lambda text: len(encoding.encode_ordinary(text))
