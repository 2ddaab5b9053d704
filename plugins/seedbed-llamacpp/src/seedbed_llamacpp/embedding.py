"""The call that embeds texts, one after another."""

from __future__ import annotations

from typing import Any, NamedTuple

from seedbed_llamacpp.call import Native, Stoppable
from seedbed_llamacpp.faults import error_of_exception, error_of_report


class Embedded(NamedTuple):
    """The vectors of texts, in their order, and the tokens of all texts."""

    vectors: list[list[float]]
    tokens: int


class EmbeddingCall(Stoppable[Embedded]):
    """Embeds texts; it stops between two of them.

    One at a time, since llama.cpp's vectors of texts that are computed together aren't those of each alone:
    with four slots, the squared distance was up to 0.5. It's hardly faster on a CPU, either (3.2 s instead of
    3.5 s for 32 sentences), and couldn't be stopped.
    """

    def __init__(self, texts: list[str]) -> None:
        super().__init__()
        self._texts = texts

    def run(self, server: Native) -> Embedded:
        """Ask the server for each text's vector; blocks."""
        vectors: list[list[float]] = []
        tokens = 0
        for text in self._texts:
            if self._stopped is not None:
                raise self._stopped
            answer = embedded(server, text)
            vectors.append(answer["data"][0]["embedding"])
            tokens += answer["usage"]["prompt_tokens"]
        return Embedded(vectors, tokens)


def embedded(server: Native, text: str) -> dict[str, Any]:
    """Return llama.cpp's answer for one text, or raise the typed error that it reports."""
    try:
        answer = server.handle_embeddings({"input": [text]})
    except (ValueError, TypeError, RuntimeError) as error:
        raise error_of_exception(error) from error
    if "data" not in answer:
        raise error_of_report(answer.get("error"))
    return answer
