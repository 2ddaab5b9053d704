"""Uploads the files of a dataset that are full, while the run goes on.

As for observers, the store is the queue: a thread reads what is durable, so a slow upload costs the run
neither time nor memory, and one that fails costs it nothing. The end of the run uploads the whole dataset, as
without this; what is there already isn't sent again.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Sequence

from seedbed.engine.plan import Plan
from seedbed.errors import DatasetError, StoreError, UsageError
from seedbed.store import Output, RunReader, RunStore, push_full_files

logger = logging.getLogger(__name__)

BRIEF = 3.0
"""Seconds that an upload may still take when a run is interrupted: a commit is made whole or not at all."""


class Pushing:
    """Pushes the datasets of one session of a run, on a thread of its own; other datasets are left alone.

    `notice` may be called on any thread, and is quick.
    """

    def __init__(self, store: RunStore, outputs: Sequence[Output], plan: Plan) -> None:
        self._store = store
        self._datasets = [_Growing(one, plan, store) for one in outputs if one.push_every is not None]
        self._changed = threading.Condition()
        self._has_news = False
        self._is_over = False
        # A daemon: an upload that hangs must not keep the process from ending.
        self._thread = threading.Thread(target=self._work, name="seedbed push", daemon=True)
        if self._datasets:
            self._thread.start()

    def notice(self, durable: int) -> None:
        """Look for rows that have become durable."""
        with self._changed:
            self._has_news = True
            self._changed.notify_all()

    def end(self, finished: bool) -> None:
        """Push no more; wait for an upload in progress, but only briefly if the run was interrupted."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
        if self._datasets:
            self._thread.join(None if finished else BRIEF)

    def note_end(self) -> None:
        """Note that the whole datasets are pushed: a run that gets more rows begins there."""
        for dataset in self._datasets:
            dataset.note_end()

    def _work(self) -> None:
        try:
            with RunReader.open(self._store.folder) as reader:
                while self._waits_for_news():
                    for dataset in self._datasets:
                        dataset.push(reader)
        except StoreError as error:
            # The run can't go on either, and says so; an interrupted one may have closed its store meanwhile.
            logger.debug("nothing more is pushed: %s", error)

    def _waits_for_news(self) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._has_news or self._is_over)
            self._has_news = False
            return not self._is_over


class _Growing:
    """A dataset that is pushed again and again, and how many rows it needs for the next time."""

    def __init__(self, output: Output, plan: Plan, store: RunStore) -> None:
        self._output = output
        self._every = output.push_every or 1
        self._leaf = output.leaf or plan.leaf
        self._plan = plan
        self._store = store
        # How it's written is part of the name: with other splits, everything has to be pushed again.
        self._mark = f"pushed {json.dumps([output.path, output.form, output.split, output.file_rows])}"
        self._next = int(store.get_mark(self._mark) or 0) + self._every

    def push(self, reader: RunReader) -> None:
        """Push the files that are full, if there are enough rows for the next time."""
        accepted = len(reader.rows(self._leaf))
        if accepted < self._next:
            return
        reached = accepted - accepted % self._every
        # Also after a failure: the next try is at the next file.
        self._next = reached + self._every
        try:
            push_full_files(
                reader, self._output, self._leaf, seed=self._plan.seed, registry=self._plan.registry
            )
        except (DatasetError, UsageError) as error:
            logger.warning("the run goes on, and tries again: %s", error.fact)
        else:
            self._note(reached)

    def note_end(self) -> None:
        """Note that all rows are pushed."""
        accepted = len(self._store.rows(self._leaf))
        self._note(accepted - accepted % self._every)

    def _note(self, reached: int) -> None:
        # A resumed run begins where this one ends. If the mark is lost, it pushes what is there already.
        self._store.set_mark(self._mark, str(reached))
