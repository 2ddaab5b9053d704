"""Steps that stand in for their earlier versions: a retry with another LLM keeps the existing rows.

A run finds its rows by the fingerprints of its steps. So after a retry with another LLM or other parameters,
a step keeps the fingerprint that the existing rows were made under. That holds for this session and all later
ones, whichever of the two LLMs they name: otherwise the rows of one model would be thrown away as soon as the
other is named again.
"""

from __future__ import annotations

import orjson

from seedbed.engine.resume.fingerprint import step_basis, step_defaults, step_fingerprint
from seedbed.store import RunStore
from seedbed.store.run_queries import RunQueries
from seedbed.tasks.base_step import BaseStep

_IN_PLACE_OF = "own"
_BASIS = "basis"
_DEFAULTS = "defaults"


def standing_fingerprint(step: BaseStep, seed: int, kept: RunQueries, *, retrying: bool) -> bytes:
    """Return the fingerprint that a run uses for a step, without the files that it reads while it works."""
    own = step_fingerprint(step, seed)
    if retrying and (earlier := _made_under(step, seed, kept)) is not None:
        return earlier
    known = _stand_ins(step, kept).get(own.hex())
    return own if known is None else bytes.fromhex(known)


def record_stand_in(step: BaseStep, seed: int, store: RunStore) -> None:
    """Note in the run that a step stands in for its earlier version, if this retry makes it so.

    It's durable before any row of the retry, since the store keeps the order of additions.
    """
    own, goes_by = step_fingerprint(step, seed), standing_fingerprint(step, seed, store, retrying=True)
    known = _stand_ins(step, store)
    if known.get(own.hex(), own.hex()) != goes_by.hex():
        store.set_mark(_mark(step), orjson.dumps({**known, own.hex(): goes_by.hex()}))


def manifest_entries(step: BaseStep, seed: int, kept: RunQueries, *, retrying: bool) -> dict[str, str]:
    """Return the manifest's entries on a step that a later retry needs."""
    goes_by = standing_fingerprint(step, seed, kept, retrying=retrying)
    return {
        _IN_PLACE_OF: goes_by.hex(),
        _BASIS: step_basis(step, seed).hex(),
        _DEFAULTS: step_defaults(step).hex(),
    }


def _made_under(step: BaseStep, seed: int, kept: RunQueries) -> bytes | None:
    """Return the last session's fingerprint if only the LLM or parameters differ; otherwise None."""
    session = kept.last_working_session()
    steps = session.manifest.get("steps", ()) if session is not None else ()
    earlier: dict[str, str] = next((entry for entry in steps if entry["name"] == step.name), {})
    # Other code, files or seed: then the existing rows aren't the step's any more, and are made again.
    if earlier.get(_BASIS) != step_basis(step, seed).hex():
        return None
    # Another version of a plugin may ask otherwise although the user has changed nothing: the rows that were
    # there and those of the retry would be of two prompts. Runs of an earlier Seedbed don't say.
    if earlier.get(_DEFAULTS, now := step_defaults(step).hex()) != now:
        return None
    return bytes.fromhex(earlier[_IN_PLACE_OF])


def _stand_ins(step: BaseStep, kept: RunQueries) -> dict[str, str]:
    stored = kept.get_mark(_mark(step))
    return dict(orjson.loads(stored)) if stored else {}


def _mark(step: BaseStep) -> str:
    return f"{step.name} stands in"
