"""Seedbed's own plugin packages: what they have, and how to install them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from types import MappingProxyType
from urllib.parse import unquote, urlsplit

# For packages that aren't installed, whose metadata can't be read. A test compares it with theirs.
_NAMES: Mapping[tuple[str, str], str] = {
    ("seedbed-openai", "seedbed.embedders"): "openai",
    ("seedbed-openai", "seedbed.llms"): "openai",
    ("seedbed-anthropic", "seedbed.llms"): "anthropic",
    ("seedbed-data", "seedbed.steps"): (
        "arrow balance chunk code-run csv decontaminate dedup-exact dedup-near dedup-semantic "
        "documents drop embed explode filter group hard-negatives hf json jsonl language length limit "
        "map messages parquet pii quality-heuristics rename rows sample secrets select shuffle sort "
        "split sql template text validate"
    ),
    ("seedbed-embed-static", "seedbed.embedders"): "static",
    ("seedbed-hub", "seedbed.formats"): "hf",
    ("seedbed-llamacpp", "seedbed.embedders"): "llamacpp",
    ("seedbed-llamacpp", "seedbed.llms"): "llamacpp",
    ("seedbed-ray", "seedbed.engines"): "ray",
    ("seedbed-tasks", "seedbed.steps"): "rater-agreement",
    ("seedbed-tasks", "seedbed.tasks"): (
        "best-of-n bitext chat clair classify code-problems complexity-score critique-revise debate "
        "deita dialogue embedding-tasks evol-complexity evol-instruct evol-quality extract "
        "function-calls genstruct glan hard-negative-texts image-caption image-questions "
        "instruction-backtranslation instructions-from-documents judge magpie majority-vote "
        "math-problems math-shepherd mixture-of-agents persona-instructions persona-rewrite personas "
        "prometheus qa-from-document qa-pairs quality-score rewrite self-instruct self-refine "
        "sentence-pairs structured summarize table text-classification-data text-generation "
        "text-matching-long text-matching-short text-retrieval translate triplets ultrafeedback urial"
    ),
    ("seedbed-telemetry", "seedbed.observers"): "mlflow opentelemetry",
}

FIRST_PARTY: Mapping[tuple[str, str], str] = MappingProxyType(
    {(group, name): package for (package, group), names in _NAMES.items() for name in names.split()}
)
"""The package that has a plugin, by the plugin's group and name."""


LIBRARIES = ("seedbed-tasks", "seedbed-data")
"""The packages of tasks and steps for all purposes, which whoever searches wants to know of."""


def pip_install(package: str) -> str:
    """Return the command that installs one of Seedbed's own packages.

    If Seedbed was installed from a clone, so is the package: it needn't be on an index, and is as new.
    """
    clone = _clone()
    folder = None if clone is None else clone / "plugins" / package
    return f"pip install {package if folder is None or not folder.is_dir() else quote(str(folder))}"


def _clone() -> Path | None:
    """Return the folder that Seedbed was installed from, but not by an editable installation.

    Who has that works on Seedbed, in an environment with all packages.
    """
    # Imported late: only messages need them.
    import json
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        found = json.loads(distribution("seedbed").read_text("direct_url.json") or "{}")
        if found["dir_info"].get("editable"):
            return None
        return Path(unquote(urlsplit(found["url"]).path))
    except (PackageNotFoundError, OSError, ValueError, KeyError, TypeError, AttributeError):
        # Installed from an index, or with damaged metadata, which must not hide what is to be said.
        return None
