"""GGUF files from the Hugging Face hub, through huggingface_hub and its cache."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from seedbed import LLMConnectionError, UnknownModelError, UsageError

HUB_PREFIX = "hf:"


def hub_file(model: str) -> Path:
    """Return the file of `hf:org/repo/file.gguf`: from the local cache, or else downloaded.

    Raises UsageError for another form and without the extra `hub`, UnknownModelError if the hub has no such
    file for this user, LLMConnectionError if the hub can't be reached.
    """
    parts = model.removeprefix(HUB_PREFIX).split("/", 2)
    if len(parts) != 3 or not all(parts) or not parts[2].lower().endswith(".gguf"):
        raise UsageError(f"'{model}' does not name a file of the hub", "write llamacpp/hf:org/repo/file.gguf")
    repository, file = f"{parts[0]}/{parts[1]}", parts[2]
    try:
        import huggingface_hub
    except ImportError as error:
        raise UsageError(
            f"'{model}' is a file of the Hugging Face hub, which needs another package",
            "pip install 'seedbed-llamacpp[hub]'",
        ) from error
    try:
        return Path(_cached_or_downloaded(huggingface_hub, repository, file))
    except Exception as error:
        raise _hub_error(huggingface_hub.errors, model, error) from error


def _cached_or_downloaded(huggingface_hub: Any, repository: str, file: str) -> str:
    # First the cache alone: a second run must not depend on the hub, nor get another version of the file.
    try:
        path: str = huggingface_hub.hf_hub_download(repository, file, local_files_only=True)
    except huggingface_hub.errors.LocalEntryNotFoundError:
        path = huggingface_hub.hf_hub_download(repository, file)
    return path


def _hub_error(errors: Any, model: str, error: Exception) -> Exception:
    """Return the typed error for what huggingface_hub raised; its classes overlap, so order matters."""
    if isinstance(error, errors.HFValidationError):
        return UsageError(
            f"'{model}' does not name a file of the hub", "write llamacpp/hf:org/repo/file.gguf"
        )
    if isinstance(error, errors.LocalEntryNotFoundError):
        return LLMConnectionError(
            f"cannot download '{model}': the Hugging Face hub cannot be reached",
            "is there a network, and is HF_ENDPOINT right?",
            "without a network: download the file elsewhere, and write llamacpp//folder/file.gguf",
            fatal=True,
        )
    if isinstance(error, errors.GatedRepoError):
        return UnknownModelError(
            f"'{model}' is behind terms that this account has not accepted",
            "accept them on the model's page, and set HF_TOKEN",
        )
    if isinstance(error, errors.RepositoryNotFoundError | errors.EntryNotFoundError):
        return UnknownModelError(
            f"the Hugging Face hub has no file '{model}'",
            "check its spelling; a private one needs HF_TOKEN",
        )
    return LLMConnectionError(f"cannot download '{model}': {type(error).__name__}", "try again", fatal=True)
