"""Whether the columns that are to be the ids of rows are there, and do tell the rows apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from threading import Event
from typing import TYPE_CHECKING

from seedbed.engine.sources.column_ids import ColumnIds
from seedbed.engine.sources.id_columns import IdColumns
from seedbed.engine.sources.input_rows import InputRows
from seedbed.engine.sources.source_steps import is_at_hand
from seedbed.engine.sources.sources import numbered, place_of_row
from seedbed.engine.verdicts.decider import ATTEMPTS_PER_ROW
from seedbed.errors import UsageError
from seedbed.llm.calling.loop import off_loop
from seedbed.store.read_options import Placed
from seedbed.suggestions import did_you_mean
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.generator_task import GeneratorTask
from seedbed.tasks.steps import GeneratorStep

if TYPE_CHECKING:
    from seedbed.engine.plan import Plan

# Rows are held meanwhile, and may be large: 32 take as long as 256, of 1.4 us each.
_AT_A_TIME = 32


def check_id_columns(columns: IdColumns, given: InputRows) -> None:
    """Raise UsageError if the first rows of an input lack a column, or if it's left out of them."""
    there = given.columns()
    for name in columns.names:
        if not given.reading.wants(name):
            raise UsageError(
                f"the column '{name}' is to be the id of the rows, and isn't read",
                "name it among --columns, and not with --drop (columns= and drop= in Python)",
            )
        if there is not None and name not in there:
            raise UsageError(
                f"the input has no column '{name}' to be the id of its rows",
                *did_you_mean(name, there),
                f"its columns: {', '.join(there)}",
            )


def check_source_of_ids(sources: Sequence[BaseStep]) -> None:
    """Raise UsageError if it isn't clear which rows have ids in a column, or if a task makes the rows."""
    if len(sources) > 1:
        names = ", ".join(f"'{step.name}'" for step in sources)
        raise UsageError(
            f"rows come from several sources ({names}), and `id` is for one",
            "make the rows of the others first, with a pipeline of their own",
            "or leave out --id (`id` in Python and in files)",
        )
    if isinstance(sources[0], GeneratorTask):
        raise UsageError(
            f"'{sources[0].name}' makes its rows itself, and they're known by their number",
            "leave out --id (`id` in Python and in files)",
        )


async def check_ids_of_input(plan: Plan) -> None:
    """Read the ids of an input before any call; raise DatasetError for a row without one of its own.

    Not those of an input that can be read only once, or that takes long, nor beyond the rows that the run may
    need: these are checked as they're read.
    """
    stopped = Event()
    if plan.id_columns is None or not plan.backends:
        return
    check = _check_step if plan.input is None else _check_input
    try:
        await off_loop(partial(check, plan, plan.id_columns, stopped.is_set))
    finally:
        # A thread can't be cancelled, and the process waits for it.
        stopped.set()


def _check_input(plan: Plan, columns: IdColumns, is_stopped: Callable[[], bool]) -> None:
    given = plan.input
    assert given is not None
    if not given.is_kept:
        return
    ids, names = ColumnIds.of_input(columns, given), given.names()
    rows = islice(given.narrowed(columns.names).rows(), _most(plan))
    while (taken := list(islice(rows, _AT_A_TIME))) and not is_stopped():
        _check(taken, ids, names)


def _check_step(plan: Plan, columns: IdColumns, is_stopped: Callable[[], bool]) -> None:
    step = next(node.step for node in plan.topology.nodes if not node.parents)
    assert isinstance(step, GeneratorStep)
    if not is_at_hand(step, plan.registry):
        return
    ids = ColumnIds(columns, name_of=partial(place_of_row, step))
    for _ in islice(numbered(step.process(), step, ids=ids), _most(plan)):
        if is_stopped():
            return


def _most(plan: Plan) -> int | None:
    return None if plan.n is None else ATTEMPTS_PER_ROW * plan.n


def _check(placed: Sequence[Placed], ids: ColumnIds, names: Callable[[int], str]) -> None:
    named = ids.of_all([], lambda i: names(placed[i][0]), [row for _, row in placed])
    if named.error is not None:
        raise named.error
