"""The whole contract of a backend."""

from __future__ import annotations

from seedbed.testing.backends.llm_answers import LLMAnswerContract
from seedbed.testing.backends.llm_calls import LLMCallContract
from seedbed.testing.backends.llm_failures import LLMFailureContract
from seedbed.testing.backends.llm_identity import LLMIdentityContract
from seedbed.testing.backends.llm_keys import LLMKeyContract
from seedbed.testing.backends.llm_requests import LLMRequestContract


class LLMContract(
    LLMRequestContract,
    LLMAnswerContract,
    LLMFailureContract,
    LLMCallContract,
    LLMIdentityContract,
    LLMKeyContract,
):
    """What Seedbed expects of every backend. Subclass it and give the facts of yours:

        class TestParrot(LLMContract):
            llm_class = ParrotLLM
            wire = ChatCompletions()     # leave this out if the model runs in the process

    The contract tests what the instance declares in `capabilities`, and skips the rest.
    """
