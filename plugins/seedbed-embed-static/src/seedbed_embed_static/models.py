"""Models of token vectors: those of model2vec, and the one in the package wordllama."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from seedbed import LLMConnectionError, LLMError, UnknownModelError, UsageError

WORDLLAMA = "wordllama"
_PATHS = (".", "/", "~")
_DIMENSIONS = (64, 128, 256)
_FILES = ("config.json", "tokenizer.json", "model.safetensors")
# Characters in a batch of wordllama's, which gives every text of one as many tokens as the longest has: with
# one text of a book among 64, it would take gigabytes.
_BATCH_CHARACTERS = 100_000
_BATCH = 64


class Model(Protocol):
    """A loaded model."""

    def vectors(self, texts: list[str]) -> Any:
        """Return the vectors of texts as a numpy array."""


def folder_of(name: str) -> Path | None:
    """Return the folder that a model's name is the path of, or None for a name on the hub."""
    return Path(name).expanduser() if name.startswith(_PATHS) else None


def content_digest(folder: Path) -> str:
    """Return a digest of a model's files."""
    digest = hashlib.blake2b(digest_size=16)
    for name in _FILES:
        if (file := folder / name).is_file():
            with file.open("rb") as opened:
                digest.update(hashlib.file_digest(opened, "blake2b").digest())
    return digest.hexdigest()


def load_model(name: str, dimensions: int | None, max_tokens: int | None) -> Model:
    """Return a loaded model; raise LLMError if it can't be read or had."""
    if name == WORDLLAMA:
        return _wordllama(dimensions, max_tokens)
    folder = folder_of(name)
    if folder is not None and not folder.is_dir():
        raise UnknownModelError(
            f"there is no folder '{folder}' with a model",
            "give a folder of model2vec, a model on the hub such as minishlab/potion-base-8M, or wordllama",
        )
    return _Model2Vec(name, folder, dimensions, max_tokens)


class _Model2Vec:
    def __init__(
        self, name: str, folder: Path | None, dimensions: int | None, max_tokens: int | None
    ) -> None:
        from model2vec import StaticModel

        options: dict[str, Any] = {} if max_tokens is None else {"max_length": max_tokens}
        try:
            self._model = StaticModel.from_pretrained(
                folder or name, dimensionality=dimensions, force_download=False, **options
            )
        except Exception as error:
            raise _failure(name, folder, error) from error

    def vectors(self, texts: list[str]) -> Any:
        return self._model.encode(texts, use_multiprocessing=False)


def _failure(name: str, folder: Path | None, error: Exception) -> LLMError:
    said = " ".join(str(error).split())[:300]
    if folder is not None:
        return LLMError(
            f"the folder '{folder}' has no model of model2vec that can be read: {said}",
            f"it needs {', '.join(_FILES)}",
        )
    kinds = {base.__name__ for base in type(error).__mro__}
    if kinds & {"RepositoryNotFoundError", "HFValidationError", "RevisionNotFoundError"}:
        return UnknownModelError(
            f"the hub has no model '{name}', or it isn't public: {said}",
            "for example static/minishlab/potion-base-8M; a folder begins with ./ or /",
        )
    if kinds & {"EntryNotFoundError"} and "LocalEntryNotFoundError" not in kinds:
        return UnknownModelError(f"'{name}' on the hub isn't a model of model2vec: {said}")
    if kinds & {"ValueError", "KeyError"} and "OfflineModeIsEnabled" not in kinds:
        return LLMError(f"the model '{name}' can't be read: {said}")
    return LLMConnectionError(
        f"the model '{name}' isn't on this machine, and the hub can't be reached: {said}",
        "download it where there is a network, and give its folder: static//path/to/it",
        "static/wordllama needs none: pip install 'seedbed-embed-static[wordllama]'",
    )


def _wordllama(dimensions: int | None, max_tokens: int | None) -> Model:
    if dimensions not in (None, *_DIMENSIONS):
        raise UsageError(
            f"wordllama has no vectors of {dimensions} dimensions",
            f"give one of {', '.join(map(str, _DIMENSIONS))}",
        )
    if max_tokens is not None:
        raise UsageError("wordllama cuts no text off", "leave max_tokens out")
    return _WordLlama(dimensions)


class _WordLlama:
    def __init__(self, dimensions: int | None) -> None:
        try:
            with _quiet_import():
                import wordllama
        except ImportError as error:
            raise UnknownModelError(
                "the package wordllama, which has the weights of 'static/wordllama', isn't installed",
                "pip install 'seedbed-embed-static[wordllama]'",
            ) from error
        # Its own folder, and no download: without both it asks the hub for the tokenizer.
        folder = Path(wordllama.__file__).parent
        self._model = wordllama.WordLlama.load(cache_dir=folder, disable_download=True, trunc_dim=dimensions)

    def vectors(self, texts: list[str]) -> Any:
        longest = max(map(len, texts))
        return self._model.embed(texts, batch_size=max(1, min(_BATCH, _BATCH_CHARACTERS // (longest + 1))))


@contextmanager
def _quiet_import() -> Iterator[None]:
    """Undo what wordllama does when it's imported: it has the whole program log to the terminal."""
    root = logging.getLogger()
    handlers, level = [*root.handlers], root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
