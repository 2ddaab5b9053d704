"""Numbers that are seeded late are those that would have been drawn at once."""

from __future__ import annotations

import copy
import pickle
import random
from collections.abc import Callable

import pytest

from seedbed.tasks.late_random import late_random

Draw = Callable[[random.Random], object]
SEED = "7/jokes/12"
DRAWS: dict[str, Draw] = {
    "random": lambda rng: rng.random(),
    "choice": lambda rng: rng.choice("abc"),
    "choices": lambda rng: rng.choices("abc", weights=[1, 2, 3], k=50),
    "sample": lambda rng: rng.sample(range(100), 20),
    "shuffled": lambda rng: rng.shuffle(letters := list("abcdefgh")) or letters,
    "randint": lambda rng: [rng.randint(0, 10**20) for _ in range(5)],
    "gauss": lambda rng: [rng.gauss(0, 1) for _ in range(3)],
    "normalvariate": lambda rng: rng.normalvariate(),
    "randbytes": lambda rng: rng.randbytes(10),
    "getrandbits": lambda rng: rng.getrandbits(70),
    "of one method": lambda rng: (draw := rng.random, [draw() for _ in range(3)])[1],
    "state": lambda rng: rng.getstate(),
    "seeded otherwise": lambda rng: (rng.seed(3), rng.random()),
    "seeded by nothing": lambda rng: (rng.seed(b"x", version=2), rng.gauss(0, 1)),
    "copied": lambda rng: (copy.copy(rng).random(), rng.random()),
    "pickled": lambda rng: pickle.loads(pickle.dumps(rng)).random(),
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_numbers_are_those_of_a_plain_random(draw):
    late, plain = late_random(SEED), random.Random(SEED)
    assert isinstance(late, random.Random)
    for _ in range(2):
        assert draw(late) == draw(plain)


def test_a_state_is_taken_before_the_first_number():
    late, plain = late_random(SEED), random.Random("another")
    late.setstate(plain.getstate())
    assert late.random() == plain.random()


def test_once_it_has_drawn_it_is_a_plain_random():
    late = late_random(SEED)
    late.random()
    assert type(late) is random.Random
