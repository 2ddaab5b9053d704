"""Rows on disk: what a row may hold, and the files that rows are read from and written to."""

from __future__ import annotations

from seedbed.store.readers import read_rows
from seedbed.store.rows import Row, check_row, encode_row
from seedbed.store.writers import DatasetWriter, open_writer

__all__ = ["DatasetWriter", "Row", "check_row", "encode_row", "open_writer", "read_rows"]
