"""The command that makes a dataset again, from the options that a run keeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from shlex import join
from typing import Any

from seedbed.store.cards.shown_references import without_folders

_OPTIONS = (
    ("llm", "--llm"),
    ("input", "--input"),
    ("encoding", "--encoding"),
    ("columns", "--columns"),
    ("n", "-n"),
    ("leaf", "--leaf"),
    ("max_attempts", "--max-attempts"),
    ("engine", "--engine"),
)
_PLACES = ("llm", "input")
_REPEATED = (("drop", "--drop"), ("settings", "--set"))
_WRITING = (
    ("form", "--form"),
    ("chat_template", "--chat-template"),
    ("split", "--split"),
    ("shard_rows", "--shard-rows"),
)


def command_of(order: Mapping[str, Any]) -> str:
    """Return the command with the options that decide what is in the dataset, quoted for a shell.

        command_of({"what": "qa-pairs", "llm": "openai/gpt-4.1-mini", "n": 10, "out": "qa.jsonl"})

    The dataset goes to the reader's folder, also if it went to an address, and files are named without an
    absolute path: the reader has other folders. Settings that are secret are named, without their values.
    """
    return join(["seedbed", "run", without_folders(str(order["what"])), *_words(order)])


def _words(order: Mapping[str, Any]) -> Iterator[str]:
    for name, option in _OPTIONS:
        if order.get(name) is not None:
            text = str(order[name])
            yield from (option, without_folders(text) if name in _PLACES else text)
    if order.get("seed"):
        yield from ("--seed", str(order["seed"]))
    for name, option in _REPEATED:
        for value in order.get(name) or ():
            yield from (option, str(value))
    for key in order.get("withheld") or ():
        yield from ("--set", f"{key}=...")
    if order.get("out"):
        yield from _writing(order)


def _writing(order: Mapping[str, Any]) -> Iterator[str]:
    yield from ("-o", _place(str(order["out"])))
    for name, option in _WRITING:
        if order.get(name):
            yield from (option, str(order[name]))
    for part in order.get("parts") or ():
        yield from ("--column", part)
    if order.get("csv_safe"):
        yield "--csv-safe"


def _place(out: str) -> str:
    """Return a place in the reader's folder: the name of the file, or a folder for an address."""
    if "://" in out:
        return f"{Path(out).name.partition('@')[0]}/"
    return f"{Path(out).name}{'/' if out.endswith('/') else ''}"
