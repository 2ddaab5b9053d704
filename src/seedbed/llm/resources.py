"""What a step or an LLM needs of the machine that runs it, for engines that choose the machine."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated

from pydantic import ConfigDict, Field, field_validator

from seedbed.plugins.fields.parameters_model import Parameters

_OWN = {"CPU": "cpus", "GPU": "gpus"}
"""Names of Ray's for what has a field of its own."""

_Amount = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Resources(Parameters):
    """What one worker needs, and how many workers there are to be.

        Resources(cpus=4, gpus=1, replicas=2, custom={"licence": 1})

    Amounts may be fractions. `custom` names what the nodes of a cluster were started with. Anything that is
    None or missing is left to the engine.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    cpus: _Amount | None = Field(default=None, description="Processors.")
    gpus: _Amount | None = Field(default=None, description="GPUs.")
    replicas: int | None = Field(default=None, ge=1, description="Processes that have it loaded.")
    custom: dict[str, _Amount] = Field(
        default_factory=dict, description="Resources of a cluster's own, by name."
    )

    @field_validator("custom")
    @classmethod
    def _check_custom(cls, value: dict[str, float]) -> dict[str, float]:
        for name in value:
            if name.upper() in _OWN:
                raise ValueError(f"write `{_OWN[name.upper()]}` instead of {name!r}")
        return value

    @classmethod
    def together(cls, several: Iterable[Resources]) -> Resources:
        """Return what one process needs in which all of these are loaded: amounts add up.

        Replicas are the most that any of them wants. Above one, amounts are rounded up: Ray wants whole
        numbers there.
        """
        declared = list(several)
        names = dict.fromkeys(name for one in declared for name in one.custom)
        return cls(
            cpus=_sum(one.cpus for one in declared),
            gpus=_sum(one.gpus for one in declared),
            replicas=max((one.replicas for one in declared if one.replicas is not None), default=None),
            custom={name: _sum(one.custom.get(name) for one in declared) or 0.0 for name in names},
        )


def _sum(amounts: Iterable[float | None]) -> float | None:
    total = sum(amount for amount in amounts if amount is not None)
    # Thirds of a GPU add up to a little more than one.
    return (math.ceil(total - 1e-6) if total > 1 else total) or None
