"""The modules of contracts, imported in another process than pytest's."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType


def imported(name: str, file: str | None) -> ModuleType:
    """Return the module of a name, or of a file if that name is none that can be imported."""
    try:
        return importlib.import_module(name)
    except ImportError:
        if file is None:
            raise
        # pytest has names for test modules that only it can import.
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
