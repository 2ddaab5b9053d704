"""Self-Instruct: a model writes new instructions after examples of others."""

from __future__ import annotations

import random
import re
from typing import Any

from pydantic import Field

from seedbed import GenerationParameters, GeneratorTask, Reject
from seedbed_tasks.seed_instructions import SEED_INSTRUCTIONS

_LABEL = re.compile(r"^\s*(?:[-*#]+\s*)?(?:(?:task|instruction)\s*)?\d*\s*[.:)]\s*", re.IGNORECASE)
_UNANSWERABLE = re.compile(
    r"\b(images?|pictures?|photos?|graphs?|videos?|audio|files?|maps?|draw|plot|go to)\b", re.IGNORECASE
)
_SHORTEST, _LONGEST = 3, 150


class SelfInstruct(GeneratorTask):
    """New instructions for fine-tuning, written after examples drawn from a pool of seed instructions.

    The method of Wang et al., 2023 (https://arxiv.org/abs/2212.10560): eight instructions in the prompt, and
    the paper's rules against instructions that no text can answer. Answer them with `text-generation`.
    """

    template: str = (
        "Here are tasks that one may give to an assistant:\n"
        "{% for instruction in _examples %}{{ loop.index }}. {{ instruction }}\n{% endfor %}\n"
        "Write one more task, of a different kind and on a different subject. It can be answered with text "
        "alone. Write the task only, in one or two sentences."
    )
    generation: GenerationParameters = Field(
        default_factory=lambda: GenerationParameters(max_tokens=256),
        description="Sampling parameters; they beat those of the LLM.",
    )
    seed_instructions: list[str] = Field(
        default=list(SEED_INSTRUCTIONS), min_length=1, description="The pool that examples are drawn from."
    )
    examples: int = Field(default=8, ge=1, description="Instructions shown in each prompt.")

    @property
    def outputs(self) -> list[str]:
        """The column made."""
        return ["instruction"]

    def sample(self, index: int, rng: random.Random) -> dict[str, Any]:
        """Draw the examples of one row."""
        count = min(self.examples, len(self.seed_instructions))
        return {"_examples": rng.sample(self.seed_instructions, count)}

    def format_output(self, output: str | None, input: dict[str, Any] | None) -> dict[str, str]:
        """Return the instruction; reject what the paper's rules rule out."""
        instruction = _first_paragraph(output or "")
        words = len(instruction.split())
        if not _SHORTEST <= words <= _LONGEST:
            raise Reject(f"{words} words, where {_SHORTEST} to {_LONGEST} make an instruction")
        if found := _UNANSWERABLE.search(instruction):
            raise Reject(f"text alone cannot answer it: '{found[0]}'")
        if not instruction[0].isalnum() and instruction[0] not in "\"'":
            raise Reject("begins with a punctuation mark")
        if input and instruction in input["_examples"]:
            raise Reject("a copy of an example")
        return {"instruction": instruction}


def _first_paragraph(text: str) -> str:
    paragraph = text.strip().split("\n\n")[0]
    return _LABEL.sub("", " ".join(paragraph.split())).strip().strip('"').strip()
