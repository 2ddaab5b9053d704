"""How model families write a chat as text: what stands around each message.

For methods that need the text up to where a message begins. The beginning-of-text token is left out, since
llama.cpp, vLLM and the other servers put it before a raw prompt themselves; a second one makes answers worse.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from seedbed import Message


class ChatFormat(BaseModel):
    """What stands around each message of a chat.

        CHAT_FORMATS["chatml"].before_user()    # "<|im_start|>user\\n"

    Families without a system role (`has_system=False`) have the system prompt at the beginning of the first
    user message.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    user_before: str = Field(min_length=1, description="Text before a user's message.")
    user_after: str = Field(default="", description="Text after it.")
    assistant_before: str = Field(default="", description="Text before an assistant's message.")
    assistant_after: str = Field(default="", description="Text after it.")
    has_system: bool = Field(default=True, description="Whether there's a system role.")
    system_before: str = Field(default="", description="Text before a system prompt.")
    system_after: str = Field(default="", description="Text after it.")
    begin: str = Field(default="", description="Text before the first message.")
    stop: tuple[str, ...] = Field(
        min_length=1, max_length=4, description="Texts that end a message; servers take four at most."
    )

    @property
    def markers(self) -> tuple[str, ...]:
        """The texts that only stand between messages: in a message, they would begin another one."""
        around = (self.user_before, self.user_after, self.assistant_before, self.assistant_after)
        return tuple(dict.fromkeys(text.strip() for text in (*self.stop, *around) if text.strip()))

    def before_user(self, messages: Sequence[Message] = ()) -> str:
        """Return the text of a chat up to where the user's next message begins.

        A system prompt of a family without that role follows the beginning of the first user message, so
        before that message the text ends with it.
        """
        is_first = all(message["role"] == "system" for message in messages)
        inner = self._system_in_user(messages) if is_first else ""
        # A space at the end would be a token of its own; the model's next word brings its own.
        return (self._text(messages) + self.user_before + inner).rstrip(" ")

    def before_assistant(self, messages: Sequence[Message]) -> str:
        """Return the text of a chat up to where the assistant's next message begins."""
        return (self._text(messages) + self.assistant_before).rstrip(" ")

    def _text(self, messages: Sequence[Message]) -> str:
        inner = self._system_in_user(messages)
        parts = [self.begin]
        for message in messages:
            role, content = message["role"], message["content"]
            if role == "system":
                parts.append(f"{self.system_before}{content}{self.system_after}" if self.has_system else "")
            elif role == "user":
                parts.append(f"{self.user_before}{inner}{content}{self.user_after}")
                inner = ""
            else:
                parts.append(f"{self.assistant_before}{content}{self.assistant_after}")
        return "".join(parts)

    def _system_in_user(self, messages: Sequence[Message]) -> str:
        if self.has_system:
            return ""
        return "".join(f"{message['content']}\n\n" for message in messages if message["role"] == "system")


def _roles(
    before: str, after: str, end: str, stop: tuple[str, ...], assistant: str = "assistant"
) -> ChatFormat:
    """Return the format of a family that names the role of each message in the same way."""
    return ChatFormat(
        system_before=f"{before}system{after}",
        system_after=end,
        user_before=f"{before}user{after}",
        user_after=end,
        assistant_before=f"{before}{assistant}{after}",
        assistant_after=end,
        stop=stop,
    )


_PHI_STOP = ("<|end|>", "<|endoftext|>", "<|user|>", "<|assistant|>")
_CHATML_STOP = ("<|im_end|>", "<|im_start|>", "<|endoftext|>")


def _mistral(space: str, *, has_system: bool = False, before_end: str = "") -> ChatFormat:
    return ChatFormat(
        has_system=has_system,
        system_before=f"[SYSTEM_PROMPT]{space}",
        system_after="[/SYSTEM_PROMPT]",
        user_before=f"[INST]{space}",
        user_after=f"{before_end}[/INST]",
        assistant_before=space,
        assistant_after="</s>",
        stop=("[/INST]", "</s>", "[INST]"),
    )


def _bars(name: str) -> str:
    # DeepSeek's tokens have fullwidth bars and the block that stands for a space, not those of ASCII.
    return f"<\N{FULLWIDTH VERTICAL LINE}{name}\N{FULLWIDTH VERTICAL LINE}>"


CHAT_FORMATS = {
    "chatml": _roles("<|im_start|>", "\n", "<|im_end|>\n", _CHATML_STOP),
    "llama-3": _roles(
        "<|start_header_id|>",
        "<|end_header_id|>\n\n",
        "<|eot_id|>",
        ("<|eot_id|>", "<|end_of_text|>", "<|start_header_id|>", "<|eom_id|>"),
    ),
    "llama-4": _roles(
        "<|header_start|>",
        "<|header_end|>\n\n",
        "<|eot|>",
        ("<|eot|>", "<|end_of_text|>", "<|header_start|>", "<|eom|>"),
    ),
    # The numbers of Mistral's own descriptions; `mistral` is version 3, and `mistral-nemo` the same with the
    # tokenizer Tekken. Versions without Tekken have a space after each mark.
    "mistral-v1": _mistral(" ", before_end=" "),
    "mistral": _mistral(" "),
    "mistral-nemo": _mistral(""),
    "mistral-v7": _mistral(" ", has_system=True),
    "mistral-v7-tekken": _mistral("", has_system=True),
    "gemma": ChatFormat(
        has_system=False,
        user_before="<start_of_turn>user\n",
        user_after="<end_of_turn>\n",
        assistant_before="<start_of_turn>model\n",
        assistant_after="<end_of_turn>\n",
        stop=("<end_of_turn>", "<start_of_turn>", "<eos>"),
    ),
    "gemma-4": _roles("<|turn>", "\n", "<turn|>\n", ("<turn|>", "<|turn>", "<eos>"), "model"),
    "phi-3": _roles("<|", "|>\n", "<|end|>\n", _PHI_STOP),
    "phi-4-mini": _roles("<|", "|>", "<|end|>", _PHI_STOP),
    "phi-4": _roles("<|im_start|>", "<|im_sep|>", "<|im_end|>", _CHATML_STOP),
    "granite": _roles(
        "<|start_of_role|>",
        "<|end_of_role|>",
        "<|end_of_text|>\n",
        ("<|end_of_text|>", "<|start_of_role|>"),
    ),
    "command-r": ChatFormat(
        system_before="<|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|>",
        system_after="<|END_OF_TURN_TOKEN|>",
        user_before="<|START_OF_TURN_TOKEN|><|USER_TOKEN|>",
        user_after="<|END_OF_TURN_TOKEN|>",
        assistant_before="<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>",
        assistant_after="<|END_OF_TURN_TOKEN|>",
        stop=("<|END_OF_TURN_TOKEN|>", "<|START_OF_TURN_TOKEN|>"),
    ),
    "exaone": ChatFormat(
        system_before="[|system|]",
        system_after="[|endofturn|]\n",
        user_before="[|user|]",
        user_after="\n",
        assistant_before="[|assistant|]",
        assistant_after="[|endofturn|]\n",
        stop=("[|endofturn|]", "[|assistant|]", "[|user|]"),
    ),
    "deepseek": ChatFormat(
        user_before=_bars("User"),
        assistant_before=_bars("Assistant"),
        assistant_after=_bars("end\u2581of\u2581sentence"),
        stop=(_bars("end\u2581of\u2581sentence"), _bars("Assistant"), _bars("User")),
    ),
    "glm-4": ChatFormat(
        begin="[gMASK]<sop>",
        system_before="<|system|>\n",
        user_before="<|user|>\n",
        assistant_before="<|assistant|>\n",
        stop=("<|assistant|>", "<|user|>", "<|endoftext|>", "<|observation|>"),
    ),
}
"""The formats of the common model families, by name."""

# The first that fits counts: models tuned into another family's format come before their own family.
_FAMILIES = (
    (r"deepseek-(?:v3|r1)", "deepseek"),
    (r"hermes|dolphin|chatml", "chatml"),
    (r"glm-?(?:4|z1)", "glm-4"),
    (r"phi-?4-?m", "phi-4-mini"),
    (r"phi-?4", "phi-4"),
    (r"phi-?3", "phi-3"),
    (r"gemma-?4", "gemma-4"),
    (r"gemma", "gemma"),
    (r"mistral-large-(?:instruct-)?2411", "mistral-v7"),
    (r"mistral-small-?(?:3|24b|250)|mistral-large-?3|ministral-?3-|magistral|devstral", "mistral-v7-tekken"),
    (r"mistral-nemo|pixtral-12b|ministral", "mistral-nemo"),
    (r"mixtral-8x7b|mistral-7b-instruct-v0\.[12]", "mistral-v1"),
    (r"mistral|mixtral|codestral", "mistral"),
    (r"granite", "granite"),
    (r"command-r|aya-expanse", "command-r"),
    (r"exaone", "exaone"),
    (r"qwen|qwq|smollm|yi-1\.5|internlm2", "chatml"),
    (r"llama-?3", "llama-3"),
    (r"llama-?4", "llama-4"),
)
_SYSTEM_PROMPTS = (
    (r"smollm2", "You are a helpful AI assistant named SmolLM, trained by Hugging Face"),
    (r"qwen-?2\.5", "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."),
    (r"qwen-?2", "You are a helpful assistant."),
)


def guess_format(model: str) -> str | None:
    """Return the name of the format that a model's name tells; None if it tells none.

    guess_format("meta-llama/Llama-3.3-70B-Instruct")    # "llama-3"
    """
    return _first(_FAMILIES, model)


def default_system_prompt(model: str) -> str | None:
    """Return the system prompt that a model's template adds to a chat without one; None if it adds none."""
    return _first(_SYSTEM_PROMPTS, model)


def _first(patterns: Sequence[tuple[str, str]], model: str) -> str | None:
    name = model.lower().replace("_", "-")
    return next((found for pattern, found in patterns if re.search(pattern, name)), None)
