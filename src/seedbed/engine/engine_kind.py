"""Engines as plugins: the group `seedbed.engines`, its hook and the base class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seedbed.plugins.kinds import PluginKind

if TYPE_CHECKING:
    from seedbed.engine.engine import Engine


def seedbed_engine(name: str) -> type[Engine] | None:
    """Return the `Engine` class registered as `name` (group `seedbed.engines`).

    It makes the rows of runs with `--engine NAME` or `run(..., engine="NAME")`:

        @hookimpl
        def seedbed_engine(name):
            from my_package.cluster import ClusterEngine
            return ClusterEngine
    """


ENGINES: PluginKind[Engine] = PluginKind(
    "seedbed.engines",
    (seedbed_engine,),
    base="seedbed.engine.engine:Engine",
    noun="engine",
    wanted="an Engine class",
    in_python="engine={}",
    mention="{name!r} is an engine",
    if_unknown="leave it out to use the built-in engine",
)
