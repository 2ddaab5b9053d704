"""What one step made of a row: its calls, the rows that it made, and what it changed in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from seedbed.engine.lineage.changes import Change
from seedbed.engine.lineage.shared import parts_of_key
from seedbed.engine.prompts.reader import PromptReader
from seedbed.llm.calling.scope import SHARED
from seedbed.llm.embedding.embeddings import Embeddings
from seedbed.llm.messages import Message
from seedbed.llm.response import Choice
from seedbed.llm.response_json import decode_response
from seedbed.store import Call, Result
from seedbed.store.refused_rows import CallIdentity, identity
from seedbed.store.stored_json import row_of_step, stored_reasons, stored_rows, unreadable
from seedbed.tasks.rows import Row


class ToldCall(NamedTuple):
    """One call for the row: its record, its prompt and seed if the run has them, and its answers.

    `call` is None if no answer came. `vectors` says how many vectors of how many numbers an embedder gave.
    """

    call: Call | None
    choices: tuple[Choice, ...]
    messages: list[Message] | None = None
    seed: int | None = None
    vectors: str = ""

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
        return {**known, **digest, "seed": self.seed, "messages": self.messages, "answers": answers}


class ParentRow(NamedTuple):
    """A row that a step got: the step that made it (empty for a row of the input), and its id there."""

    step: str
    row: str
    data: Row | None


class Chapter(NamedTuple):
    """What one step did with the row, with a row that it was made from, or with one that it became.

    `result` is None if the step hasn't finished with the row. `parents` are the rows that it was made from,
    several if branches were joined. `input` is the row that the step got, or the variables of a generator, if
    the run has it. `source_row` is the row of the input that this one was made from, if the row was refused.
    `is_old` says that the chapter is outdated: upstream steps drop the row now, or make none by this id, so
    it hasn't come here since. `is_over_all` says that the step read all rows at once. `path` names the files
    that a source read. `shared` are calls whose answers the row has in common with others.
    """

    step: str
    row: str
    calls: Sequence[ToldCall]
    result: Result | None
    parents: Sequence[ParentRow] = ()
    input: Row | None = None
    source_row: Row | None = None
    is_old: bool = False
    is_over_all: bool = False
    path: str = ""
    shared: Sequence[ToldCall] = ()

    @property
    def rows(self) -> list[Row]:
        """The rows that the step made."""
        return stored_rows(self.result.data, self._whose) if self.result else []

    @property
    def children(self) -> list[str]:
        """The ids of the rows that the step made, if it made several."""
        count = len(self.rows)
        return [f"{self.row}/{number}" for number in range(count)] if count > 1 else []

    @property
    def reasons(self) -> list[dict[str, Any]]:
        """Why the step made fewer rows than it should have."""
        return stored_reasons(self.result.reasons, self._whose) if self.result else []

    @property
    def _whose(self) -> str:
        return row_of_step(self.step, self.row)

    @property
    def is_dropped(self) -> bool:
        """Whether the step returned nothing for the row, and gave no reason."""
        return self.result is not None and not self.rows and not self.reasons

    @property
    def status(self) -> str:
        """What became of the row at this step, in a word or two."""
        if self.result is None:
            return "not ended"
        return "dropped" if self.is_dropped else self.result.status

    @property
    def changes(self) -> list[Change] | None:
        """What the step changed in each row that it made; None if the row before isn't known."""
        before = self.input
        return None if before is None else [Change.between(before, row) for row in self.rows]

    def as_json(self) -> dict[str, Any]:
        """Return the chapter as JSON values."""
        changes = self.changes
        return {
            "step": self.step,
            "row": self.row,
            "status": self.result.status if self.result else None,
            "old": self.is_old,
            "attempt": self.result.attempt if self.result else 0,
            "parents": [{"step": one.step or None, "row": one.row} for one in self.parents],
            "input": self.input,
            "source_row": self.source_row,
            "path": self.path or None,
            "shared": [
                {"key": parts_of_key(told.shared_key), **told.as_json()} for told in self.shared if told.call
            ],
            "calls": [told.as_json() for told in self.calls],
            "rows": self.rows,
            "children": self.children,
            "changes": None if changes is None else [change.as_json() for change in changes],
            "dropped": self.is_dropped,
            "reasons": self.reasons,
        }
