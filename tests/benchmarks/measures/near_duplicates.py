"""Texts through dedup-near, against rensa alone with the same hashing, and its finds against Jaccard."""

from __future__ import annotations

import random
import re
import tempfile
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import orjson
from tests.benchmarks.child import Clock, in_child
from tests.benchmarks.finding import Finding, median

TEXTS = 200_000
JUDGED = 5_000
CHARACTERS = 500
THRESHOLD = 0.8
_WORDS = 20_000
_SHARE_OF_COPIES = 0.2
_WORD = re.compile(r"\w+")


def measure(rounds: int) -> list[Finding]:
    """Compare the time with rensa's, and what is rejected with the exact similarities."""
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_texts(folder / "texts.jsonl", TEXTS)
        for number in range(rounds):
            ours.append(_in(folder, "make_rows", run_name=f"near-{number}"))
            theirs.append(_in(folder, "bare_loop"))
    recall, precision = found_of(list(texts(JUDGED)))
    return [
        Finding(
            what="200,000 texts of 500 characters through dedup-near, over rensa's loop",
            unit="s",
            found=median(made["seconds"] for made in ours),
            reference=median(made["seconds"] for made in theirs),
            required=1.5,
            aim=1.2,
            at_most=True,
        ),
        Finding(what="recall of dedup-near", unit="share", found=recall, required=0.95, aim=0.99),
        Finding(what="precision of dedup-near", unit="share", found=precision, required=0.99, aim=1.0),
    ]


def texts(count: int) -> Iterator[str]:
    """Yield texts of 500 characters; a fifth are copies of earlier ones in which some words differ."""
    rng = random.Random(count)
    words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(2, 9))) for _ in range(_WORDS)]
    made: list[list[str]] = []
    for _ in range(count):
        if made and rng.random() < _SHARE_OF_COPIES:
            text = list(rng.choice(made))
            for _ in range(rng.randint(0, 6)):
                text[rng.randrange(len(text))] = rng.choice(words)
        else:
            text = rng.choices(words, k=CHARACTERS // 6)
        made.append(text)
        yield " ".join(text)[:CHARACTERS]


def write_texts(path: Path, count: int) -> None:
    """Write the texts as JSON Lines."""
    with path.open("wb") as file:
        for text in texts(count):
            file.write(orjson.dumps({"text": text}) + b"\n")


def make_rows(run_name: str) -> dict[str, float]:
    """Take the texts through the step, and return the seconds that it took."""
    from seedbed import run
    from seedbed_data import DedupNear

    clock = Clock()
    with clock.running():
        made = run(DedupNear(threshold=THRESHOLD), input="texts.jsonl", name=run_name, out="kept.jsonl")
    if made.failed or not made.accepted:
        raise RuntimeError(str(made))
    return {"seconds": clock.wall, "cpu": clock.cpu, "kept": made.accepted}


def bare_loop() -> dict[str, float]:
    """Do the same with rensa alone, as its documentation does, and return the seconds that it took.

    The runs of words are those of the step, made as one would write it: with a regular expression.
    """
    from rensa import RMinHash, RMinHashLSH

    from seedbed_data.near_duplicates import _PERMUTATIONS, bands_for

    clock, kept = Clock(), 0
    with clock.running(), Path("texts.jsonl").open("rb") as file, Path("bare.jsonl").open("wb") as out:
        index = RMinHashLSH(threshold=THRESHOLD, num_perm=_PERMUTATIONS, num_bands=bands_for(THRESHOLD))
        for number, line in enumerate(file):
            sketch = RMinHash(num_perm=_PERMUTATIONS, seed=1)
            words = _WORD.findall(orjson.loads(line)["text"].lower())
            sketch.update(list(set(map(" ".join, zip(words, words[1:], words[2:], strict=False)))))
            if index.query(sketch):
                continue
            index.insert(number, sketch)
            out.write(line)
            kept += 1
    return {"seconds": clock.wall, "cpu": clock.cpu, "kept": kept}


def found_of(judged: Sequence[str]) -> tuple[float, float]:
    """Return the shares of the rows to reject that are rejected, and of rejected ones that are to be."""
    from seedbed import Reject
    from seedbed_data import DedupNear

    step = DedupNear(threshold=THRESHOLD)
    step.load()
    rejected = set()
    for number, text in enumerate(judged):
        try:
            step.process({"text": text})
        except Reject:
            rejected.add(number)
    wanted = _near_copies(judged)
    both = len(rejected & wanted)
    return both / len(wanted), both / len(rejected)


def _near_copies(judged: Sequence[str]) -> set[int]:
    """Return the numbers of the texts that are near one that stays, by comparing every pair."""
    from seedbed_data.words import word_runs

    runs = [frozenset(word_runs(text, 3)) for text in judged]
    near: dict[int, list[int]] = {}
    for (one, left), (other, right) in combinations(enumerate(runs), 2):
        shared = len(left & right)
        if shared and shared / (len(left) + len(right) - shared) >= THRESHOLD:
            near.setdefault(other, []).append(one)
    copies: set[int] = set()
    for number in range(len(runs)):
        if any(one not in copies for one in near.get(number, ())):
            copies.add(number)
    return copies


def _in(folder: Path, function: str, **arguments: Any) -> Any:
    return in_child("measures.near_duplicates", function, folder=folder, **arguments)
