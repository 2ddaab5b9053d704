"""What pools and fallbacks share: an LLM that has others answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, model_validator

from seedbed.errors import LLMError
from seedbed.llm.base_backend import BaseBackend
from seedbed.llm.calling.gateway import Gateway
from seedbed.llm.calling.scope import CallScope
from seedbed.llm.capabilities import Capabilities
from seedbed.llm.llm import LLM
from seedbed.llm.parameters import GenerationParameters
from seedbed.llm.request import Request
from seedbed.llm.response import Response
from seedbed.llm.schemas.dialects import shared_dialect
from seedbed.plugins.fields.copies import copied

_ASKED_FOR = ("structured_output", "tools", "logprobs", "images", "seed", "raw_prompt")


class LLMGroup(LLM):
    """An LLM that has its members answer; keys, endpoints and limits are those of each member.

    Sampling parameters are set on the group, since one prompt goes to any of its members. A `timeout` of the
    group is that of the members without one of their own.
    """

    connection_fields: ClassVar[frozenset[str]] = frozenset({"timeout", "of"})

    model: str = Field(default="", description="A name for messages; by default the first member's.")
    of: Annotated[list[LLM], Field(min_length=1)] = Field(
        description="The LLMs: references, or {use: REFERENCE, with: {...}}."
    )

    @model_validator(mode="after")
    def _check_members(self) -> Self:
        for member in self.of:
            set_here = sorted(member.model_fields_set & GenerationParameters.model_fields.keys())
            if set_here:
                raise ValueError(
                    f"'{member.reference}' sets '{set_here[0]}' for itself: "
                    f"set it for the whole {self.backend}"
                )
        if "timeout" in self.model_fields_set:
            # Calls have the time-out of the member that answers.
            self.of = [_with_timeout(member, self.timeout) for member in self.of]
        self.check_members()
        if not self.model:
            self.model = self.of[0].model
        return self

    def check_members(self) -> None:
        """Raise ValueError if the members can't be used together."""

    @property
    def model_name(self) -> str:
        """The model's name in the rows: the first member's."""
        return self.of[0].model_name

    @property
    def _leaves(self) -> tuple[BaseBackend, ...]:
        """The LLMs that are asked in the end, without groups."""
        return tuple(leaf for member in self.of for leaf in member._leaves)

    @property
    def endpoint(self) -> str:
        """The members' endpoints."""
        return " ".join(member.endpoint for member in self.of)

    @property
    def credential_id(self) -> str:
        """The members' credentials, as digests."""
        return " ".join(member.credential_id for member in self.of)

    @property
    def price_id(self) -> str | None:
        """The first member's."""
        return self.of[0].price_id

    @property
    def capabilities(self) -> Capabilities:
        """What all members can be asked for."""
        offered = [member.capabilities for member in self.of]
        common = {name: all(getattr(one, name) for one in offered) for name in _ASKED_FOR}
        dialect = shared_dialect(one.schema_dialect for one in offered)
        return Capabilities(**common, schema_dialect=dialect)

    async def respond(self, request: Request) -> Response:
        """Ask the first member once, without limits and retries; calls go through the gateway instead."""
        return await self.of[0].respond(request)

    def secrets(self) -> tuple[str, ...]:
        """Return the members' secrets."""
        return tuple(secret for member in self.of for secret in member.secrets())

    def load(self) -> None:
        """Load the members."""
        for member in self.of:
            member.ensure_loaded()

    def unload(self) -> None:
        """Unload the members."""
        for member in self.of:
            member.unload()
        super().unload()

    async def check(self) -> None:
        """Raise the first member's error if every member's check fails: one that is down is left out."""
        errors = [error async for error in _failed_checks(self.of)]
        if len(errors) == len(self.of):
            raise errors[0]

    def bound(self, gateway: Gateway, scope: CallScope | None) -> Self:
        """Return a copy whose members' calls go through `gateway`."""
        view = super().bound(gateway, scope)
        view.__dict__["of"] = [member.bound(gateway, scope) for member in self.of]
        return view

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        yield "of", [member.reference for member in self.of]


def _with_timeout(member: LLM, timeout: float) -> LLM:
    """Return a member with a time-out, unless it has its own; a copy, as others may use the member."""
    if "timeout" in member.model_fields_set:
        return member
    if isinstance(member, LLMGroup):
        return copied(member, timeout=timeout, of=[_with_timeout(one, timeout) for one in member.of])
    return copied(member, timeout=timeout)


async def _failed_checks(members: list[LLM]) -> Any:
    for member in members:
        try:
            await member.check()
        except LLMError as error:
            yield error
