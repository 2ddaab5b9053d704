"""Why rows were refused: equal reasons together."""

from __future__ import annotations

from seedbed import RunReader
from seedbed_report.figures import Cause
from seedbed_report.values import shown

_MOST = 1000
"""Causes that are told apart: a reason may have the words of a model in it."""
_EXAMPLES = 5
"""Ids for each cause."""
_LONGEST = 500
"""Characters of a reason."""
_REST = "other reasons"


def causes_of(reader: RunReader, leaf: str) -> list[Cause]:
    """Return the reasons for which rows aren't in a dataset, the most frequent first."""
    found: dict[tuple[str, str, str, str], Cause] = {}
    for refused in (row for one in reader.leaves_up_to(leaf) for row in reader.refused(one)):
        reason = shown(refused.reason.partition("\n")[0], _LONGEST)
        key = (refused.verdict, refused.step, refused.kind, reason)
        if key not in found and len(found) >= _MOST:
            key = (refused.verdict, "", "", _REST)
        if key not in found:
            verdict, step, kind, reason = key
            found[key] = Cause(
                verdict=verdict,  # type: ignore[arg-type]
                step=step,
                kind=kind,
                reason=reason,
                rows=0,
                examples=[],
            )
        cause = found[key]
        cause.rows += 1
        if len(cause.examples) < _EXAMPLES:
            cause.examples.append(refused.row)
    return sorted(found.values(), key=lambda cause: -cause.rows)
