"""Self-Instruct: a model writes new instructions, given examples of others."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Any

from pydantic import Field, PrivateAttr

from seedbed import Citation, Example, GenerationParameters, GeneratorTask, Reject, Row
from seedbed_tasks.novelty import Instructions
from seedbed_tasks.seed_instructions import SEED_INSTRUCTIONS

_LABEL = re.compile(r"^\s*(?:[-*#]+\s*)?(?:(?:task|instruction)\s*)?\d*\s*[.:)]\s*", re.IGNORECASE)
_UNANSWERABLE = re.compile(
    r"\b(images?|pictures?|photos?|graphs?|videos?|audio|files?|maps?|draw|plot|go to)\b", re.IGNORECASE
)
_SHORTEST, _LONGEST = 3, 150


class SelfInstruct(GeneratorTask):
    """New instructions for fine-tuning, written from examples of seed instructions and earlier rows.

    The method is that of Wang et al., 2022 (https://arxiv.org/abs/2212.10560): eight instructions in the
    prompt, a quarter of them the model's own; the paper's rules against instructions that text alone can't
    answer; and its filter, which keeps an instruction only if it's unlike all seeds and earlier rows (ROUGE-L
    below `max_likeness`). Answer them with `text-generation`.

    Differences from the paper: the seeds are 52 of our own instead of 175, without inputs and answers; one
    instruction is asked for at a time; whether it's a classification isn't asked; and the model's own
    instructions join the pool after each 64 rows, so that a resumed run makes the same rows.
    """

    goals = ("sft",)
    keywords = ("instructions", "prompts", "bootstrapping", "diversity")
    citation = Citation(
        "Self-Instruct: Aligning Language Models with Self-Generated Instructions",
        authors=(
            "Yizhong Wang",
            "Yeganeh Kordi",
            "Swaroop Mishra",
            "Alisa Liu",
            "Noah A. Smith",
            "Daniel Khashabi",
            "Hannaneh Hajishirzi",
        ),
        year=2022,
        arxiv="2212.10560",
    )
    example = Example(n=2)
    feedback = 64
    sampled = ()

    template: str = (
        "Here are tasks that one may give to an assistant:\n"
        "{% for instruction in _examples %}{{ loop.index }}. {{ instruction }}\n{% endfor %}\n"
        "Write one more task, of a different kind and on a different subject. It can be answered with text "
        "alone. Write the task only, in one or two sentences."
    )
    generation: GenerationParameters = Field(
        default_factory=lambda: GenerationParameters(max_tokens=256),
        description="Sampling parameters; they override those of the LLM.",
    )
    seed_instructions: list[str] = Field(
        default=list(SEED_INSTRUCTIONS), min_length=1, description="The pool that examples are sampled from."
    )
    examples: int = Field(default=8, ge=1, description="Instructions shown in each prompt.")
    max_likeness: float = Field(
        default=0.7,
        gt=0,
        le=1,
        description="How much a new instruction may be like any earlier one: less than this.",
    )

    _pool: Instructions = PrivateAttr(default_factory=Instructions)
    _known: int = PrivateAttr(default=0)

    @property
    def outputs(self) -> list[str]:
        """The column made."""
        return ["instruction"]

    def load(self) -> None:
        """Load the LLM, and begin with only the seed instructions."""
        super().load()
        self._pool = Instructions(self.seed_instructions, threshold=self.max_likeness)
        self._known = 0

    def sample(self, index: int, rng: random.Random, accepted: Sequence[Row] = ()) -> dict[str, Any]:
        """Sample the examples of one row, a quarter of them from the accepted rows."""
        own = [row["instruction"] for row in rng.sample(accepted, min(self.examples // 4, len(accepted)))]
        count = min(self.examples - len(own), len(self.seed_instructions))
        examples = rng.sample(self.seed_instructions, count) + own
        rng.shuffle(examples)
        return {"_examples": examples}

    def admit(self, row: Row, accepted: Sequence[Row]) -> None:
        """Reject an instruction that is like a seed or an accepted one."""
        # Only the rows that were accepted since: the pool has the others.
        for known in accepted[self._known :]:
            self._pool.add(known["instruction"])
        self._known = len(accepted)
        alike = self._pool.find_alike(row["instruction"])
        if alike is not None:
            raise Reject("too like an earlier instruction", f"like: {alike.instruction}")

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
        return {"instruction": instruction}


def _first_paragraph(text: str) -> str:
    paragraph = text.strip().split("\n\n")[0]
    return _LABEL.sub("", " ".join(paragraph.split())).strip().strip('"').strip()
