"""Rows on disk: the files that rows are read from and written to, and the databases of runs.

Each name is loaded on first use: a listing of plugins needs one of these modules, and they're thirty.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seedbed.store.csv_safety import check_csv_safe as check_csv_safe
    from seedbed.store.csv_safety import safe_rows as safe_rows
    from seedbed.store.dataset_writing import INPUT_TYPES as INPUT_TYPES
    from seedbed.store.dataset_writing import card_of as card_of
    from seedbed.store.dataset_writing import check_output as check_output
    from seedbed.store.dataset_writing import push_full_files as push_full_files
    from seedbed.store.export import check_target as check_target
    from seedbed.store.export import export_rows as export_rows
    from seedbed.store.model_rows import ModelRows as ModelRows
    from seedbed.store.output import Output as Output
    from seedbed.store.output import Outputs as Outputs
    from seedbed.store.output import outputs_of as outputs_of
    from seedbed.store.readers import read_placed as read_placed
    from seedbed.store.readers import read_rows as read_rows
    from seedbed.store.run_changes import Decided as Decided
    from seedbed.store.run_changes import Known as Known
    from seedbed.store.run_changes import RunChanges as RunChanges
    from seedbed.store.run_copies import branch_run as branch_run
    from seedbed.store.run_copies import save_run as save_run
    from seedbed.store.run_copies import take_run as take_run
    from seedbed.store.run_folders import RunEntry as RunEntry
    from seedbed.store.run_folders import is_run as is_run
    from seedbed.store.run_folders import list_runs as list_runs
    from seedbed.store.run_folders import remove_remains as remove_remains
    from seedbed.store.run_folders import remove_run as remove_run
    from seedbed.store.run_folders import run_entry as run_entry
    from seedbed.store.run_folders import run_folder as run_folder
    from seedbed.store.run_folders import run_names as run_names
    from seedbed.store.run_folders import runs_folder as runs_folder
    from seedbed.store.run_folders import set_aside as set_aside
    from seedbed.store.run_merging import merge_runs as merge_runs
    from seedbed.store.run_queries import Rows as Rows
    from seedbed.store.run_reader import RunReader as RunReader
    from seedbed.store.run_store import RunStore as RunStore
    from seedbed.store.run_values import Call as Call
    from seedbed.store.run_values import FailureRecord as FailureRecord
    from seedbed.store.run_values import Refused as Refused
    from seedbed.store.run_values import Result as Result
    from seedbed.store.run_values import SessionRecord as SessionRecord
    from seedbed.store.run_values import TotalSpent as TotalSpent
    from seedbed.store.run_values import Verdict as Verdict
    from seedbed.store.training import TrainingRows as TrainingRows

_HOMES = {
    "csv_safety": "check_csv_safe safe_rows",
    "export": "check_target export_rows",
    "model_rows": "ModelRows",
    "output": "Output Outputs outputs_of",
    "readers": "read_placed read_rows",
    "run_changes": "Decided Known RunChanges",
    "run_copies": "branch_run save_run take_run",
    "run_folders": (
        "RunEntry is_run list_runs remove_remains remove_run run_entry run_folder run_names runs_folder "
        "set_aside"
    ),
    "run_queries": "Rows",
    "run_reader": "RunReader",
    "run_merging": "merge_runs",
    "run_store": "RunStore",
    "run_values": "Call FailureRecord Refused Result SessionRecord TotalSpent Verdict",
    "training": "TrainingRows",
    "dataset_writing": "INPUT_TYPES card_of check_output push_full_files",
}
_HOME = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'seedbed.store' has no attribute {name!r}")
    value = getattr(import_module(f"seedbed.store.{_HOME[name]}"), name)
    globals()[name] = value
    return value
