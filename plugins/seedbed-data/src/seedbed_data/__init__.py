"""Sources and steps that read, clean, shape, sample and split rows, by name and without a model."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from seedbed import hookimpl

if TYPE_CHECKING:
    from seedbed_data.balance import Balance as Balance
    from seedbed_data.chunk import Chunk as Chunk
    from seedbed_data.code_run import CodeRun as CodeRun
    from seedbed_data.columns import Drop as Drop
    from seedbed_data.columns import Rename as Rename
    from seedbed_data.columns import Select as Select
    from seedbed_data.computed import Map as Map
    from seedbed_data.computed import Template as Template
    from seedbed_data.decontaminate import Decontaminate as Decontaminate
    from seedbed_data.duplicates import DedupExact as DedupExact
    from seedbed_data.embed import Embed as Embed
    from seedbed_data.explode import Explode as Explode
    from seedbed_data.filters import Filter as Filter
    from seedbed_data.filters import Length as Length
    from seedbed_data.filters import Limit as Limit
    from seedbed_data.group import Group as Group
    from seedbed_data.hard_negatives import HardNegatives as HardNegatives
    from seedbed_data.isolated import Tested as Tested
    from seedbed_data.isolated import call_functions as call_functions
    from seedbed_data.isolated import run_tests as run_tests
    from seedbed_data.language import Language as Language
    from seedbed_data.leaked_secrets import Secrets as Secrets
    from seedbed_data.messages import Messages as Messages
    from seedbed_data.near_duplicates import DedupNear as DedupNear
    from seedbed_data.near_duplicates import NearDuplicates as NearDuplicates
    from seedbed_data.order import Shuffle as Shuffle
    from seedbed_data.order import Sort as Sort
    from seedbed_data.pii import Pii as Pii
    from seedbed_data.quality import QualityHeuristics as QualityHeuristics
    from seedbed_data.sampling import Sample as Sample
    from seedbed_data.sandbox import Bounds as Bounds
    from seedbed_data.sandbox import Ran as Ran
    from seedbed_data.sandbox import check_sandbox as check_sandbox
    from seedbed_data.sandbox import run_python as run_python
    from seedbed_data.semantic_duplicates import DedupSemantic as DedupSemantic
    from seedbed_data.sources.documents import Documents as Documents
    from seedbed_data.sources.hf import Hf as Hf
    from seedbed_data.sources.inline import Rows as Rows
    from seedbed_data.sources.sql import Sql as Sql
    from seedbed_data.sources.tables import Arrow as Arrow
    from seedbed_data.sources.tables import Csv as Csv
    from seedbed_data.sources.tables import Json as Json
    from seedbed_data.sources.tables import Jsonl as Jsonl
    from seedbed_data.sources.tables import Parquet as Parquet
    from seedbed_data.sources.text import Text as Text
    from seedbed_data.split import Split as Split
    from seedbed_data.token_counting import token_counter as token_counter
    from seedbed_data.validate import Validate as Validate

_HOMES = {
    "balance": "Balance",
    "chunk": "Chunk",
    "code_run": "CodeRun",
    "columns": "Drop Rename Select",
    "computed": "Map Template",
    "decontaminate": "Decontaminate",
    "duplicates": "DedupExact",
    "embed": "Embed",
    "explode": "Explode",
    "filters": "Filter Length Limit",
    "group": "Group",
    "hard_negatives": "HardNegatives",
    "isolated": "Tested call_functions run_tests",
    "language": "Language",
    "leaked_secrets": "Secrets",
    "messages": "Messages",
    "near_duplicates": "DedupNear NearDuplicates",
    "order": "Shuffle Sort",
    "pii": "Pii",
    "quality": "QualityHeuristics",
    "sampling": "Sample",
    "sandbox": "Bounds Ran check_sandbox run_python",
    "semantic_duplicates": "DedupSemantic",
    "sources.documents": "Documents",
    "sources.hf": "Hf",
    "sources.inline": "Rows",
    "sources.sql": "Sql",
    "sources.tables": "Arrow Csv Json Jsonl Parquet",
    "sources.text": "Text",
    "split": "Split",
    "token_counting": "token_counter",
    "validate": "Validate",
}
_HOME = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = [
    "Arrow",
    "Balance",
    "Bounds",
    "Chunk",
    "CodeRun",
    "Csv",
    "Decontaminate",
    "DedupExact",
    "DedupNear",
    "DedupSemantic",
    "Documents",
    "Drop",
    "Embed",
    "Explode",
    "Filter",
    "Group",
    "HardNegatives",
    "Hf",
    "Json",
    "Jsonl",
    "Language",
    "Length",
    "Limit",
    "Map",
    "Messages",
    "NearDuplicates",
    "Parquet",
    "Pii",
    "QualityHeuristics",
    "Ran",
    "Rename",
    "Rows",
    "Sample",
    "Secrets",
    "Select",
    "Shuffle",
    "Sort",
    "Split",
    "Sql",
    "Template",
    "Tested",
    "Text",
    "Validate",
    "call_functions",
    "check_sandbox",
    "run_python",
    "run_tests",
    "token_counter",
]


@hookimpl
def seedbed_step(name: str) -> Any:
    """Return the step class registered as `name`."""
    return __getattr__("".join(word.title() for word in name.split("-")))


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'seedbed_data' has no attribute {name!r}")
    return getattr(import_module(f"seedbed_data.{_HOME[name]}"), name)
