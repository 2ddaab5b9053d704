"""What a user sets of the engine: `--set engine.NAME=VALUE`."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from seedbed import EngineOptions


class RayOptions(EngineOptions):
    """Where Ray runs, and how many workers there are."""

    address: str | None = Field(
        default=None, description="A cluster to join (host:port, or auto); if unset, Ray is started here."
    )
    workers: int | None = Field(
        default=None,
        ge=1,
        description="Workers, each a process; if unset, the replicas that steps declare, or as many as fit.",
    )
    cpus_per_worker: float | None = Field(
        default=None,
        gt=0,
        description="Processors that Ray reserves for each worker; if unset, those that steps declare, or 1.",
    )
    gpus_per_worker: float | None = Field(
        default=None,
        ge=0,
        description="GPUs that Ray reserves for each worker; if unset, those that steps declare.",
    )
    cpus: int | None = Field(
        default=None, ge=1, description="Processors of a Ray that is started here; if unset, all."
    )
    object_store: int = Field(
        default=128,
        ge=80,
        description="Megabytes of memory for the object store of a Ray that is started here.",
    )
    folder: str | None = Field(
        default=None,
        description="Folder for sockets and logs of a Ray that is started here; if unset, a temporary one.",
    )
    runtime_env: dict[str, Any] = Field(
        default_factory=dict,
        description='Ray\'s runtime environment of the workers, such as {"pip": ["seedbed-openai==0.1.0"]}.',
    )
    start_timeout: float = Field(default=120.0, gt=0, description="Seconds that workers may take to start.")
