"""Which error a row fails by, if several of its concurrent calls fail."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from seedbed.llm.calling.scope import Branch, CallScope

_TURNS = 10
"""Turns of the loop in which a task goes on with an answer, or with what a task of its own has returned."""


async def first_error(error: Exception, scope: CallScope) -> Exception:
    """Return the error of the task that was started first, of those of a row that fail together.

    `asyncio.gather` raises the error of the call that fails first, which depends on timing: a row would be
    failed or rejected by chance, and by another chance when the run is resumed, as answers that are there
    come at once. So this waits for the calls of tasks that were started before the one that raised `error`.
    An `asyncio.TaskGroup` has cancelled these, and `first_of_group` chooses.

    It also waits for the calls of later tasks that are under way, whose answers a retry of the row reads.
    """
    branches = scope.branches or []
    raising = [one for one in branches if one.error is error]
    # The innermost first: an error passes on from there.
    raising.sort(key=lambda one: -len(one.path))
    undecided = [[one for one in _before(branch, branches) if not one.task.done()] for branch in raising]
    for earlier in undecided:
        await _ended(earlier, branches, scope)
        error = next((one.error for one in earlier if one.error is not None), error)
    await _answered(branches, scope)
    return error


def _before(branch: Branch, branches: Sequence[Branch]) -> Iterator[Branch]:
    """Yield the tasks that the same task started before, in this order."""
    for one in branches:
        if one is branch:
            return
        if one.path[:-1] == branch.path[:-1]:
            yield one


async def _ended(waited: Sequence[Branch], branches: Sequence[Branch], scope: CallScope) -> None:
    """Wait until no call of these tasks is under way, or of tasks that they start."""
    # Only for calls, which end: a task of an author may wait for something that never comes now.
    answered = asyncio.Event()
    with _on_answer(scope, lambda _: answered.set()):
        while any(_is_asking(one, branches) for one in waited):
            answered.clear()
            await answered.wait()
            for _ in range(_TURNS):
                await asyncio.sleep(0)


async def _answered(branches: Sequence[Branch], scope: CallScope) -> None:
    """Wait until the calls that are under way now have ended, not those that their tasks make next."""
    waited = Counter({asking: asking.asking for one in branches for asking in one.scope.all_asking()})
    if not waited:
        return
    answered = asyncio.Event()

    def note(ended: CallScope) -> None:
        waited[ended] -= 1
        if waited[ended] <= 0 and not +waited:
            answered.set()

    with _on_answer(scope, note):
        await answered.wait()


@contextmanager
def _on_answer(scope: CallScope, note: Callable[[CallScope], None]) -> Iterator[None]:
    scope.on_answer = note
    try:
        yield
    finally:
        scope.on_answer = None


def _is_asking(branch: Branch, branches: Sequence[Branch]) -> bool:
    depth = len(branch.path)
    return any(any(one.scope.all_asking()) for one in branches if one.path[:depth] == branch.path)
