"""Errors on their way from a worker to the run."""

from __future__ import annotations

import pickle

from seedbed.errors import SeedbedError


def sendable(error: BaseException) -> BaseException:
    """Return an error that can be unpickled elsewhere: itself, or a SeedbedError of the same words.

    Its cause stays behind, since that may be of any class.
    """
    bare = error.with_traceback(None)
    bare.__cause__ = bare.__context__ = None
    try:
        restored = pickle.loads(pickle.dumps(bare))
    except Exception:  # noqa: BLE001 - an author's exception may fail in any way
        restored = None
    if type(restored) is type(error) and str(restored) == str(error):
        return bare
    if isinstance(error, SeedbedError):
        return SeedbedError(error.fact, *error.advice)
    return SeedbedError(f"a step raised {type(error).__name__}: {error}")
