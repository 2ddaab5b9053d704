"""Importing xllamacpp, with threads that sleep while they wait for each other."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from seedbed import LLMError

_WAIT_POLICY = "OMP_WAIT_POLICY"
_WAIT_VARIABLES = (_WAIT_POLICY, "GOMP_SPINCOUNT")


@cache
def xllamacpp_module() -> Any:
    """Return the module xllamacpp; raises LLMError if it can't be imported.

    OpenMP reads its environment once, when it's loaded. By default its threads spin while they wait, which
    takes three times as long if other programs use the same cores (7.2 s per row instead of 2.3 s;
    README.md).
    """
    sleeping = not any(name in os.environ for name in _WAIT_VARIABLES)
    if sleeping:
        os.environ[_WAIT_POLICY] = "passive"
    try:
        import xllamacpp
    except (ImportError, OSError) as error:
        raise LLMError(
            f"the package xllamacpp cannot be imported: {error}",
            "reinstall it: pip install --force-reinstall xllamacpp",
            fatal=True,
        ) from error
    finally:
        # Only for this library: other libraries with OpenMP may be loaded later.
        if sleeping:
            del os.environ[_WAIT_POLICY]
    return xllamacpp
