from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from seedbed_tasks.chat_formats import CHAT_FORMATS, ChatFormat, default_system_prompt, guess_format

SYSTEM = {"role": "system", "content": "Be brief."}
USER = {"role": "user", "content": "Hi"}
ASSISTANT = {"role": "assistant", "content": "Hello"}
CHAT = [SYSTEM, USER, ASSISTANT]

BAR = "\N{FULLWIDTH VERTICAL LINE}"
END = f"<{BAR}end\u2581of\u2581sentence{BAR}>"

# The text of CHAT up to the user's next message, as the templates of the models' authors write it, without
# the beginning-of-text token.
WRITTEN = {
    "chatml": (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
        "<|im_start|>assistant\nHello<|im_end|>\n<|im_start|>user\n"
    ),
    "llama-3": (
        "<|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\nHello<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\n"
    ),
    "llama-4": (
        "<|header_start|>system<|header_end|>\n\nBe brief.<|eot|>"
        "<|header_start|>user<|header_end|>\n\nHi<|eot|>"
        "<|header_start|>assistant<|header_end|>\n\nHello<|eot|>"
        "<|header_start|>user<|header_end|>\n\n"
    ),
    "mistral-v1": "[INST] Be brief.\n\nHi [/INST] Hello</s>[INST]",
    "mistral": "[INST] Be brief.\n\nHi[/INST] Hello</s>[INST]",
    "mistral-nemo": "[INST]Be brief.\n\nHi[/INST]Hello</s>[INST]",
    "mistral-v7": "[SYSTEM_PROMPT] Be brief.[/SYSTEM_PROMPT][INST] Hi[/INST] Hello</s>[INST]",
    "mistral-v7-tekken": "[SYSTEM_PROMPT]Be brief.[/SYSTEM_PROMPT][INST]Hi[/INST]Hello</s>[INST]",
    "gemma": (
        "<start_of_turn>user\nBe brief.\n\nHi<end_of_turn>\n"
        "<start_of_turn>model\nHello<end_of_turn>\n<start_of_turn>user\n"
    ),
    "gemma-4": (
        "<|turn>system\nBe brief.<turn|>\n<|turn>user\nHi<turn|>\n<|turn>model\nHello<turn|>\n<|turn>user\n"
    ),
    "granite": (
        "<|start_of_role|>system<|end_of_role|>Be brief.<|end_of_text|>\n"
        "<|start_of_role|>user<|end_of_role|>Hi<|end_of_text|>\n"
        "<|start_of_role|>assistant<|end_of_role|>Hello<|end_of_text|>\n<|start_of_role|>user<|end_of_role|>"
    ),
    "command-r": (
        "<|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|>Be brief.<|END_OF_TURN_TOKEN|>"
        "<|START_OF_TURN_TOKEN|><|USER_TOKEN|>Hi<|END_OF_TURN_TOKEN|>"
        "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>Hello<|END_OF_TURN_TOKEN|>"
        "<|START_OF_TURN_TOKEN|><|USER_TOKEN|>"
    ),
    "exaone": "[|system|]Be brief.[|endofturn|]\n[|user|]Hi\n[|assistant|]Hello[|endofturn|]\n[|user|]",
    "phi-3": "<|system|>\nBe brief.<|end|>\n<|user|>\nHi<|end|>\n<|assistant|>\nHello<|end|>\n<|user|>\n",
    "phi-4-mini": "<|system|>Be brief.<|end|><|user|>Hi<|end|><|assistant|>Hello<|end|><|user|>",
    "phi-4": (
        "<|im_start|>system<|im_sep|>Be brief.<|im_end|><|im_start|>user<|im_sep|>Hi<|im_end|>"
        "<|im_start|>assistant<|im_sep|>Hello<|im_end|><|im_start|>user<|im_sep|>"
    ),
    "deepseek": f"Be brief.<{BAR}User{BAR}>Hi<{BAR}Assistant{BAR}>Hello{END}<{BAR}User{BAR}>",
    "glm-4": "[gMASK]<sop><|system|>\nBe brief.<|user|>\nHi<|assistant|>\nHello<|user|>\n",
}


@pytest.mark.parametrize("name", CHAT_FORMATS)
def test_a_chat_is_written_as_its_family_does(name: str) -> None:
    assert CHAT_FORMATS[name].before_user(CHAT) == WRITTEN[name]


@pytest.mark.parametrize("name", CHAT_FORMATS)
def test_the_place_of_an_answer_follows_the_users_message(name: str) -> None:
    form = CHAT_FORMATS[name]

    text = form.before_assistant([SYSTEM, USER])

    assert WRITTEN[name].startswith(text)
    assert text.endswith(form.assistant_before.strip(" ") or form.user_after)


def test_without_a_system_role_the_first_message_of_the_user_begins_with_the_system_prompt() -> None:
    gemma = CHAT_FORMATS["gemma"]

    assert gemma.before_user([SYSTEM]) == "<start_of_turn>user\nBe brief.\n\n"
    assert gemma.before_user() == "<start_of_turn>user\n"


@given(st.sampled_from(sorted(CHAT_FORMATS)), st.text(), st.text())
def test_messages_stand_in_the_text_as_they_are(name: str, one: str, other: str) -> None:
    chat = [{"role": "user", "content": one}, {"role": "assistant", "content": other}]
    form = CHAT_FORMATS[name]

    text = form.before_user(chat)

    assert text.count(form.user_before.rstrip()) >= 2
    assert f"{form.user_before}{one}{form.user_after}" in text
    assert f"{other}{form.assistant_after}" in text


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("meta-llama/Llama-3.3-70B-Instruct", "llama-3"),
        ("llama3.2:1b", "llama-3"),
        ("Qwen/Qwen2.5-7B-Instruct", "chatml"),
        ("qwen3:4b", "chatml"),
        ("smollm2-135m", "chatml"),
        ("NousResearch/Hermes-3-Llama-3.1-8B", "chatml"),
        ("mistralai/Mistral-7B-Instruct-v0.3", "mistral"),
        ("mistralai/Mistral-7B-Instruct-v0.2", "mistral-v1"),
        ("mistralai/Mixtral-8x7B-Instruct-v0.1", "mistral-v1"),
        ("mistralai/Mixtral-8x22B-Instruct-v0.1", "mistral"),
        ("mistralai/Mistral-Large-Instruct-2407", "mistral"),
        ("mistralai/Mistral-Large-Instruct-2411", "mistral-v7"),
        ("mistralai/Ministral-8B-Instruct-2410", "mistral-nemo"),
        ("mistralai/Ministral-3-8B-Instruct-2512", "mistral-v7-tekken"),
        ("mistralai/Mistral-Nemo-Instruct-2407", "mistral-nemo"),
        ("mistralai/Mistral-Small-24B-Instruct-2501", "mistral-v7-tekken"),
        ("google/gemma-2-9b-it", "gemma"),
        ("google/gemma-4-31B-it", "gemma-4"),
        ("ibm-granite/granite-3.3-8b-instruct", "granite"),
        ("CohereForAI/c4ai-command-r-08-2024", "command-r"),
        ("LGAI-EXAONE/EXAONE-3.5-7.8B-Instruct", "exaone"),
        ("microsoft/Phi-3.5-mini-instruct", "phi-3"),
        ("microsoft/phi-4", "phi-4"),
        ("microsoft/Phi-4-mini-instruct", "phi-4-mini"),
        ("deepseek-ai/DeepSeek-R1-Distill-Llama-8B", "deepseek"),
        ("deepseek-ai/DeepSeek-V3", "deepseek"),
        ("THUDM/glm-4-9b-chat", "glm-4"),
        ("zai-org/GLM-4.5-Air", "glm-4"),
        ("meta-llama/Llama-4-Scout-17B-16E-Instruct", "llama-4"),
        ("gpt-4.1-mini", None),
    ],
)
def test_the_family_follows_from_the_models_name(model: str, name: str | None) -> None:
    assert guess_format(model) == name


def test_the_system_prompt_of_a_template_is_known() -> None:
    assert default_system_prompt("Qwen/Qwen2.5-7B-Instruct") == (
        "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."
    )
    assert default_system_prompt("Qwen/Qwen3-8B") is None


def test_a_format_of_ones_own_needs_a_text_that_ends_a_message() -> None:
    with pytest.raises(ValidationError, match="stop"):
        ChatFormat(user_before="User: ", stop=())
