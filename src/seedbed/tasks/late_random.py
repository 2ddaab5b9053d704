"""Random numbers that are seeded when the first one is drawn."""

from __future__ import annotations

from random import Random
from typing import Any


def late_random(seed: str) -> Random:
    """Return what draws the same numbers as `random.Random(seed)`.

    late_random("7/jokes/0").choice(topics)
    """
    return _Late(seed)


class _Late(Random):
    # Seeding with a text takes 4 us and writes 2.5 kB twice, for each row; many tasks draw nothing.

    gauss_next: float | None = None

    def __new__(cls, seed: str) -> _Late:
        # Not with the seed: the object would be seeded with its hash, to be seeded again later.
        return super().__new__(cls, 0)  # type: ignore[call-arg]

    def __init__(self, seed: str) -> None:
        self._seed = seed

    def random(self) -> float:
        return _seeded(self).random()

    def getrandbits(self, k: int, /) -> int:
        return _seeded(self).getrandbits(k)

    def getstate(self) -> tuple[Any, ...]:
        return _seeded(self).getstate()

    def setstate(self, state: tuple[Any, ...]) -> None:
        _seeded(self).setstate(state)

    def seed(self, *arguments: Any, **options: Any) -> None:
        _seeded(self).seed(*arguments, **options)

    def __reduce__(self) -> Any:
        return _seeded(self).__reduce__()


def _seeded(late: Random) -> Random:
    """Make a plain `Random` of one that isn't seeded yet: its methods are the fast ones then."""
    # A method of the former class may still be called: whoever draws many numbers looks it up once.
    if type(late) is _Late:
        seed = late.__dict__.pop("_seed")
        late.__class__ = Random  # type: ignore[assignment]
        late.seed(seed)
    return late
