"""Testing tools for plugin authors: contracts, test doubles, fixtures, servers.

You can import everything public from here. Each name is loaded on first use. Contracts and fixtures need
pytest: `pip install 'seedbed[testing]'`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seedbed.testing.backends.embedder_contract import EmbedderContract as EmbedderContract
    from seedbed.testing.backends.llm_contract import LLMContract as LLMContract
    from seedbed.testing.contract import Contract as Contract
    from seedbed.testing.contract import departs as departs
    from seedbed.testing.contract import fact as fact
    from seedbed.testing.doubles.echo_llm import EchoLLM as EchoLLM
    from seedbed.testing.doubles.faulty_llm import FaultyLLM as FaultyLLM
    from seedbed.testing.doubles.recorded_llm import RecordedLLM as RecordedLLM
    from seedbed.testing.doubles.scripted_llm import ScriptedLLM as ScriptedLLM
    from seedbed.testing.doubles.wrapping_llm import WrappingLLM as WrappingLLM
    from seedbed.testing.engines.engine_contract import EngineContract as EngineContract
    from seedbed.testing.format_contract import FormatContract as FormatContract
    from seedbed.testing.observer_contract import ObserverContract as ObserverContract
    from seedbed.testing.packages.fake_site import BlockedRegistry as BlockedRegistry
    from seedbed.testing.packages.fake_site import FakeSite as FakeSite
    from seedbed.testing.packages.fake_site import fake_distribution as fake_distribution
    from seedbed.testing.packages.import_cost import modules_loaded as modules_loaded
    from seedbed.testing.packages.package_contract import PackageContract as PackageContract
    from seedbed.testing.plausible import plausible_answer as plausible_answer
    from seedbed.testing.servers.anthropic_messages import AnthropicMessages as AnthropicMessages
    from seedbed.testing.servers.chat_completions import ChatCompletions as ChatCompletions
    from seedbed.testing.servers.embeddings_api import EmbeddingsAPI as EmbeddingsAPI
    from seedbed.testing.servers.exchange import Received as Received
    from seedbed.testing.servers.exchange import Reply as Reply
    from seedbed.testing.servers.loopback import LoopbackServer as LoopbackServer
    from seedbed.testing.servers.responses_api import ResponsesAPI as ResponsesAPI
    from seedbed.testing.servers.scripted_server import ScriptedServer as ScriptedServer
    from seedbed.testing.servers.wire import Asked as Asked
    from seedbed.testing.servers.wire import Refusal as Refusal
    from seedbed.testing.servers.wire import Wire as Wire
    from seedbed.testing.steps.step_contract import StepContract as StepContract
    from seedbed.testing.steps.task_contract import TaskContract as TaskContract

_HOMES = {
    "servers.anthropic_messages": "AnthropicMessages",
    "servers.chat_completions": "ChatCompletions",
    "contract": "Contract departs fact",
    "doubles.echo_llm": "EchoLLM",
    "backends.embedder_contract": "EmbedderContract",
    "servers.embeddings_api": "EmbeddingsAPI",
    "engines.engine_contract": "EngineContract",
    "packages.fake_site": "BlockedRegistry FakeSite fake_distribution",
    "doubles.faulty_llm": "FaultyLLM",
    "format_contract": "FormatContract",
    "packages.import_cost": "modules_loaded",
    "backends.llm_contract": "LLMContract",
    "servers.loopback": "LoopbackServer",
    "observer_contract": "ObserverContract",
    "packages.package_contract": "PackageContract",
    "plausible": "plausible_answer",
    "doubles.recorded_llm": "RecordedLLM",
    "servers.responses_api": "ResponsesAPI",
    "doubles.scripted_llm": "ScriptedLLM",
    "servers.exchange": "Received Reply",
    "servers.scripted_server": "ScriptedServer",
    "steps.step_contract": "StepContract",
    "steps.task_contract": "TaskContract",
    "servers.wire": "Asked Refusal Wire",
    "doubles.wrapping_llm": "WrappingLLM",
}
_HOME = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'seedbed.testing' has no attribute {name!r}")
    value = getattr(_home_of(name), name)
    globals()[name] = value
    return value


def _home_of(name: str) -> Any:
    from seedbed.errors import UsageError

    try:
        return import_module(f"seedbed.testing.{_HOME[name]}")
    except ModuleNotFoundError as error:
        extra = {"pytest": "testing", "numpy": "embeddings"}.get(error.name or "")
        if extra is None:
            raise
        raise UsageError(
            f"'{name}' needs the package '{error.name}'", f"pip install 'seedbed[{extra}]'"
        ) from error


def __dir__() -> list[str]:
    return [*globals(), *__all__]
