"""Checks whether the verdicts of a run can be right: each row once, with a result, and no gaps."""

from __future__ import annotations

from seedbed.store.paged_reads import PagedReads

_TWICE = (
    "SELECT CAST(row AS TEXT), count(*) FROM verdicts WHERE leaf = ? AND verdict = 'accepted' "
    "GROUP BY row HAVING count(*) > 1 ORDER BY min(seq) LIMIT 1"
)
_LOST = (
    "SELECT CAST(v.row AS TEXT), CAST(v.step AS TEXT) FROM verdicts AS v "
    "WHERE v.leaf = ? AND v.verdict = 'accepted' AND NOT EXISTS "
    "(SELECT 1 FROM results AS r WHERE r.step = v.step AND r.row = v.source_row) ORDER BY v.seq LIMIT 1"
)
_NUMBERS = "SELECT count(*), ifnull(max(seq) + 1, 0) FROM verdicts WHERE leaf = ?"


class VerdictChecks(PagedReads):
    """Looks for verdicts that no engine should give."""

    def wrong_verdict(self, leaf: str) -> str | None:
        """Return what is wrong with the verdicts of a leaf, in words that follow the engine's name, or None.

        Everything that was added has to be durable.
        """
        for row, count in self._all(_TWICE, leaf):
            return f"accepted the row {row!r} {count:,} times at {leaf!r}"
        for row, step in self._all(_LOST, leaf):
            return f"accepted the row {row!r} at {leaf!r}, and the run has no result of {step!r} for it"
        count, numbers = self._one(_NUMBERS, leaf)
        if count != numbers:
            return f"gave {count:,} verdicts at {leaf!r}, with numbers up to {numbers - 1:,}: some are lost"
        return None
