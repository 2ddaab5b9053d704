"""The versions of plugins that a run on disk was made with, for errors of a plugin that has changed since."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from shlex import quote

from seedbed.errors import ParameterError, PluginError, SeedbedError
from seedbed.plugins.discovery.metadata import installed_version
from seedbed.store import RunReader, is_run, run_folder
from seedbed.store.manifest_parts import plugin_versions


@contextmanager
def naming_earlier_versions(names: Iterable[str | None]) -> Iterator[None]:
    """Add to an error of a plugin the versions that the run on disk was made with.

    The run's name is the first of `names` that isn't empty.
    """
    try:
        yield
    except (PluginError, ParameterError) as error:
        name = next((one for one in names if one), None)
        # What can't be read says nothing: the error that came first is the one to show.
        with suppress(SeedbedError):
            error.advice += tuple(_lines(name)) if name else ()
        raise


def _lines(name: str) -> Iterator[str]:
    if not is_run(run_folder(name)):
        return
    with RunReader.open(run_folder(name)) as reader:
        session = reader.last_working_session()
    then = dict(plugin_versions(session.manifest)) if session else {}
    others = [one for one in then.items() if _version(one[0]) != one[1]]
    for distribution, version in others:
        now = _version(distribution)
        is_now = f"{now} is installed now" if now else "it isn't installed now"
        pinned = quote(f"{distribution}=={version}")
        yield f"the run '{name}' was made with {distribution} {version}, and {is_now}: pip install {pinned}"
    if others:
        yield f"what it has is kept: seedbed runs export {quote(name)} -o FILE"


def _version(distribution: str) -> str | None:
    found = installed_version(distribution)
    return found.version if found is not None else None
