"""Rows on disk: the files that rows are read from and written to."""

from __future__ import annotations

from seedbed.store.export import check_target, export_rows
from seedbed.store.readers import read_rows
from seedbed.store.training import TrainingRows
from seedbed.store.writers import DatasetWriter, open_writer

__all__ = ["DatasetWriter", "TrainingRows", "check_target", "export_rows", "open_writer", "read_rows"]
