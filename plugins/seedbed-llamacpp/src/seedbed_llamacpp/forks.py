"""What a forked child must not do with llama.cpp: the model's threads exist only in the parent."""

from __future__ import annotations

import ctypes
import os
from functools import cache

from seedbed import UsageError


def refuse_after_fork(pid: int) -> None:
    """Raise UsageError unless this is the process `pid`."""
    if os.getpid() != pid:
        raise UsageError(
            "this process was forked from one that had loaded a llama.cpp model, and can't use it",
            "start processes with multiprocessing's 'spawn', or load the model in the child only",
        )


def never_free(native: object) -> None:
    """Keep an object of llama.cpp alive past the interpreter's end.

    If it's freed in a forked child, it waits for threads that don't exist there. If the interpreter frees it
    at its end, it waits for threads that wait for the interpreter.
    """
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(native))


def may_free(native: object) -> None:
    """Undo `never_free`."""
    ctypes.pythonapi.Py_DecRef(ctypes.py_object(native))


@cache
def spare_children_the_destructors() -> None:
    """Have children forked from now on end without llama.cpp's static destructors, which hang there.

    An exit handler that exits with the same status runs before them, since it's registered later. If the C
    library has no `on_exit` (macOS, musl), children must end through `os._exit`, as those of multiprocessing
    do.
    """
    if not hasattr(os, "register_at_fork"):
        return
    c_library = ctypes.CDLL(None)
    if not hasattr(c_library, "on_exit"):
        return

    def after_in_child() -> None:
        c_library.on_exit(c_library._exit, None)

    os.register_at_fork(after_in_child=after_in_child)
