"""The sampling parameters that an LLM, a task and a call may set."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from seedbed.plugins.fields.parameters_model import Parameters


class GenerationParameters(Parameters):
    """How answers are sampled; None leaves the choice to the provider."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=(), hide_input_in_errors=True)

    temperature: Annotated[float, Field(ge=0)] | None = Field(
        default=None, description="Randomness; 0 takes the likeliest token."
    )
    top_p: Annotated[float, Field(gt=0, le=1)] | None = Field(
        default=None, description="Sample from the likeliest tokens that make up this share."
    )
    max_tokens: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="The longest answer, in tokens."
    )
    stop: tuple[str, ...] = Field(default=(), description="Texts that end an answer.")
    seed: int | None = Field(
        default=None, description="Seed of every answer; derived from the run's seed and the row if unset."
    )
    logprobs: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="Log probabilities with this many alternatives per token."
    )
    extra: dict[str, Any] = Field(
        default_factory=dict, description="Further fields of the provider's request, sent as they are."
    )

    def given(self) -> dict[str, Any]:
        """Return the parameters that were set, by name."""
        # 0 is set: a temperature or a seed of 0 means something. From the dictionary, since this is every
        # call.
        values = self.__dict__
        return {name: value for name in _NAMES if (value := values[name]) or value == 0}

    def joined_with(self, default: GenerationParameters) -> GenerationParameters:
        """Return these parameters, with those of `default` that aren't set here.

        Only those that were set here count as set (`model_fields_set`), because who set a parameter decides
        which others it overrides.
        """
        values = {**default.given(), **{name: getattr(self, name) for name in self.model_fields_set}}
        return type(self).model_construct(_fields_set={*self.model_fields_set}, **values)


_NAMES = tuple(GenerationParameters.model_fields)
