"""Fixtures of all test suites: the core's and those of the first-party plugins."""

from __future__ import annotations

from tests.support.fault_server import fault_server
from tests.support.llama_server import llama_server

__all__ = ["fault_server", "llama_server"]
