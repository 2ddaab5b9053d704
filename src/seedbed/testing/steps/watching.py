"""Notices when the methods of a step change their arguments."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable
from typing import Any

from seedbed.tasks.base_step import BaseStep

Changes = list[str]


def watch_changes(step: BaseStep, *methods: str) -> Changes:
    """Return a list that gets an entry for each of these methods that changes one of its arguments."""
    changes: Changes = []
    for name in methods:
        watched = _watched(getattr(step, name), functools.partial(_note, changes, name))
        # Pydantic refuses attributes that aren't fields. The copy that a run works with has this one too.
        object.__setattr__(step, name, watched)
    return changes


def _watched(method: Callable[..., Any], note: Callable[[object, object], None]) -> Callable[..., Any]:
    @functools.wraps(method)
    async def watched_coroutine(*args: Any, **kwargs: Any) -> Any:
        before = copy.deepcopy((args, kwargs))
        try:
            return await method(*args, **kwargs)
        finally:
            note(before, (args, kwargs))

    @functools.wraps(method)
    def watched(*args: Any, **kwargs: Any) -> Any:
        before = copy.deepcopy((args, kwargs))
        try:
            return method(*args, **kwargs)
        finally:
            note(before, (args, kwargs))

    return watched_coroutine if inspect.iscoroutinefunction(method) else watched


def _note(changes: Changes, name: str, before: object, after: object) -> None:
    if before != after and name not in changes:
        changes.append(name)
