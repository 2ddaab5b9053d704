"""Formats as plugins: the group `seedbed.formats`, its hook and the base class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seedbed.plugins.kinds import PluginKind

if TYPE_CHECKING:
    from seedbed.store.format import Format


def seedbed_format(name: str) -> type[Format] | None:
    """Return the `Format` class registered as `name` (group `seedbed.formats`).

    `name` is the ending of a file without its dot, or the scheme of an address:

        @hookimpl
        def seedbed_format(name):
            from my_package.spreadsheet import Spreadsheet
            return Spreadsheet
    """


FORMATS: PluginKind[Format] = PluginKind(
    "seedbed.formats",
    (seedbed_format,),
    base="seedbed.store.format:Format",
    noun="format",
    wanted="a Format class",
    in_python="out='rows.{}'",
    mention="{name!r} is a format: name a file that ends in .{name}, or an address with {name}://",
)
