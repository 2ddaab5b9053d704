"""Faults in batches, whose contracts are run by one pytest: starting one takes as long as ten tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest


def in_batches(faults: Sequence[str], size: int = 6) -> list[Any]:
    """Return the parameters of a test that is given some of these faults at a time."""
    batches = (faults[start : start + size] for start in range(0, len(faults), size))
    return [pytest.param(batch, id=" ".join(batch)) for batch in batches]
