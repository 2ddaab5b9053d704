"""Blocks of rows in a run's store, with the verdicts on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from seedbed.engine.evidence import redacted
from seedbed.engine.segments.repeatable_line import LineStep
from seedbed.engine.segments.row_block import RowBlock
from seedbed.engine.verdicts.log import VerdictLog
from seedbed.store import Result, RunStore, Verdict
from seedbed.store.refused_rows import kept_step
from seedbed.store.row_blocks import BLOCKS, NOTHING, block_data, block_name, entries, is_block
from seedbed.store.run_operations import BlockVerdicts
from seedbed.store.stored_json import entry_at, row_of_step


class BlockLog:
    """Keeps blocks of rows, and adds the verdicts on them to a log; what stands already isn't written again.

    `steps` are the line's; rows of the last one are the dataset's, `leaf`.
    """

    # One result for each step and 256 rows, and no index entry for each row: a row of the table, whose id is
    # a digest, takes 5 µs of the writer and ten of those who pass it on, three times what a short step takes.

    def __init__(
        self, log: VerdictLog, store: RunStore, leaf: str, steps: Sequence[LineStep], secrets: Sequence[str]
    ) -> None:
        self._log = log
        self._store = store
        self._leaf = leaf
        self._steps = steps
        self._secrets = secrets
        self._session = store.session
        # The rows and the reasons of the block that was looked at last: those of one follow each other.
        self._read: dict[tuple[str, str, str], Sequence[bytes]] = {}
        if store.get_mark(BLOCKS) != leaf:
            store.set_mark(BLOCKS, leaf)

    def add(self, block: RowBlock) -> int:
        """Keep a block and the verdicts on its rows; return how many of them stood already."""
        standing = self._standing(block)
        if new := block.part(standing, len(block)) if standing else block:
            first = self._log.count
            name = block_name(first, self._session)
            # Results first: a verdict never points to one that isn't there.
            self._store.add_results(
                [one for step in range(len(self._steps)) for one in self._kept(new, step, name)]
            )
            refused = {i: one.failure.step for i, one in new.refused.items()}
            step = self._steps[-1].name
            self._log.add_block(BlockVerdicts(self._leaf, first, new.ids, step, name, refused))
        return standing

    def _kept(self, block: RowBlock, number: int, name: str) -> list[Result]:
        step = self._steps[number]
        made = Result(step.name, name, step.fingerprint, 0, "done", block.made[number])
        refused = {i: one for i, one in block.refused.items() if one.number == number}
        if not refused:
            return [made]
        whys, evidence = [NOTHING] * len(block), [NOTHING] * len(block)
        for i, one in refused.items():
            whys[i], evidence[i] = one.failure.encoded(), one.evidence
        kept = Result(kept_step(step.name), name, step.fingerprint, 0, "done", block_data(evidence))
        return [
            redacted(kept, self._secrets) if self._secrets else kept,
            made._replace(reasons=block_data(whys)),
        ]

    def _standing(self, block: RowBlock) -> int:
        """Take the stored verdicts on the rows of a block as far as they're the same; return how many."""
        if not self._log.agrees:
            return 0
        count, rows = 0, block.last_rows()
        while count < len(block) and self._log.stands(self._is_item(block, count, rows[count])):
            count += 1
        return count

    def _is_item(self, block: RowBlock, i: int, row: bytes) -> Callable[[Verdict], bool]:
        """Return whether a stored verdict is that on item `i`, and points to the same row or reason."""
        refusal = block.refused.get(i)
        if refusal is None:
            decided, content = (block.ids[i], "accepted", self._steps[-1].name), row
        else:
            decided = (block.ids[i], "rejected", refusal.failure.step)
            content = refusal.failure.encoded()

        def is_item(known: Verdict) -> bool:
            is_alike = (known.row, known.verdict, known.step) == decided and is_block(known.source_row)
            return is_alike and entry_at(self._entries(known), known.k) == content

        return is_item

    def _entries(self, known: Verdict) -> Sequence[bytes]:
        """Return the rows of a block that a verdict points to, or the reasons if it was refused."""
        key = (known.source_row, known.step, known.verdict)
        if not any(name == known.source_row for name, *_ in self._read):
            self._read.clear()
        if key not in self._read:
            block = self._store.result_of(known.step, known.source_row)
            data = block and (block.data if known.verdict == "accepted" else block.reasons)
            self._read[key] = entries(data, row_of_step(known.step, known.source_row)) if data else []
        return self._read[key]
