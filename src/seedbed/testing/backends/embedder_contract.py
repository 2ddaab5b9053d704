"""The whole contract of an embedder."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import numpy

from seedbed.errors import InvalidResponseError
from seedbed.llm.embedding.embedder import Embedder
from seedbed.llm.embedding.embeddings import Embeddings
from seedbed.llm.response import Usage
from seedbed.testing.backends.backend_calls import CALLS, BackendCallContract
from seedbed.testing.backends.embedder_facts import CLOSE, TEXTS
from seedbed.testing.backends.embedder_texts import EmbedderTextContract
from seedbed.testing.backends.llm_facts import PATIENCE, once, only, start, together, twice
from seedbed.testing.backends.llm_failures import LLMFailureContract
from seedbed.testing.backends.llm_identity import LLMIdentityContract
from seedbed.testing.backends.llm_keys import LLMKeyContract
from seedbed.testing.servers.embeddings_api import vector_for
from seedbed.testing.servers.scripted_server import ScriptedServer

SENT = (*TEXTS, "  spaces around  ", "word " * 500)


class EmbedderContract(
    EmbedderTextContract, BackendCallContract, LLMFailureContract, LLMIdentityContract, LLMKeyContract
):
    """What Seedbed expects of every embedder. Subclass it and give the facts of yours:

        class TestParrot(EmbedderContract):
            embedder_class = ParrotEmbedder
            wire = EmbeddingsAPI()       # leave this out if the model runs in the process

    `another` are fields with which it has other vectors. `new_llm`, `llm_at` and `llm` make embedders: the
    tests of keys, failures and identity are those of LLMs.
    """

    def test_each_text_has_its_vector(self, llm: Embedder) -> None:
        """`vectors` returns one vector for each text, in their order, all of one length.

        Rows get vectors by position: a vector too few or too many would give rows those of other rows.
        """
        vectors = once(llm).vectors(TEXTS)
        assert vectors.shape[0] == len(TEXTS), f"{len(vectors)} vectors for {len(TEXTS)} texts"
        alone = [once(llm).vectors([text])[0] for text in TEXTS]
        for number, (vector, other) in enumerate(zip(vectors, alone, strict=True)):
            assert numpy.allclose(vector, other, rtol=CLOSE, atol=CLOSE), (
                f"the vector of text {number} is another one if the text is embedded alone: "
                "return vectors in the order of the texts, and let no text change those of others"
            )

    def test_other_texts_have_other_vectors(self, llm: Embedder) -> None:
        """Different texts have different vectors, and equal texts have equal ones.

        If all were equal, every row would count as a duplicate of the first.
        """
        first, second, again = once(llm).vectors([TEXTS[0], TEXTS[1], TEXTS[0]])
        assert not numpy.allclose(first, second), "two different texts have one vector"
        assert numpy.allclose(first, again, rtol=CLOSE, atol=CLOSE), "one text has two different vectors"

    def test_repeatable_vectors_are_the_same_to_the_bit(self, llm: Embedder) -> None:
        """If `repeatable` is True, a text's vector is the same to the last bit, whatever texts are with it.

        A run doesn't keep such vectors. A resumed one makes them again, and has to come to the same rows.
        """
        self.skip_undeclared("repeatable", llm.repeatable)
        vectors = once(llm).vectors(TEXTS)
        alone = [once(llm).vectors([text])[0] for text in TEXTS]
        again = self.new_llm().vectors(TEXTS)
        assert (vectors == numpy.array(alone)).all(), (
            "a vector differs in a bit if its text is embedded alone: leave out repeatable = True"
        )
        assert (vectors == again).all(), "the second time, vectors are others: leave out repeatable = True"

    def test_a_long_list_is_several_calls(self, llm: Embedder) -> None:
        """More texts than `batch_size` still give one vector each, in order.

        Providers limit how many texts a request may have, so Seedbed splits long lists.
        """
        whole = once(llm).vectors([*TEXTS, *TEXTS])
        llm.batch_size = 2
        parts = once(llm).vectors([*TEXTS, *TEXTS])
        assert numpy.allclose(whole, parts, rtol=CLOSE, atol=CLOSE), (
            "with batch_size=2 the vectors are others: send all of `texts`, and only those"
        )

    def test_the_texts_arrive(self, llm: Embedder, server: ScriptedServer) -> None:
        """The server gets the texts unchanged and in order, in one request, with model and key.

        A vector of another text than the row's is wrong without any error.
        """
        once(llm).vectors(SENT)
        asked = only(server, self.protocol)
        arrived = tuple(message["content"] for message in asked.request.messages)
        changed = [
            f"{text[:40]!r} became {other[:40]!r}"
            for text, other in zip(SENT, arrived, strict=False)
            if text != other
        ]
        assert arrived == SENT, f"the texts changed on the way: {changed or len(arrived)}"
        assert asked.model == llm.model, f"the server was asked for {asked.model!r}, not {llm.model!r}"

    def test_the_vectors_are_those_of_the_server(self, llm: Embedder, server: ScriptedServer) -> None:
        """Vectors are those that the server sent, each for its text, even if it sends them out of order.

        Servers number their vectors, and need not send them in order.
        """
        vectors = once(llm).vectors(TEXTS)
        assert vectors.tolist() == [vector_for(text) for text in TEXTS], (
            "the vectors are not those of the server: sort them by the number that it gives"
        )

    def test_the_tokens_are_those_that_were_counted(self, llm: Embedder, server: ScriptedServer) -> None:
        """`usage` has the input tokens that the server counted.

        Budgets and costs go by it.
        """
        for answer in twice(llm):
            counted = answer.usage
            assert counted == Usage(11), f"the server counted 11 input tokens, but `usage` is {counted}"

    def test_a_vector_too_few_is_told(self, llm: Embedder, server: ScriptedServer) -> None:
        """An answer with fewer vectors than texts raises InvalidResponseError.

        If the missing one were filled in, its row would have a made-up vector.
        """
        server.answer_with(self.protocol.answer(Embeddings(vectors=[vector_for("one")])))
        call = start(llm, [{"role": "user", "content": text} for text in TEXTS[:2]])
        error = call.exception(PATIENCE)
        assert isinstance(error, InvalidResponseError), f"it raised {error!r}, not an InvalidResponseError"

    def test_calls_at_once_each_get_their_own_vectors(self, llm: Embedder) -> None:
        """When many calls are in flight, each gets the vectors of its own texts.

        If they are mixed up, rows get the vectors of other rows, without any error.
        """
        texts = [f"Number {number}" for number in range(3 * CALLS)]
        expected = once(llm).vectors(texts)
        calls = together(llm, [[{"role": "user", "content": text}] for text in texts])
        for vector, call in zip(expected, calls, strict=True):
            found: Any = call.result(PATIENCE)
            assert numpy.allclose(found.vectors[0], vector, rtol=CLOSE, atol=CLOSE), (
                "vectors went to other texts: keep nothing of a call on the instance"
            )

    def test_the_blocking_form_works_in_a_running_loop(self, llm: Embedder) -> None:
        """`vectors` works in a thread whose event loop is running, as in every notebook."""

        async def cell() -> Any:
            return once(llm).vectors([TEXTS[0]])

        assert asyncio.run(cell()).shape[0] == 1, "one text has one vector"

    def test_the_blocking_form_works_in_threads(self, llm: Embedder) -> None:
        """`vectors` works in several threads at once, whichever of them loads the embedder.

        Steps run in threads.
        """
        made: list[int] = []
        threads = [
            threading.Thread(target=lambda: made.append(len(llm.vectors([TEXTS[0]])))) for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        assert made == [1, 1, 1], (
            "a thread got no vectors: guard with a lock what `load` shares, and keep nothing of a call"
        )

    def test_the_awaited_form_works_in_loops_that_come_and_go(self, llm: Embedder) -> None:
        """`avectors` works in any event loop, even after the caller's previous loop was closed.

        Whatever an embedder keeps must belong to Seedbed's own loop, not to that of the first caller.
        """
        for _ in range(2):
            assert len(asyncio.run(once(llm).avectors([TEXTS[0]]))) == 1, "one text has one vector"
