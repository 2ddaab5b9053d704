"""The embedder keeps the contract, with wordllama's weights and with a model of model2vec."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy
import pytest
from model2vec import StaticModel
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from seedbed.testing import EmbedderContract, PackageContract, departs
from seedbed_embed_static import StaticEmbedder

WORDS = ["[UNK]", "A", "colour", ".", "Zwei", "Zeilen", "blau", "tags", "Number", *map(str, range(40))]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A folder with a small model of model2vec, as its own library writes it."""
    tokenizer = Tokenizer(WordLevel({word: number for number, word in enumerate(WORDS)}, "[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    vectors = numpy.random.default_rng(1).normal(size=(len(WORDS), 16)).astype("float32")
    folder = tmp_path_factory.mktemp("model")
    StaticModel(vectors, tokenizer).save_pretrained(folder)
    return folder


class TestPackage(PackageContract):
    distribution = "seedbed-embed-static"


@pytest.mark.slow
class TestWordLlama(EmbedderContract):
    embedder_class = StaticEmbedder
    model = "wordllama"
    another: ClassVar[dict[str, Any]] = {"dimensions": 64}


class TestModel2Vec(EmbedderContract):
    embedder_class = StaticEmbedder

    @pytest.fixture(autouse=True)
    def _from_folder(self, folder: Any) -> None:
        self.folder = folder

    def new_llm(self, **fields: Any) -> StaticEmbedder:
        return StaticEmbedder(model=str(self.folder), timeout=self.patience, **fields)

    @departs("a text is cut off at `max_tokens`, by default at what the model was made for")
    def test_a_long_text_is_embedded_whole_or_refused(self) -> None:
        pass
