"""How alike two texts are, in any language: chrF, the F-score of their runs of characters.

As Popovic, 2015 defines it (https://aclanthology.org/W15-3049/): the shares of runs of one to six characters,
without spaces, that two texts have in common, averaged over the lengths; recall counts twice as much as
precision (beta = 2). Here from 0 to 1.
"""

from __future__ import annotations

from collections import Counter

_LONGEST = 6
_BETA = 2


def chrf(text: str, reference: str) -> float:
    """Return how alike a text is to a reference, from 0 to 1; 0 if one of them is empty."""
    given, wanted = ("".join(one.split()) for one in (text, reference))
    lengths = [size for size in range(1, _LONGEST + 1) if min(len(given), len(wanted)) >= size]
    if not lengths:
        return 0.0
    shares = [_shares(_runs(given, size), _runs(wanted, size)) for size in lengths]
    precision = sum(share[0] for share in shares) / len(shares)
    recall = sum(share[1] for share in shares) / len(shares)
    if not precision or not recall:
        return 0.0
    return (1 + _BETA**2) * precision * recall / (_BETA**2 * precision + recall)


def _runs(text: str, size: int) -> Counter[str]:
    return Counter(text[start : start + size] for start in range(len(text) - size + 1))


def _shares(given: Counter[str], wanted: Counter[str]) -> tuple[float, float]:
    common = (given & wanted).total()
    return common / given.total(), common / wanted.total()
