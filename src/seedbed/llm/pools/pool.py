"""Several endpoints of one model as one LLM."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from seedbed.llm.pools.llm_group import LLMGroup


class PoolLLM(LLMGroup):
    """Several endpoints of one model: each call goes to the one that is least busy.

        PoolLLM(of=[OpenAILLM(model="qwen", base_url=url) for url in urls])
        get_llm("pool", of=[{"use": "openai/qwen", "with": {"base_url": url}} for url in urls])

    Each endpoint has its own limits. One that fails three times in a row is left out and tried again; a call
    that failed there goes to another. Answers are kept under the model's own key: endpoints may be added,
    moved and removed, and nothing is bought again. With `sticky="prefix"`, prompts with the same system
    prompt go to the same endpoint as long as it has room, so that its prefix cache is hit.
    """

    backend: ClassVar[str] = "pool"
    connection_fields: ClassVar[frozenset[str]] = frozenset({"timeout", "of", "sticky"})

    sticky: Literal["prefix"] | None = Field(
        default=None, description="'prefix': the same system prompt goes to the same endpoint."
    )

    def check_members(self) -> None:
        """Raise ValueError unless all members are one model with the same settings."""
        first = self.of[0]
        for member in self.of:
            if isinstance(member, LLMGroup):
                raise ValueError(f"a pool has no {member.backend} in it: list its members, or use a fallback")
            if member.identity != first.identity:
                raise ValueError(
                    f"'{member.reference}' and '{first.reference}' are not the same model with the same "
                    "settings: a pool is several endpoints of one model; for different ones use a fallback"
                )

    @property
    def identity(self) -> bytes:
        """The model's own, as if it were asked without a pool."""
        return self.of[0].identity

    @property
    def answer_settings(self) -> dict[str, Any]:
        """The members'."""
        return self.of[0].answer_settings

    @property
    def _described(self) -> list[Any]:
        """The model's own, as if it were asked without a pool."""
        return self.of[0]._described

    @property
    def _pooled(self) -> tuple[Any, ...]:
        """The endpoints among which the sender chooses."""
        return tuple(self.of)

    @property
    def _is_sticky(self) -> bool:
        """Whether equal prefixes go to one endpoint."""
        return self.sticky is not None
