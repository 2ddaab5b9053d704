"""What a caller asks of a language model, in terms that no provider owns."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from seedbed.llm.messages import Message


class Request(NamedTuple):
    """One request to a language model; None and empty mean the provider's own default.

    `n` answers to the same messages; `max_tokens` per answer; `stop` texts that end an answer;
    `schema` a JSON Schema that the answer must fit; `tools` function definitions and `tool_choice`
    in OpenAI's form; `logprobs` the number of alternatives per token (0: the chosen tokens only);
    `extra` goes into the body of the provider's request as it is. With `raw_prompt` there is one user
    message, whose text (`prompt`) goes to the model as it is, without a chat template.
    """

    messages: tuple[Message, ...]
    n: int = 1
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    schema: Mapping[str, Any] | None = None
    tools: tuple[Mapping[str, Any], ...] = ()
    tool_choice: str | Mapping[str, Any] | None = None
    logprobs: int | None = None
    extra: Mapping[str, Any] = MappingProxyType({})
    raw_prompt: bool = False

    @property
    def told(self) -> tuple[Any, ...]:
        """The fields that digests are made of: what is raw is told only where it is.

        So answers and cassettes of versions that knew no raw prompts are found.
        """
        return tuple(self) if self.raw_prompt else tuple(self)[:-1]

    @property
    def prompt(self) -> str:
        """The text of a raw prompt."""
        text: str = self.messages[0]["content"]
        return text
