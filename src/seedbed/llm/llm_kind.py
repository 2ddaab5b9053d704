"""LLM backends as plugins: the group `seedbed.llms`, its hook and the class that backends derive from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seedbed.plugins.kinds import BuiltIn, PluginKind

if TYPE_CHECKING:
    from seedbed.llm.llm import LLM


def seedbed_llm(name: str) -> type[LLM] | None:
    """Return the `LLM` class of the backend registered as `name` (group `seedbed.llms`).

    `name` is what comes before the first `/` of a reference such as `openai/gpt-4.1-mini`:

        @hookimpl
        def seedbed_llm(name):
            from my_package.llm import MyLLM
            return MyLLM
    """


LLMS: PluginKind[LLM] = PluginKind(
    "seedbed.llms",
    (seedbed_llm,),
    base="seedbed.llm.llm:LLM",
    noun="LLM backend",
    wanted="an LLM class",
    in_python="llm={}(model=...)",
    mention="{name!r} is an LLM backend: refer to a model of it as {name}/MODEL",
    built_in={
        "pool": BuiltIn(
            "seedbed.llm.pools.pool:PoolLLM", "Several endpoints of one model, the least busy one first."
        ),
        "fallback": BuiltIn(
            "seedbed.llm.pools.fallback:FallbackLLM", "Another model where one fails, refuses or is filtered."
        ),
    },
)
