"""What users set of an engine."""

from __future__ import annotations

from pydantic import ConfigDict

from seedbed.plugins.fields.parameters_model import Parameters


class EngineOptions(Parameters):
    """The parameters of an engine, which its users set with `--set engine.NAME=VALUE`.

    class ClusterOptions(EngineOptions):
        workers: int = Field(default=4, ge=1, description="Processes that make rows.")
    """

    model_config = ConfigDict(extra="forbid", protected_namespaces=(), hide_input_in_errors=True)
