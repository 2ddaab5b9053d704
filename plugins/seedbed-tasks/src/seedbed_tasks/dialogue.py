"""Conversations between a user who wants something and an assistant, each with a persona."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, FilePath, PrivateAttr, ValidationInfo, field_validator

from seedbed import (
    Example,
    GenerationParameters,
    GeneratorTask,
    InvalidOutputError,
    Message,
    PromptTemplate,
    Reject,
    Row,
)
from seedbed.reading import read_json
from seedbed_tasks.dialogue_people import ASSISTANT_PERSONAS, USER_GOALS, USER_PERSONAS
from seedbed_tasks.dialogue_tools import RESULT, ToolUse
from seedbed_tasks.isolated_functions import SANDBOX_PACKAGES, Sandbox
from seedbed_tasks.prompt_text import prompt_with
from seedbed_tasks.text_task import is_same, written
from seedbed_tasks.tools import Toolbox, toolbox_of, tools_of

_LABEL = re.compile(r"^\s*\**(?:user|assistant|you|me)\**\s*:\**\s*", re.IGNORECASE)
_OTHER_SIDE = re.compile(r"^\s*\**(?:user|assistant|human)\**\s*:", re.IGNORECASE | re.MULTILINE)

_USER = """\
You play the user in a conversation with an assistant.

Who you are: {{ user_persona }}
What you want from the conversation: {{ goal }}
{% if _messages %}
The conversation so far:
{% for message in _messages %}
[{{ message.role }}] {{ message.content }}
{% endfor %}
{% if _is_last %}Say whether you have got what you wanted.{% else %}If you have got what you wanted, say so \
with `goal_reached`. If not, write your next message: react to what the assistant said, tell more, ask on, \
or say what's missing. Don't repeat yourself.{% endif %}
{% else %}
Write your first message. Don't tell everything at once: some of it comes up later.
{% endif %}
Write as this person does in a chat, without a label, in one to four sentences.

Answer in JSON: {"goal_reached": true or false, "message": "..."}"""

_ASSISTANT = """\
You are {{ assistant_persona }}. You talk with a user in a chat. Answer in at most a few short paragraphs, \
without a label before your answer."""


class UserTurn(BaseModel):
    """What the user says, and whether the goal has been reached."""

    goal_reached: bool = Field(description="Whether you have got what you wanted.")
    message: str = Field(description="Your next message; empty if you have got what you wanted.")


class Dialogue(GeneratorTask):
    """Conversations of several turns: a user with a persona and a goal, an assistant with another, and tools.

    Draws `user_persona`, `assistant_persona` and `goal`, and makes `messages` (a chat that begins with the
    user and ends with the assistant), `turns` (messages of the user) and `outcome`: "reached" if the user
    says that the goal is, "turns" if `most_turns` ran out before. Each side is played with a prompt of its
    own and sees only what was said, so the assistant doesn't know the goal.

    With `tools` (OpenAI's form) or a `file` of tools, the assistant may call them, and rows have a column
    `tools`: calls are in `messages` as `tool_calls`, results as messages of the role `tool`. Typed functions
    of a Python file are run in a sandbox (`pip install 'seedbed-tasks[code]'`, Linux); the results of other
    tools are made up by the model.
    """

    explains_output = True
    goals = ("conversation", "sft", "tools")
    keywords = ("multi-turn", "chat", "role play", "personas", "simulated user", "agents", "function calls")
    example = Example(
        {
            "user_personas": ["a hobby cook"],
            "assistant_personas": ["a friendly baker"],
            "user_goals": ["learn how to bake bread"],
            "most_turns": 2,
            "generation": {"max_tokens": 160},
        }
    )
    sampled = ("user_persona", "assistant_persona", "goal")

    template: str = _USER
    assistant_template: Annotated[str, prompt_with("user_persona", "assistant_persona", "goal")] = Field(
        default=_ASSISTANT, description="System prompt of the assistant, with assistant_persona."
    )
    tool_template: Annotated[str, prompt_with("_function", "_arguments", "_earlier")] = Field(
        default=RESULT,
        description="Prompt that makes up the result of a tool that can't be run.",
    )
    user_personas: list[str] = Field(
        default=list(USER_PERSONAS), min_length=1, description="Who the user may be."
    )
    assistant_personas: list[str] = Field(
        default=list(ASSISTANT_PERSONAS), min_length=1, description="Who the assistant may be."
    )
    user_goals: list[str] = Field(
        default=list(USER_GOALS), min_length=1, description="What the user may want."
    )
    most_turns: int = Field(default=4, ge=1, le=100, description="Messages of the user at most.")
    least_turns: int = Field(default=1, ge=1, le=100, description="Messages of the user at least.")
    unfinished: Literal["keep", "reject"] = Field(
        default="keep", description="What happens to conversations whose goal isn't reached."
    )
    tools: list[dict[str, Any]] = Field(
        default=[], description="Tools of the assistant in OpenAI's form, or their functions alone."
    )
    file: FilePath | None = Field(
        default=None, description="A file with the tools: Python with typed functions, or JSON, JSONL, ..."
    )
    most_calls: int = Field(default=3, ge=1, le=20, description="Calls of tools in one turn at most.")
    sandbox: Sandbox = Field(
        default_factory=Sandbox, description="What functions may use: {seconds, memory_mb, packages}."
    )
    generation: GenerationParameters = Field(
        default_factory=lambda: GenerationParameters(max_tokens=512, temperature=0.8),
        description="Sampling parameters; they override those of the LLM.",
    )

    _toolbox: Toolbox | None = PrivateAttr(default=None)

    @field_validator("least_turns")
    @classmethod
    def _check_turns(cls, value: int, info: ValidationInfo) -> int:
        if value > info.data.get("most_turns", value):
            raise ValueError("is more than most_turns")
        return value

    @field_validator("tools")
    @classmethod
    def _check_tools(cls, value: list[dict[str, Any]]) -> list[dict[str, Any]]:
        tools_of(value)
        return value

    @property
    def outputs(self) -> list[str]:
        """The columns made; `tools` if the assistant has some."""
        made = ["user_persona", "assistant_persona", "goal", "messages", "turns", "outcome"]
        return [*made, "tools"] if self.tools or self.file else made

    @property
    def needed_packages(self) -> dict[str, str]:
        """What runs the functions of a file."""
        return SANDBOX_PACKAGES if self.file else {}

    def load(self) -> None:
        """Read the tools, load the LLM, and make sure that functions can be run safely here."""
        box = self._read()
        super().load()
        if box.source is not None:
            self.sandbox.check()

    def sample(self, index: int, rng: random.Random) -> dict[str, Any]:
        """Draw who talks, and what the user wants."""
        return {
            "user_persona": rng.choice(self.user_personas),
            "assistant_persona": rng.choice(self.assistant_personas),
            "goal": rng.choice(self.user_goals),
        }

    async def generate_row(self, input: Row) -> Row:
        """Return a conversation that ends when the goal is reached or the turns run out."""
        messages: list[Message] = []
        turns, outcome = 0, "turns"
        use = ToolUse(self, self._read())
        while True:
            turn = await self._user_turn(input, messages, turns)
            if turn.goal_reached and turns >= self.least_turns:
                outcome = "reached"
                break
            if turns == self.most_turns:
                break
            messages.append({"role": "user", "content": turn.message})
            turns += 1
            messages += await self._assistant_turn(input, messages, use)
        if outcome != "reached" and self.unfinished == "reject":
            raise Reject("the goal isn't reached")
        made: Row = {"messages": messages, "turns": turns, "outcome": outcome}
        return {**made, "tools": [tool.openai for tool in use.tools]} if use.tools else made

    async def _user_turn(self, input: Row, messages: Sequence[Message], turns: int) -> UserTurn:
        is_last = turns == self.most_turns
        shown = [message for message in messages if message["role"] != "tool" and message["content"]]
        prompt = self.format_input({**input, "_messages": shown, "_is_last": is_last})
        said = [message["content"] for message in messages if message["role"] == "user"]

        def read(text: str) -> UserTurn:
            turn = read_json(text, UserTurn)
            if is_last or (turn.goal_reached and turns >= self.least_turns):
                return turn
            message = spoken(turn.message)
            if any(is_same(message, earlier) for earlier in said):
                raise InvalidOutputError("the message repeats an earlier one", text=text)
            return UserTurn(goal_reached=False, message=message)

        turn: UserTurn = await self.ask(prompt, schema=UserTurn.model_json_schema(), read=read)
        return turn

    async def _assistant_turn(self, input: Row, messages: Sequence[Message], use: ToolUse) -> list[Message]:
        system = PromptTemplate(self.assistant_template).render(input)
        return await use.answered(system, messages, spoken)

    def _read(self) -> Toolbox:
        if self._toolbox is None:
            self._toolbox = toolbox_of(self.tools, self.file)
        return self._toolbox


def spoken(text: str) -> str:
    """Return what one side says, without a label; raise InvalidOutputError if it speaks for the other one."""
    message = _LABEL.sub("", written(text)).strip()
    if not message:
        raise InvalidOutputError("the message is empty", text=text)
    if _OTHER_SIDE.search(message):
        raise InvalidOutputError("it goes on with the other side's message", text=text)
    return message
