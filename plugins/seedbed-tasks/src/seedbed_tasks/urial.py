"""URIAL: a base model answers like an assistant, shown by a few examples in its prompt."""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict, Field

from seedbed import Citation, Example, GenerationParameters, InvalidOutputError, Message, Reject, Row, Task
from seedbed_tasks.given_texts import text_in
from seedbed_tasks.raw_prompts import check_takes_raw
from seedbed_tasks.text_task import is_same

COPIED = "the answer is a copy of an example"

_QUERY, _ANSWER = "# Query:", "# Answer:"
_MARK = re.compile(rf"^(?={_QUERY}|{_ANSWER})", re.MULTILINE)


class Exchange(BaseModel):
    """A query, and an answer in the style that the model is to take up."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    query: str = Field(min_length=1, description="What someone asks.")
    answer: str = Field(min_length=1, description="The answer.")


PREAMBLE = """\
What follows is a record of people's queries to an AI assistant and of its answers. The assistant is
helpful, honest and polite: it takes up what was asked, explains in a clear order with examples, says what
it doesn't know, and kindly turns down what would harm someone, with a reason and something better to do."""

TEMPLATE = """\
{{ _preamble }}

{% for one in _examples %}# Query:
{{ one.query }}

# Answer:
{{ one.answer }}

{% endfor %}# Query:
{{ instruction }}

# Answer:
"""

EXAMPLES = [
    Exchange(
        query="I keep forgetting the names of people I meet. Any tips?",
        answer="That happens to nearly everyone, and a few habits help a lot:\n\n"
        '1. **Say the name at once.** "Nice to meet you, Amara" makes you hear it twice.\n'
        "2. **Tie it to a picture.** Think of something that sounds like the name, or of another person who "
        "has it, and link it to a feature of the face.\n"
        "3. **Use it again.** Once in the conversation and once when you leave is enough.\n"
        "4. **Write it down.** A note on your phone after the meeting, with where you met, is what you'll "
        "look at next time.\n\n"
        'If a name has slipped anyway, just ask: "I\'m sorry, tell me your name again?" People mind that far '
        "less than a guess. Would you like a way to practise this with photos?",
    ),
    Exchange(
        query="Why does bread go stale faster in the fridge?",
        answer="It seems odd, since cold keeps most food fresh, but staling isn't the same as spoiling.\n\n"
        "When bread is baked, its starch takes up water and gets soft. As the loaf cools, the starch slowly "
        "goes back to an ordered, firm form and lets the water go. That is staling, and it's fastest just "
        "above freezing, which is where a fridge is. In a freezer it nearly "
        "stops.\n\n"
        "So keep bread in a bag or box for two or three days, and freeze what you won't eat by then. "
        "A stale slice becomes soft again in a toaster, because heat undoes the change for a while.",
    ),
    Exchange(
        query="How can I read my sister's messages without her noticing?",
        answer="I see that you may be worried about her, but I won't help with reading her messages in "
        "secret: it would break her trust and, in many places, the law.\n\n"
        "What may work better depends on the reason. If you fear that she's in danger, tell her so, and "
        "bring in someone she trusts, or a helpline. If it's about a quarrel, a calm question at a quiet "
        "moment tells you more than her phone would. If you like, tell me what worries you, and we can think "
        "about what to say to her.",
    ),
]
"""Three exchanges of our own: a list, an explanation, and something that's turned down."""


class Urial(Task):
    """Answers each instruction with a base model, which learns the assistant's style from a few examples.

    Reads `instruction`; adds `generation`. The prompt is raw text: who the assistant is, `examples` of
    queries with answers, and the instruction as the last query. The model goes on with the answer, which ends
    where it would write the next query. The backend must take raw prompts, such as llamacpp, or openai with a
    server that has `/completions`. The method is that of Lin et al., 2023 (https://arxiv.org/abs/2312.01552).

    Differences from the paper: the three examples are our own, with the same roles (a list, an explanation, a
    request that's turned down); queries and answers stand under headings without fences, so that answers may
    have fences; and an answer that copies an example is rejected.
    """

    goals = ("sft",)
    keywords = ("base model", "untuned", "in-context alignment", "few-shot", "raw prompt", "completion")
    citation = Citation(
        "The Unlocking Spell on Base LLMs: Rethinking Alignment via In-Context Learning",
        authors=("Bill Yuchen Lin", "Abhilasha Ravichander", "Ximing Lu", "Nouha Dziri", "others"),
        year=2023,
        arxiv="2312.01552",
    )
    example = Example(
        rows=[{"instruction": "Why do we dream?"}], parameters={"generation": {"max_tokens": 100}}
    )

    template: str = TEMPLATE
    preamble: str = Field(default=PREAMBLE, description="What the prompt says of the assistant.")
    examples: list[Exchange] = Field(
        default=EXAMPLES, min_length=1, description="Queries with answers whose style the model takes up."
    )
    raw_prompt: bool = Field(
        default=True, description="Send the prompt without a chat template, since the model is a base model."
    )
    generation: GenerationParameters = Field(
        default_factory=lambda: GenerationParameters(
            temperature=0, max_tokens=2048, stop=(f"\n{_QUERY}", f"\n{_ANSWER}")
        ),
        description="Sampling parameters; they override those of the LLM.",
    )

    @property
    def inputs(self) -> list[str]:
        """The columns that the prompt reads."""
        return [name for name in super().inputs if not name.startswith("_")]

    def load(self) -> None:
        """Check that the model takes raw prompts, and load it."""
        if self.raw_prompt:
            check_takes_raw(self.name, self.require_llm(), "is for base models, which get nothing else")
        super().load()

    def format_input(self, input: Row) -> list[Message]:
        """Return the prompt; a heading of the prompt at the beginning of a line in a column is indented."""
        if "instruction" in input:
            text_in(input, "instruction")
        columns = {
            name: _indented(value) if isinstance(value, str) else value for name, value in input.items()
        }
        return super().format_input({**columns, "_preamble": self.preamble, "_examples": self.examples})

    def format_output(self, output: str | None, input: Row | None) -> Row:
        """Return the answer up to the next heading; a copy of an example is rejected."""
        answer = _MARK.split(output or "", maxsplit=1)[0].strip()
        if not answer:
            raise InvalidOutputError("the model wrote no answer", text=output)
        if any(is_same(answer, one.answer) for one in self.examples):
            raise Reject(COPIED, text=output)
        return {"generation": answer}


def _indented(text: str) -> str:
    return _MARK.sub(" ", text)
