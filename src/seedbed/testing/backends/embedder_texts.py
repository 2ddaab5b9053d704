"""The contract of an embedder on odd texts, on other embedders of its class, and in other processes."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from seedbed.errors import BadRequestError, LLMError
from seedbed.llm.embedding.embedder import Embedder
from seedbed.llm.embedding.embeddings import Embeddings
from seedbed.testing.backends.embedder_facts import CLOSE, TEXTS, EmbedderFacts
from seedbed.testing.backends.llm_facts import once
from seedbed.testing.servers.exchange import Received, Reply
from seedbed.testing.steps.other_process import made_elsewhere

_BEGINNING = " ".join([TEXTS[0]] * 400)
_LONG = tuple(f"{_BEGINNING} {' '.join([text] * 400)}" for text in TEXTS[:2])
"""Two texts of thousands of tokens that begin alike and end differently."""
_OTHER_MODEL = "another-model"


class EmbedderTextContract(EmbedderFacts):
    """A vector is that of its whole text, by one model, whoever made it and wherever."""

    def test_a_long_text_is_embedded_whole_or_refused(self, llm: Embedder) -> None:
        """The vector of a long text is that of all its words; what is too long raises ContextOverflowError.

        If its end were cut off, texts that begin alike would count as duplicates, and nobody would know why.
        """
        try:
            first, second = once(llm).vectors(_LONG)
        except BadRequestError:
            return
        except LLMError as error:
            pytest.fail(f"for a long text it raised {error!r}: raise ContextOverflowError")
        assert not _are_close(first, second), (
            "two long texts that end differently have one vector: embed the whole text, or raise "
            "ContextOverflowError"
        )

    def test_an_empty_text_has_a_vector_or_is_refused(self, llm: Embedder) -> None:
        """An empty text has a vector, or raises BadRequestError; the texts with it have their own vectors.

        Rows have empty texts. After a BadRequestError, the others of its call are sent without it.
        """
        try:
            vectors = once(llm).vectors([TEXTS[0], "", TEXTS[1]])
        except BadRequestError:
            return
        except LLMError as error:
            pytest.fail(
                f"for an empty text it raised {error!r}: give it a vector of numbers, "
                "or raise BadRequestError"
            )
        others = once(llm).vectors(TEXTS[:2])
        assert _are_close(vectors[::2], others), "along with an empty text, other texts have other vectors"

    def test_another_one_may_be_unloaded(self, llm: Embedder, request: pytest.FixtureRequest) -> None:
        """If one of two equal embedders is unloaded, the other one still has its vectors.

        Two steps of a pipeline may each have one, and they don't end at the same time.
        """
        other = self.new_llm() if self.wire is None else self.llm_at(request.getfixturevalue("server"))
        mine = once(llm)
        wanted = mine.vectors(TEXTS)
        once(other).vectors(TEXTS)
        other.unload()
        try:
            found = mine.vectors(TEXTS)
        except LLMError as error:
            pytest.fail(
                f"after another one was unloaded, it raised {error!r}: keep what `load` takes on self"
            )
        assert _are_close(wanted, found), "after another one was unloaded, its vectors are others"

    def test_one_with_other_fields_has_other_vectors(self, request: pytest.FixtureRequest) -> None:
        """Two embedders with other models or settings have their own vectors, and another identity.

        If both had those of the first, a run that compares models would compare one with itself; with one
        identity, a resumed run would mix vectors of both.
        """
        first, second = self._two(request)
        try:
            mine, others = once(first).vectors(TEXTS), once(second).vectors(TEXTS)
            again = once(first).vectors(TEXTS)
        finally:
            first.unload()
            second.unload()
        assert first.identity != second.identity, (
            "with other fields it has the same identity: `connection_fields` names only fields that no "
            "vector depends on"
        )
        assert not _are_close(mine, others), (
            "with other fields it has the same vectors: keep nothing on the class or in the module, "
            "or by model and fields"
        )
        assert _are_close(mine, again), "after one with other fields was used, its vectors are others"

    def test_another_process_makes_the_same_vectors(self) -> None:
        """If `repeatable` is True, another process makes the same vectors: a resumed run is one.

        `hash` of a text differs from process to process, and so does the order of a set.
        """
        self.skip_undeclared("repeatable", self.embedder_class.repeatable)
        if self.wire is not None:
            pytest.skip("the vectors come from a server")
        mine, other = self.embedded(), made_elsewhere(self, "embedded")
        assert mine == other, (
            "another process makes other vectors: don't use `hash`, seed what is random, "
            "or leave out repeatable = True"
        )

    def embedded(self) -> list[list[float]]:
        """Return the vectors that a new embedder has of some texts."""
        made: list[list[float]] = once(self.new_llm()).vectors(TEXTS).tolist()
        return made

    def _two(self, request: pytest.FixtureRequest) -> tuple[Any, Any]:
        if self.wire is not None:
            server = request.getfixturevalue("server")
            server.answer_with(Reply(body=self._by_model))
            return self.llm_at(server), self.llm_at(server, model=_OTHER_MODEL)
        if not self.another:
            pytest.skip(f"{self.subject} has no other fields: see `another`")
        return self.new_llm(), self.new_llm(**self.another)

    def _by_model(self, received: Received) -> Any:
        asked = self.protocol.read(received)
        answer = self.answer_to(asked.request)
        assert isinstance(answer, Embeddings)
        if asked.model == _OTHER_MODEL:
            answer = Embeddings(vectors=[vector[::-1] for vector in answer.vectors], usage=answer.usage)
        return self.protocol.answer(answer).body


def _are_close(first: Any, second: Any) -> bool:
    return first.shape == second.shape and bool(numpy.allclose(first, second, rtol=CLOSE, atol=CLOSE))
