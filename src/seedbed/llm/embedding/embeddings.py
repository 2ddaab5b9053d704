"""The vectors of texts: what an embedder answers, and the check of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from seedbed.errors import InvalidResponseError, LLMError, UsageError
from seedbed.llm.response import Choice, Response, Usage

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True, slots=True, kw_only=True)
class Embeddings(Response):
    """The vectors of the texts of one call, in their order, and the tokens that they took.

        Embeddings(vectors=[[0.1, 0.2], [0.3, 0.4]], usage=Usage(input_tokens=12))

    `vectors` is a numpy array of shape (texts, dimensions), or one sequence of numbers for each text. They're
    kept as 32-bit floats. `model`, `raw` and `limits` are as in `Response`.
    """

    choices: tuple[Choice, ...] = ()
    vectors: Any = field(default=(), repr=False)


def checked_embeddings(reference: str, texts: Sequence[str], answer: object) -> Embeddings:
    """Return the answer to a call, with its vectors as a numpy array of 32-bit floats.

    Raises LLMError, naming the embedder, for anything that isn't vectors, and InvalidResponseError for
    too few, of several lengths, or not finite.
    """
    numpy = require_numpy()
    given = answer if isinstance(answer, Embeddings) else Embeddings(vectors=answer)
    try:
        # What is too large for 32 bits becomes infinite, which is refused below.
        with numpy.errstate(over="ignore"):
            vectors = numpy.asarray(given.vectors, dtype=numpy.float32)
    except (TypeError, ValueError, OverflowError) as error:
        raise _odd(
            reference, f"{type(answer).__name__}, which isn't vectors of one length: {error}"
        ) from error
    if not vectors.size:
        raise InvalidResponseError(f"'{reference}' gave no vectors for {len(texts)} texts")
    if vectors.ndim != 2:
        raise _odd(reference, f"numbers of shape {vectors.shape} where (texts, dimensions) was expected")
    if len(vectors) != len(texts):
        raise InvalidResponseError(f"'{reference}' gave {len(vectors)} vectors for {len(texts)} texts")
    if not numpy.isfinite(vectors).all():
        raise InvalidResponseError(f"'{reference}' gave a vector that contains NaN or infinity")
    if not isinstance(given.usage, Usage):
        raise _odd(reference, f"{type(given.usage).__name__} where a Usage was expected")
    return replace(given, vectors=vectors)


def _odd(reference: str, what: str) -> LLMError:
    return LLMError(
        f"the embedder '{reference}' gave {what}",
        "`embed` returns Embeddings(vectors=...), a numpy array, or a list of numbers for each text",
    )


def table(data: bytes, dimensions: int) -> memoryview[float]:
    """Return bytes of 32-bit floats as a two-dimensional view: one row for each text."""
    # Without numpy: whoever reads a run need not have it.
    return memoryview(data).cast("f", (len(data) // (dimensions * 4), dimensions))


def as_array(answers: Sequence[Embeddings]) -> npt.NDArray[np.float32]:
    """Return the vectors of several calls as one numpy array of shape (texts, dimensions)."""
    numpy = require_numpy()
    if not answers:
        return numpy.zeros((0, 0), dtype=numpy.float32)  # type: ignore[no-any-return]
    lengths = {answer.vectors.shape[1] for answer in answers}
    if len(lengths) > 1:
        raise InvalidResponseError(f"an embedder gave vectors of different lengths: {sorted(lengths)}")
    return numpy.concatenate([numpy.asarray(answer.vectors) for answer in answers])  # type: ignore[no-any-return]


def require_numpy() -> Any:
    """Return the module numpy; raise UsageError if it isn't installed."""
    # Here, not at the top: most runs embed nothing, and numpy takes 0.1 s to import.
    try:
        import numpy
    except ImportError as error:
        raise UsageError(
            "vectors are numpy arrays, and numpy isn't installed", "pip install 'seedbed[embeddings]'"
        ) from error
    return numpy
