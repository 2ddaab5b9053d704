"""What failed in an `asyncio.TaskGroup` of an author's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seedbed.llm.calling.scope import Branch

_UNSAID = "unhandled errors in a TaskGroup"
"""What asyncio says in such a group."""


def first_of_group(error: ExceptionGroup[Exception], branches: Sequence[Branch]) -> Exception:
    """Return the error of a group that a task of the author's raised, of the one that was started first.

        except ExceptionGroup as error:
            error = first_of_group(error, scope.row_branches)

    An author's own group, which says more than its parts, is returned as it is. Without `branches`, outside
    of a run, it's the error that came first.
    """
    parts = list(_leaves(error))
    first = parts[0] if error.message == _UNSAID else error
    return next((one.error for one in branches if one.error in parts and one.error is not None), first)


def _leaves(error: Exception) -> Iterator[Exception]:
    if isinstance(error, ExceptionGroup):
        for part in error.exceptions:
            yield from _leaves(part)
    else:
        yield error
