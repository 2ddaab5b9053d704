"""What a forked child has from its parent and has to leave alone: the runs that are open."""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet


class Shared(Protocol):
    """What a child neither closes nor frees: the parent still works with what is on disk."""

    def leave_to_parent(self) -> None:
        """Do without it from now on; called once, in the child, which has no other thread."""


_shared: WeakSet[Shared] = WeakSet()


def share_with_children(one: Shared) -> None:
    """Have children that are forked from now on leave an object to this process."""
    _shared.add(one)


def _leave_to_parent() -> None:
    for one in [*_shared]:
        _never_free(one)
        one.leave_to_parent()
    _shared.clear()


def _never_free(inherited: object) -> None:
    """Keep an object past the end of the interpreter, which otherwise frees it then at the latest."""
    # Imported here: only children of a process with an open run need it.
    import ctypes

    ctypes.pythonapi.Py_IncRef(ctypes.py_object(inherited))


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_parent)
