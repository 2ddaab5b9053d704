"""The contract of a backend, all of it."""

from __future__ import annotations

from seedbed.testing.llm_answers import LLMAnswerContract
from seedbed.testing.llm_calls import LLMCallContract
from seedbed.testing.llm_failures import LLMFailureContract
from seedbed.testing.llm_identity import LLMIdentityContract
from seedbed.testing.llm_keys import LLMKeyContract
from seedbed.testing.llm_requests import LLMRequestContract


class LLMContract(
    LLMRequestContract,
    LLMAnswerContract,
    LLMFailureContract,
    LLMCallContract,
    LLMIdentityContract,
    LLMKeyContract,
):
    """What every backend of Seedbed keeps to; subclass it with the facts of yours:

        class TestParrot(LLMContract):
            llm_class = ParrotLLM
            wire = ChatCompletions()     # or none, where the model is inside the process

    What the instance declares in `capabilities` is tested, and what it does not declare is skipped.
    """
