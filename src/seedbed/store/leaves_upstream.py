"""The leaves at which rows on their way to another leaf were decided on.

Rows are also decided on where a step gets all of them at once: in `filter >> sort`, those that `filter`
rejects have their verdict at the leaf `filter`, and none at `sort`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seedbed.store.manifest_parts import upstream_of
from seedbed.store.run_queries import RunQueries


def leaves_up_to(queries: RunQueries, manifest: Mapping[str, Any], leaf: str) -> list[str]:
    """Return the leaf, and those before it that have verdicts, by a run's manifest."""
    upstream = upstream_of(leaf, manifest.get("ways", ()))
    return [leaf, *(one for one in queries.leaves() if one in upstream and one != leaf)]


def count_up_to(queries: RunQueries, manifest: Mapping[str, Any], leaf: str) -> dict[str, int]:
    """Return how many rows of a leaf were accepted, and how many were rejected and failed up to it."""
    counts = queries.count_verdicts(leaf)
    for earlier in leaves_up_to(queries, manifest, leaf)[1:]:
        found = queries.count_verdicts(earlier)
        counts = {**counts, **{name: counts[name] + found[name] for name in ("rejected", "failed")}}
    return counts
