"""Vectors of rows, from an embedder or from a column, and the cosine similarity between them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from seedbed import Embedder, InvalidRowError, Row, UsageError
from seedbed_data.words import text_of, type_name

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Vectors = npt.NDArray[np.float32]

_FIRST = 1024
"""Vectors that there's room for at first; it doubles whenever it's used up."""
_SLACK = 1e-5
"""What rounding can make of a bound: 32-bit floats have seven digits."""


def numpy_module() -> Any:
    """Return the module numpy; raise UsageError if it isn't installed."""
    try:
        import numpy
    except ImportError as error:
        raise UsageError(
            "vectors need the package numpy", "pip install 'seedbed-data[embeddings]'"
        ) from error
    return numpy


def vector_of(row: Row, by: Sequence[str], embedder: Embedder | None, column: str) -> Vectors:
    """Return the vector of a row: that of the text in the columns `by`, or else that in `column`."""
    if embedder is not None:
        found: Vectors = embedder.vectors([text_of(row, by)])[0]
        return found
    numpy = numpy_module()
    value = row[column]
    if not isinstance(value, list) or not value:
        what = "an empty list" if value == [] else type_name(value)
        raise InvalidRowError(f"'{column}' is {what}, not a list of numbers")
    try:
        vector = numpy.asarray(value, dtype=numpy.float32)
    except (TypeError, ValueError) as error:
        raise InvalidRowError(f"'{column}' is not a list of numbers: {error}") from error
    if vector.ndim != 1 or not numpy.isfinite(vector).all():
        raise InvalidRowError(f"'{column}' is not a list of finite numbers")
    return vector  # type: ignore[no-any-return]


def unit(vectors: Vectors) -> Vectors:
    """Return vectors of length 1 in the same directions; those of length 0 stay as they are."""
    numpy = numpy_module()
    lengths = numpy.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / numpy.where(lengths == 0, 1, lengths)  # type: ignore[no-any-return]


class SeenVectors:
    """Vectors of length 1 that were seen, to find one whose cosine similarity to another reaches a threshold.

    Every vector is compared, so the answer is exact. To read less memory, only the first numbers of each are
    compared at first: what the rest can add is bounded by its length.
    """

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._count = 0
        # The first numbers of each vector, all others, and the length of these.
        self._heads: Any = None
        self._tails: Any = None
        self._rests: Any = None

    def __len__(self) -> int:
        return self._count

    def nearest(self, vector: Vectors) -> int | None:
        """Return the number of the vector that is most like this one; None if none reaches the threshold.

        Of several that are equally like it, the first counts.
        """
        if not self._count:
            return None
        self._check_length(vector)
        head, tail = self._parts(vector)
        seen = slice(0, self._count)
        bounds = _products(self._heads[seen], head) + self._rests[seen] * _length(tail)
        (candidates,) = (bounds >= self._threshold - _SLACK).nonzero()
        if not len(candidates):
            return None
        found = _products(self._heads[candidates], head) + _products(self._tails[candidates], tail)
        best = int(found.argmax())
        # The whole sum is off by less than the bound, but equal vectors may still make 0.9999999.
        return int(candidates[best]) if found[best] >= self._threshold - _SLACK / 10 else None

    def add(self, vector: Vectors) -> None:
        """Add a vector."""
        if not self._count:
            self._begin(len(vector))
        self._check_length(vector)
        if self._count == len(self._heads):
            self._grow()
        head, tail = self._parts(vector)
        self._heads[self._count], self._tails[self._count] = head, tail
        self._rests[self._count] = _length(tail)
        self._count += 1

    def _begin(self, dimensions: int) -> None:
        numpy = numpy_module()
        first = max(1, dimensions // 4)
        self._heads = numpy.empty((_FIRST, first), numpy.float32)
        self._tails = numpy.empty((_FIRST, dimensions - first), numpy.float32)
        self._rests = numpy.empty(_FIRST, numpy.float32)

    def _grow(self) -> None:
        numpy = numpy_module()
        for name in ("_heads", "_tails", "_rests"):
            old = getattr(self, name)
            new = numpy.empty((2 * len(old), *old.shape[1:]), numpy.float32)
            new[: len(old)] = old
            setattr(self, name, new)

    def _parts(self, vector: Vectors) -> tuple[Vectors, Vectors]:
        first = self._heads.shape[1]
        return vector[:first], vector[first:]

    def _check_length(self, vector: Vectors) -> None:
        wanted = self._heads.shape[1] + self._tails.shape[1]
        if len(vector) != wanted:
            raise InvalidRowError(f"the vector has {len(vector)} numbers, those of earlier rows {wanted}")


def _products(vectors: Vectors, vector: Vectors) -> Vectors:
    # Not `@`: on a busy machine the threads of its library wait for each other, which took 3.8 ms for 20,000
    # vectors instead of 0.25 ms, and its last digits depend on how many threads there are.
    return numpy_module().einsum("ij,j->i", vectors, vector)  # type: ignore[no-any-return]


def _length(vector: Vectors) -> float:
    return math.sqrt(float(vector @ vector))
