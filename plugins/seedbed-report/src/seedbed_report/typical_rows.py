"""The most typical and the oddest rows of a sample, with the beginning of their texts."""

from __future__ import annotations

from collections.abc import Sequence

from seedbed import Embedder, UsageError
from seedbed_report import figures
from seedbed_report.likeness import likeness
from seedbed_report.sample import Sampled
from seedbed_report.values import shown

_FEWEST = 5
"""Rows of a sample in which some can be called odd."""
_EXAMPLES = 5
"""Rows that are shown of each kind."""
_SHOWN_CHARACTERS = 600
"""Characters of a row that are shown."""


def typical_and_odd(
    sample: Sequence[Sampled], columns: Sequence[str], embedder: Embedder | None
) -> figures.Likeness | None:
    """Return the rows most and least like the mean of a sample; None if it's too small.

    They are compared by vectors of the embedder, or by TF-IDF without one. Raises UsageError if there's an
    embedder and too few rows.
    """
    if len(sample) < _FEWEST:
        if embedder is not None:
            raise UsageError(f"{len(sample)} rows with text are too few to compare", "leave out --embedder")
        return None
    values = likeness(["\n".join(one.texts.values()) for one in sample], embedder).tolist()
    # The first of equal texts: five copies would be the most typical rows.
    found = {
        tuple(one.texts.values()): (value, one) for value, one in zip(values[::-1], sample[::-1], strict=True)
    }
    ranked = sorted(found.values(), key=lambda one: (-one[0], one[1].line))
    few = min(_EXAMPLES, len(ranked) // 2)
    return figures.Likeness(
        method="tf-idf" if embedder is None else embedder.reference,
        columns=list(columns),
        rows=len(sample),
        typical=[_example(*one) for one in ranked[:few]],
        odd=[_example(*one) for one in ranked[::-1][:few]],
    )


def _example(value: float, sampled: Sampled) -> figures.Example:
    text = shown("\n".join(sampled.texts.values()), _SHOWN_CHARACTERS)
    return figures.Example(row=sampled.row, line=sampled.line, likeness=value, text=text)
