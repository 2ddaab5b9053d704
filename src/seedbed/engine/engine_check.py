"""What a run looks at after an engine of another package, and how messages name such an engine."""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.engine.engine import Engine
from seedbed.errors import PluginError
from seedbed.plugins.provenance import claims_behind
from seedbed.plugins.registry import Registry


def is_foreign(engine: Engine) -> bool:
    """Whether an engine is another package's."""
    return not type(engine).__module__.startswith("seedbed.")


def decides_itself(engine: Engine) -> bool:
    """Whether another package's code decides the rows: if an engine only starts workers, ours does."""
    return is_foreign(engine) and not type(engine).make_rows.__module__.startswith("seedbed.")


def engine_name(engine: Engine, registry: Registry) -> str:
    """Return how messages name an engine: its class, and the package with its version, if it's installed."""
    cls = type(engine)
    owner = next((f" of {claim.owner}" for claim in claims_behind(cls, registry)), "")
    return f"the engine '{cls.__module__}.{cls.__qualname__}'{owner}"


def check_verdicts(engine: Engine, *, finished: bool) -> None:
    """Raise PluginError, which names the engine, if it lost rows or gave one twice; it waits for the disk.

    `finished` is what it returned: one that was interrupted may leave verdicts of an earlier session.
    Otherwise the dataset would have the row twice, or writing it would fail, and nobody would know why.
    """
    engine.job.store.flush()
    for wrong in _wrong(engine, finished):
        raise PluginError(
            f"{engine_name(engine, engine.job.plan.registry)} {wrong}",
            "the dataset was not written; report it to the authors of the engine",
            "without --engine on the command (engine= in Python), the built-in one decides all rows again, "
            "from the answers kept",
        )


def _wrong(engine: Engine, finished: bool) -> Iterator[str]:
    store, run, leaf = engine.job.store, engine.job.run, engine.job.plan.leaf
    yield from filter(None, map(store.wrong_verdict, store.leaves()))
    if finished and (kept := store.count_verdicts(leaf)["accepted"]) != run.accepted:
        yield f"counted {run.accepted:,} rows, and accepted {kept:,} at {leaf!r}: some are lost or doubled"
