"""Rows on disk: the files that rows are read from and written to, and the databases of runs."""

from __future__ import annotations

from seedbed.store.csv_safety import check_csv_safe, safe_rows
from seedbed.store.export import check_target, export_rows
from seedbed.store.model_rows import ModelRows
from seedbed.store.output import Output, Outputs, outputs_of
from seedbed.store.readers import read_placed, read_rows
from seedbed.store.run_changes import Decided, Known, RunChanges
from seedbed.store.run_folders import (
    RunEntry,
    is_run,
    list_runs,
    remove_run,
    run_entry,
    run_folder,
    run_names,
    runs_folder,
    set_aside,
)
from seedbed.store.run_queries import Rows
from seedbed.store.run_reader import RunReader
from seedbed.store.run_store import RunStore
from seedbed.store.run_values import Call, FailureRecord, Refused, Result, SessionRecord, TotalSpent, Verdict
from seedbed.store.training import TrainingRows
from seedbed.store.writing import INPUT_TYPES, card_of, check_output, export, push_full_files

__all__ = [
    "INPUT_TYPES",
    "Call",
    "Decided",
    "FailureRecord",
    "Known",
    "ModelRows",
    "Output",
    "Outputs",
    "Refused",
    "Result",
    "Rows",
    "RunChanges",
    "RunEntry",
    "RunReader",
    "RunStore",
    "SessionRecord",
    "TotalSpent",
    "TrainingRows",
    "Verdict",
    "card_of",
    "check_csv_safe",
    "check_output",
    "check_target",
    "export",
    "export_rows",
    "is_run",
    "list_runs",
    "outputs_of",
    "push_full_files",
    "read_placed",
    "read_rows",
    "remove_run",
    "run_entry",
    "run_folder",
    "run_names",
    "runs_folder",
    "safe_rows",
    "set_aside",
]
