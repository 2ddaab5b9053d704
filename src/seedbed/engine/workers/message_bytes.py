"""Messages as bytes. They are pickled: a run and its workers have the same versions."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any, TypeAlias

Pickled: TypeAlias = Callable[[Any], bytes]
"""Pickles an object; a transport may bring one that also pickles lambdas and classes of a notebook."""


def encoded(message: Any, pickled: Pickled = pickle.dumps) -> bytes:
    """Return a message as bytes."""
    try:
        return pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    except (TypeError, AttributeError, pickle.PicklingError):
        # Sampled variables may hold what the standard library can't pickle.
        return pickled(message)


def decoded(message: bytes) -> Any:
    """Return the message that bytes stand for."""
    return pickle.loads(message)
