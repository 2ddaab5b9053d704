"""The most typical and the oddest rows: how much each is like the mean of all."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from seedbed import Embedder

Floats = npt.NDArray[np.float64]

_RUN = 3
"""Characters of a run: these work in any language, without knowing its words."""


def likeness(texts: Sequence[str], embedder: Embedder | None = None) -> Floats:
    """Return the cosine similarity of each text to the mean of all; without an embedder, by TF-IDF.

    TF-IDF is that of runs of three characters in lower case, with white space folded: 1 + ln of how often a
    run is in the text, times ln((1 + texts) / (1 + texts with the run)) + 1, each text scaled to length 1.
    """
    if embedder is None:
        return _by_runs(texts)
    vectors = np.asarray(embedder.vectors(list(texts)), dtype=np.float64)
    return _to_the_mean(_unit(vectors))


def _to_the_mean(vectors: Floats) -> Floats:
    found: Floats = vectors @ _unit(vectors.mean(axis=0, keepdims=True))[0]
    return found


def _unit(vectors: Floats) -> Floats:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1)


def _by_runs(texts: Sequence[str]) -> Floats:
    counted = [_runs(text) for text in texts]
    among = Counter(run for runs in counted for run in runs)
    places = {run: place for place, run in enumerate(among)}
    rarity = np.array([math.log((1 + len(texts)) / (1 + count)) + 1 for count in among.values()])
    # Sparse: a text has a thousand of perhaps a hundred thousand runs.
    parts: list[tuple[npt.NDArray[np.int64], Floats]] = []
    mean = np.zeros(len(places))
    for runs in counted:
        where = np.fromiter((places[run] for run in runs), np.int64, len(runs))
        weights = (1 + np.log(np.fromiter(runs.values(), np.float64, len(runs)))) * rarity[where]
        weights /= np.linalg.norm(weights) or 1
        mean[where] += weights
        parts.append((where, weights))
    mean /= np.linalg.norm(mean) or 1
    return np.array([float(weights @ mean[where]) for where, weights in parts])


def _runs(text: str) -> Counter[str]:
    folded = " ".join(text.lower().split())
    return Counter(folded[start : start + _RUN] for start in range(len(folded) - _RUN + 1))
