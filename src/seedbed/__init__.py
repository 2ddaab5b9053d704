"""Seedbed makes datasets with language models, from tasks and backends that are plugins.

Everything public is importable from here, and loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seedbed.errors import *  # noqa: F403
    from seedbed.hookspecs import hookimpl as hookimpl
