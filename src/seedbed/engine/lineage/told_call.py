"""One call for a row, as the row's story tells it: what was asked, and what was answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from seedbed.engine.prompts.reader import PromptReader
from seedbed.llm.calling.scope import SHARED
from seedbed.llm.embedding.embeddings import Embeddings
from seedbed.llm.messages import Message
from seedbed.llm.response import Choice
from seedbed.llm.response_json import decode_response
from seedbed.store import Call
from seedbed.store.refused_rows import CallIdentity, identity
from seedbed.store.stored_json import unreadable


class ToldCall(NamedTuple):
    """One call for the row: its record, its prompt and seed if the run has them, and its answers.

        told = run.explain("7").chapters[0].calls[-1]
        told.messages[-1]["content"], told.choices[0].text, told.call.cost

    `call` is None if no answer came. `vectors` says how many vectors of how many numbers an embedder gave.
    `is_old` says that the row's result isn't made from its answer: what was asked has changed since, as an
    earlier prompt of the step, or it was made at an earlier attempt.
    """

    call: Call | None
    choices: tuple[Choice, ...]
    messages: list[Message] | None = None
    seed: int | None = None
    vectors: str = ""
    is_old: bool = False

    @property
    def shared_key(self) -> str:
        """What several rows had to have in common to get its answer; empty for a call of the row's own."""
        row = self.call.row if self.call else ""
        return row.removeprefix(SHARED) if row.startswith(SHARED) else ""

    @classmethod
    def of(cls, call: Call, prompts: PromptReader, refused: Mapping[CallIdentity, list[Message]]) -> ToldCall:
        """Return what a run has of a call; `refused` are prompts that it keeps with a refusal.

        Raises StoreError if the answer isn't one that a run writes.
        """
        try:
            return cls._read(call, prompts, refused)
        # Only what takes an answer apart is in here, and an answer of another form fails in any of these.
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            whose = f"the answer to a call of the step '{call.step}' for row '{call.row}'"
            raise unreadable(whose, f"{type(error).__name__}: {error}") from error

    @classmethod
    def _read(
        cls, call: Call, prompts: PromptReader, refused: Mapping[CallIdentity, list[Message]]
    ) -> ToldCall:
        response = decode_response(call.answer)
        if isinstance(response, Embeddings):
            count, dimensions = response.vectors.shape
            return cls(call, (), vectors=f"{count} of {dimensions} numbers")
        asked = prompts.prompt_of(call.answer)
        messages = asked.messages if asked else refused.get(identity(call))
        return cls(call, response.choices, messages, asked.seed if asked else None)

    def as_json(self) -> dict[str, Any]:
        """Return the call as JSON values."""
        answers = [
            {"text": choice.text, "reasoning": choice.reasoning, "finish_reason": choice.finish_reason}
            for choice in self.choices
        ]
        about = self.call._asdict() if self.call else {}
        known = {
            name: value for name, value in about.items() if name not in ("answer", "step", "row", "digest")
        }
        digest = {"digest": self.call.digest.hex()} if self.call else {}
        asked = {"seed": self.seed, "messages": self.messages, "answers": answers}
        return {**known, **digest, "old": self.is_old, **asked}
