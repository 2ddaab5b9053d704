"""Evol-Instruct: instructions that get harder, and others that become new ones, round by round."""

from __future__ import annotations

import random
from typing import Annotated, Any, Literal

from pydantic import Field, FilePath, PrivateAttr, model_validator

from seedbed import (
    Citation,
    ContentFilteredError,
    Example,
    GenerationParameters,
    GeneratorTask,
    PromptTemplate,
    Reject,
    Row,
    RowError,
)
from seedbed.reading import read_choice
from seedbed_tasks.evolving import (
    IN_BREADTH,
    IN_DEPTH,
    INPUT_FORMS,
    check_answerable,
    check_changed,
    read_evolved,
)
from seedbed_tasks.given_texts import check_column, texts_of_file
from seedbed_tasks.prompt_text import prompt_with
from seedbed_tasks.seed_instructions import SEED_INSTRUCTIONS

Operator = Literal["constraints", "deepening", "concretizing", "reasoning", "complicate-input", "breadth"]


class EvolInstruct(GeneratorTask):
    """Instructions of growing difficulty and variety, evolved from seed instructions in several rounds.

    In each round, one of six operators is drawn with equal probability: five make the instruction harder (in
    depth), one makes another one of the same domain (in breadth). Each evolved instruction is a row with the
    columns `seed_instruction`, `parent` (what it was evolved from), `operator`, `round`, `instruction` and
    `response`. An evolution that fails leaves the instruction as it was for the next round: if the model
    finds no information gained, the answer is short and sorry or without content, or the instruction copies
    words of the prompt. The method is that of Xu et al., 2023 (https://arxiv.org/abs/2304.12244).

    Differences from the paper: the seeds are 52 of our own instead of Alpaca's 52,000, each evolved on its
    own over all rounds; the original instructions aren't rows; no prompt shows examples of the input formats.
    """

    goals = ("sft",)
    keywords = ("instructions", "complexity", "difficulty", "WizardLM", "evolution")
    citation = Citation(
        "WizardLM: Empowering Large Language Models to Follow Complex Instructions",
        authors=("Can Xu", "Qingfeng Sun", "Kai Zheng", "Xiubo Geng", "Pu Zhao", "others"),
        year=2023,
        arxiv="2304.12244",
    )
    example = Example(
        {
            "seed_instructions": ["Name three rivers."],
            "rounds": 2,
            "check_gain": False,
            "generation": {"max_tokens": 80},
        }
    )
    sampled = ("seed_instruction",)

    template: Annotated[str, prompt_with("instruction", "method")] = (
        "Rewrite this instruction for an assistant so that it's somewhat harder to answer, but still makes "
        "sense to people and can be answered with text. {{ method }} Add 10 to 20 words at most, and keep "
        "all that is in it. Write the new instruction only; don't answer it.\n\n"
        "Instruction: {{ instruction }}"
    )
    breadth_template: Annotated[str, prompt_with("instruction")] = Field(
        default="Write a new instruction for an assistant, of the same domain as this one but rarer, and of "
        "similar length and difficulty. It must make sense and can be answered with text. Write the new "
        "instruction only; don't answer it.\n\nInstruction: {{ instruction }}",
        description="Prompt of the operator breadth.",
    )
    gain_template: Annotated[str, prompt_with("parent", "instruction")] = Field(
        default="Do these two instructions ask for the same, with the same constraints and the same depth "
        "and breadth of inquiry?\n\nFirst: {{ parent }}\n\nSecond: {{ instruction }}\n\n"
        "Answer with one word: Equal or Different.",
        description="Prompt that asks whether an evolution gained any information.",
    )
    seed_instructions: list[str] = Field(
        default=list(SEED_INSTRUCTIONS), min_length=1, description="Instructions to begin with."
    )
    seed_file: FilePath | None = Field(default=None, description="A file of instructions to begin with.")
    seed_column: str = Field(default="instruction", description="The column of `seed_file` to read.")
    rounds: int = Field(default=4, ge=1, description="Evolutions of each seed, one after another.")
    operators: list[Operator] = Field(
        default=[*IN_DEPTH, IN_BREADTH],  # type: ignore[list-item]
        min_length=1,
        description="Operators, drawn with equal probability; naming one twice draws it twice as often.",
    )
    answers: bool = Field(default=True, description="Whether to answer, which two of the paper's rules need.")
    check_gain: bool = Field(default=True, description="Whether to ask if an evolution gained information.")
    generation: GenerationParameters = Field(
        default_factory=lambda: GenerationParameters(temperature=1.0, max_tokens=2048),
        description="Sampling parameters; they override those of the LLM.",
    )

    _seeds: list[str] = PrivateAttr(default_factory=list)

    @model_validator(mode="after")
    def _check_column(self) -> EvolInstruct:
        check_column(self, "seed_file", "seed_column")
        return self

    @property
    def outputs(self) -> list[str]:
        """The columns made."""
        columns = ["seed_instruction", "parent", "operator", "round", "instruction"]
        return [*columns, "response"] if self.answers else columns

    def load(self) -> None:
        """Read the seed instructions, and load the LLM."""
        self._read_seeds()
        super().load()

    def sample(self, index: int, rng: random.Random) -> dict[str, Any]:
        """Take the next seed instruction, and draw the operator of each round."""
        seeds = self._read_seeds()
        drawn = [(rng.choice(self.operators), rng.choice(INPUT_FORMS)) for _ in range(self.rounds)]
        return {"seed_instruction": seeds[index % len(seeds)], "_drawn": drawn}

    async def generate_row(self, input: Row) -> list[Row]:
        """Evolve a seed through all rounds; a row for each evolution that didn't fail."""
        rows: list[Row] = []
        failed: Exception | None = None
        current = input["seed_instruction"]
        for number, (operator, form) in enumerate(input["_drawn"], start=1):
            try:
                made = await self._evolve(current, operator, form)
            except (RowError, ContentFilteredError) as error:
                failed = error
                continue
            rows.append({"parent": current, "operator": operator, "round": number, **made})
            current = made["instruction"]
        if failed is not None and not rows:
            raise failed
        return rows

    def _read_seeds(self) -> list[str]:
        if not self._seeds:
            path = self.seed_file
            self._seeds = texts_of_file(path, self.seed_column) if path else self.seed_instructions
        return self._seeds

    async def _evolve(self, parent: str, operator: str, form: str) -> Row:
        prompt = self._prompt(parent, operator, form)
        instruction = await self.ask(prompt, read=read_evolved)
        check_changed(instruction, parent)
        if self.check_gain:
            await self._check_gain(parent, instruction)
        if not self.answers:
            return {"instruction": instruction}
        response = await self.ask(instruction)
        check_answerable(response)
        return {"instruction": instruction, "response": response}

    def _prompt(self, instruction: str, operator: str, form: str) -> str:
        if operator == IN_BREADTH:
            return PromptTemplate(self.breadth_template).render({"instruction": instruction})
        method = PromptTemplate(IN_DEPTH[operator]).render({"form": form})
        return PromptTemplate(self.template).render({"instruction": instruction, "method": method})

    async def _check_gain(self, parent: str, instruction: str) -> None:
        prompt = PromptTemplate(self.gain_template).render({"parent": parent, "instruction": instruction})
        verdict = await self.ask(prompt, read=lambda text: read_choice(text, ["Equal", "Different"]))
        if verdict == "Equal":
            raise Reject("evolution failed: no information gained")
