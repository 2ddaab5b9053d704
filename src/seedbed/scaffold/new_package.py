"""A plugin package to create: its names, and the versions of Seedbed that it accepts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from seedbed.llm.embedding.embedder_kind import EMBEDDERS
from seedbed.plugins.discovery.metadata import running_version
from seedbed.plugins.kinds import PluginKind

_IMPORTED = (
    "Engine EngineContract EngineOptions WorkerEngine WorkerLink WorkerLostError WorkerOptions PipeLink "
    "NamesItsProcess ParameterError RowWorker Sequence BinaryIO "
    "DatasetError Format FormatContract Iterable Iterator Pass Path Reading "
    "Any Asked Capabilities Choice ClassVar Embedder EmbedderContract Embeddings Field GeneratorTask "
    "HTTPLLM KeepsTrees LLMContract Limits Mapping Message ObserverContract PackageContract Protocol "
    "Received Refusal Reject Reply Request Response Row ScriptedLLM ScriptedServer Step StepContract "
    "TaskContract Usage Wire"
)
_TAKEN = frozenset(_IMPORTED.split())
"""Class names that the modules of a new package import or define."""


@dataclass(frozen=True)
class NewPackage:
    """A package with one plugin of a kind, which users call `name`; with `http`, it calls a server."""

    kind: PluginKind[Any]
    name: str
    author: str = ""
    http: bool = False

    @property
    def template(self) -> str:
        """The folder of its templates."""
        return "http" if self.http else self.kind.word

    @property
    def distribution(self) -> str:
        """The name it is installed under."""
        return f"seedbed-{self.name}"

    @property
    def module(self) -> str:
        """The name it is imported under."""
        return self.distribution.replace("-", "_")

    @property
    def class_name(self) -> str:
        """The name of its class, unlike those that its modules import, and not starting with `Test`."""
        words = "".join(word.capitalize() for word in self.name.split("-"))
        name = words + {"llm": "LLM", "embedder": "Embedder", "engine": "Engine"}.get(self.kind.word, "")
        return f"The{name}" if name in _TAKEN or name.startswith("Test") else name

    @property
    def test_extras(self) -> str:
        """The extras of Seedbed that its tests need."""
        return "embeddings,testing" if self.kind is EMBEDDERS else "testing"

    @property
    def key_env_var(self) -> str:
        """The environment variable of a backend's key."""
        return f"{self.name.replace('-', '_').upper()}_API_KEY"

    @property
    def copyright_holder(self) -> str:
        """The copyright holder in the licence."""
        return self.author or f"The authors of {self.distribution}"

    @property
    def requirement(self) -> str:
        """The versions of Seedbed that it accepts: from the running minor one, below the next major one."""
        major, minor, *_ = (running_version() or "0.1").split(".")
        return f">={major}.{minor},<{int(major) + 1}"
