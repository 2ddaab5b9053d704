"""Models from the package wordllama, from folders and from the hub, and what is said if there is none."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import numpy
import pytest
from model2vec import StaticModel
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from seedbed import (
    Gateway,
    LLMError,
    RetryPolicy,
    UnknownModelError,
    UsageError,
    get_embedder,
)


def write_model(folder: Path, seed: int = 1) -> None:
    words = ["[UNK]", "river", "stream", "stone"]
    tokenizer = Tokenizer(WordLevel({word: number for number, word in enumerate(words)}, "[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    vectors = numpy.random.default_rng(seed).normal(size=(len(words), 8)).astype("float32")
    StaticModel(vectors, tokenizer, normalize=True).save_pretrained(folder)


def cosine(one: numpy.ndarray, other: numpy.ndarray) -> float:
    return float(one @ other / numpy.linalg.norm(one) / numpy.linalg.norm(other))


def once(reference: str, **fields: object):
    return get_embedder(reference, **fields).bound(Gateway(retry=RetryPolicy(tries=1)), None)


def test_near_meanings_have_near_vectors():
    river, stream, tax = get_embedder("static/wordllama").vectors(
        ["the river floods its banks", "the stream runs over", "a tax on income"]
    )
    assert cosine(river, stream) > cosine(river, tax) + 0.1


def test_the_vectors_are_those_of_the_library(tmp_path):
    write_model(tmp_path / "model")
    texts = ["river stone", "stream", ""]
    expected = StaticModel.from_pretrained(tmp_path / "model").encode(texts)
    found = get_embedder(f"static/{tmp_path / 'model'}").vectors(texts)
    assert numpy.array_equal(found, expected.astype("float32"))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["wordllama", "model2vec"])
def test_a_vector_has_the_same_bits_whatever_it_is_embedded_with(kind, tmp_path):
    write_model(tmp_path / "model")
    embedder = get_embedder("static/wordllama" if kind == "wordllama" else f"static/{tmp_path / 'model'}")
    rng = random.Random(5)
    lengths = [rng.choice([0, 1, 2, 7, 60]) for _ in range(80)]
    texts = [" ".join(rng.choices(["river", "stream", "stone", "x"], k=length)) for length in lengths]
    # A run doesn't keep these vectors: one that is made again, in other company, must be the same.
    alone = [embedder.vectors([text])[0].tobytes() for text in texts]
    for size in (2, 7, 80):
        order = rng.sample(range(80), 80)
        for start in range(0, 80, size):
            part = order[start : start + size]
            found = embedder.vectors([texts[number] for number in part])
            assert [vector.tobytes() for vector in found] == [alone[number] for number in part]


def test_vectors_can_be_shorter():
    assert get_embedder("static/wordllama", dimensions=64).vectors(["a river"]).shape == (1, 64)


@pytest.mark.slow
def test_a_text_as_long_as_a_book_among_others_takes_no_gigabytes():
    # Padded to the longest, 64 texts would take (64, 100,000, 256) floats.
    code = """
import resource
from seedbed import get_embedder
get_embedder("static/wordllama").vectors(["short"] * 200 + ["word " * 100_000])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(ended.stdout) < 1500


@pytest.mark.slow
def test_it_leaves_the_programs_logging_alone():
    code = """
import logging
from seedbed import get_embedder
get_embedder("static/wordllama").vectors(["a"])
assert not logging.getLogger().handlers and logging.getLogger().level == logging.WARNING
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_other_files_in_the_folder_are_another_model(tmp_path):
    write_model(tmp_path / "model")
    reference = f"static/{tmp_path / 'model'}"
    before, same = get_embedder(reference).identity, get_embedder(reference).identity
    write_model(tmp_path / "model", seed=2)
    assert before == same != get_embedder(reference).identity


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"dimensions": 100}, "no vectors of 100 dimensions"),
        ({"max_tokens": 5}, "wordllama cuts no text off"),
    ],
)
def test_what_wordllama_cannot_do_is_said(fields, text):
    with pytest.raises(UsageError, match=text):
        once("static/wordllama", **fields).vectors(["a"])


def test_a_folder_that_is_not_there_is_named():
    with pytest.raises(UnknownModelError, match=r"no folder 'models/none' with a model\n.*minishlab"):
        once("static/./models/none").vectors(["a"])


def test_a_folder_without_a_model_says_what_it_lacks(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(LLMError, match=r"has no model of model2vec(.|\n)*it needs config.json"):
        once(f"static/{tmp_path / 'empty'}").vectors(["a"])


@pytest.mark.slow
def test_a_hub_that_cannot_be_reached_is_said(tmp_path):
    code = """
from seedbed import LLMConnectionError, get_embedder
embedder = get_embedder("static/minishlab/no-such-model-here")
try:
    embedder.ensure_loaded()
except LLMConnectionError as error:
    print(error)
"""
    nowhere = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=nowhere
    )
    assert "isn't on this machine, and the hub can't be reached" in ended.stdout, ended.stderr
    assert "give its folder: static//path/to/it" in ended.stdout
    assert "Traceback" not in ended.stdout
