"""The program that runs functions apart from what calls them; it's started in a sandbox, with its text.

Two processes: this one has the calls or tests and writes the verdict; its child has the source and two pipes.
So nothing that the source does can make the verdict: not printing, ending its process, changing `assert` or
a module. A child can open its parent's standard output under /proc, so a verdict counts only after a key that
the child never sees. What the source prints goes to a file, which the verdict shows.

Standard input is a file: the key, 32 characters; a size, 16 digits; JSON of that size, with the source and
its input; then the calls or tests in JSON, which are read once the child is there, so that it never has them.
"""

from __future__ import annotations

import ast
import asyncio
import builtins
import itertools
import json
import math
import os
import signal
import sys
import traceback
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

KEY_LENGTH, SIZE_LENGTH = 32, 16
LONGEST, LONGEST_PRINTED = 1_000_000, 64_000
"""Bytes of a value, and bytes shown of what the source prints."""
MOST_ITEMS = 10_000  # of an iterator that is a function's value

_GONE = "the program ended by itself"
_COLLECTIONS = {"tuple": tuple, "set": set, "frozenset": frozenset}


def main() -> None:
    """Read the order, run its calls or tests, and write the verdict after the key."""
    os.lseek(0, KEY_LENGTH, os.SEEK_SET)
    given = json.loads(os.read(0, int(os.read(0, SIZE_LENGTH))))
    for name in ("input.txt", "main.py"):
        Path(name).unlink()
    with Apart(given["source"], given["input"]) as apart:
        # Only now, so that none of it is in the child's memory, and before the source is run.
        order = json.loads(b"".join(iter(lambda: os.read(0, 1 << 20), b"")))
        os.lseek(0, 0, os.SEEK_SET)
        key = os.read(0, KEY_LENGTH)
        # Not closed: another file would get its number, and the child might wait for that one.
        os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
        apart.begin()
        verdict: Any = (
            {**run_tests(given["source"], order["tests"], apart), "printed": apart.printed()}
            if "tests" in order
            else [as_json(apart.result(call["name"], [], call["arguments"])) for call in order["calls"]]
        )
    write_all(1, b"\n" + key + json.dumps(verdict).encode())


class Apart:
    """The source in a child process; `last` says what became of the last call."""

    def __init__(self, source: str, given: str = "") -> None:
        # Open before the source is there: it may put something else in the place of these files.
        Path("given").write_text(given)
        read = os.open("given", os.O_RDONLY)
        self._printed = os.open("printed", os.O_CREAT | os.O_RDWR | os.O_APPEND)
        asked, self._ask = os.pipe()
        answered, answer = os.pipe()
        self.last = ""
        self._child = os.fork()
        if self._child == 0:
            os.dup2(read, 0)
            os.dup2(self._printed, 1)
            os.dup2(asked, 10)
            os.dup2(answer, 11)
            os.closerange(3, 10)
            os.closerange(12, 256)
            serve(source, 10, 11)
        os.close(asked)
        os.close(answer)
        self._answers = open(answered, "rb")  # noqa: PTH123, SIM115 (a pipe)

    def __enter__(self) -> Apart:
        return self

    def __exit__(self, *raised: object) -> None:
        os.kill(self._child, signal.SIGKILL)

    def printed(self) -> str:
        """Return the beginning of what the source printed."""
        return os.pread(self._printed, LONGEST_PRINTED, 0).decode(errors="replace")

    def begin(self) -> None:
        """Let the child run the source."""
        write_all(self._ask, b"\n")

    def result(self, name: str, args: Any, kwargs: Any) -> dict[str, Any]:
        """Return {"value": ...} or {"error": ...} of a call."""
        try:
            write_all(self._ask, json.dumps([name, packed(args), packed(kwargs)]).encode() + b"\n")
        except (TypeError, RecursionError) as error:
            return {"error": f"TypeError: {error}"}
        except OSError:
            return {"error": _GONE}
        answer = self._answers.readline(LONGEST)
        if not answer.endswith(b"\n"):
            return {"error": _GONE if len(answer) < LONGEST else "its value is too long"}
        # The source has this pipe, too, so anything may come.
        with suppress(Exception):
            made = json.loads(answer)
            return {"value": unpacked(made["value"])} if "value" in made else {"error": str(made["error"])}
        return {"error": "the program answered with something else than a value"}

    def call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Return the value of a call, or raise its exception: RuntimeError if it isn't a built-in one."""
        shown = ", ".join([*map(repr, args), *(f"{key}={value!r}" for key, value in kwargs.items())])
        made = self.result(name, args, kwargs)
        if "error" not in made:
            self.last = f"{name}({shown}) returned {made['value']!r}"
            return made["value"]
        self.last = f"{name}({shown}) raised {made['error']}"
        kind, _, text = made["error"].partition(": ")
        known = getattr(builtins, kind, None)
        is_error = isinstance(known, type) and issubclass(known, Exception)
        raise known(text) if is_error else RuntimeError(made["error"])  # type: ignore[misc]


_USES = (
    "call getattr bool iter len getitem contains eq ne lt le gt ge add radd sub rsub mul rmul truediv "
    "rtruediv floordiv rfloordiv mod rmod pow rpow and rand or ror xor rxor neg abs int float index hash"
)


def no_function(name: str) -> Any:
    """Return what stands in tests for a class or value of the source: any use of it is an error."""

    def refuse(*_: Any, **__: Any) -> Any:
        raise TypeError(f"'{name}' isn't a function, and tests that run apart see only functions")

    return type("NoFunction", (), {f"__{use}__": refuse for use in _USES.split()})()


def run_tests(source: str, tests: list[str], apart: Apart) -> dict[str, Any]:
    """Run each test; return as `wrong` what was wrong with the first that doesn't pass, or None.

    `kind` is the name of the error.
    """
    try:
        space = _space(ast.parse(source).body, apart)
    except (SyntaxError, ValueError) as error:
        return {"wrong": described(error), "kind": type(error).__name__}
    # Tests may call nothing, and a source that can't even be defined passes none.
    if broken := apart.result("", [], {}).get("error"):
        return {"wrong": broken, "kind": broken.partition(":")[0]}
    # What tests print isn't the verdict.
    kept = os.dup(1)
    os.dup2(2, 1)
    wrong = next(filter(None, (_wrong_with(test, space, apart) for test in tests)), None)
    os.dup2(kept, 1)
    return wrong or {"wrong": None, "kind": None}


def _space(body: list[ast.stmt], apart: Apart) -> dict[str, Any]:
    """Return the names that tests see."""
    space: dict[str, Any] = {"__name__": "tests"}
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            space[node.name] = partial(apart.call, node.name)
        elif isinstance(node, ast.ClassDef):
            space[node.name] = no_function(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            is_function = isinstance(node.value, ast.Lambda)
            for name in [target.id for target in targets if isinstance(target, ast.Name)]:
                # A function stays one if it's wrapped: `f = cache(f)`.
                space.setdefault(name, partial(apart.call, name) if is_function else no_function(name))
    return space


def _wrong_with(test: str, space: dict[str, Any], apart: Apart) -> dict[str, Any] | None:
    apart.last = ""
    try:
        exec(compile(test, "test", "exec"), space)
    except BaseException as error:  # noqa: BLE001 (whatever a test raises, SystemExit too)
        about = f" ({apart.last[:300]})" if apart.last else ""
        said = f"{test.strip()[:300]}: {described(error)}{about}"
        return {"wrong": said, "kind": type(error).__name__}
    return None


def serve(source: str, asked: int, answer: int) -> NoReturn:
    """Define the source's functions once told to begin, and call them as asked, until nobody asks."""
    os.read(asked, 1)
    space: dict[str, Any] = {"__name__": "functions"}
    broken = None
    try:
        exec(compile(source, "functions.py", "exec"), space)
    except BaseException as error:  # noqa: BLE001 (whatever the source raises)
        broken = described(error)
    _flush()
    with open(asked, "rb") as lines:
        for line in lines:
            name, args, kwargs = json.loads(line)
            made = {"error": broken} if broken else _called(space, name, unpacked(args), unpacked(kwargs))
            _flush()
            write_all(answer, json.dumps(made).encode() + b"\n")
    os._exit(0)


def _flush() -> None:
    # The process is killed in the end, and what it has printed would be lost.
    with suppress(Exception):
        sys.stdout.flush()


def _called(space: dict[str, Any], name: str, args: Any, kwargs: Any) -> dict[str, Any]:
    if not name:
        return {"value": None}
    try:
        value = space[name](*args, **kwargs)
        return {"value": packed(asyncio.run(value) if hasattr(value, "__await__") else value)}
    except BaseException as error:  # noqa: BLE001 (whatever a function raises)
        return {"error": described(error)}


def packed(value: Any) -> Any:
    """Return a value as JSON that tells tuples, sets, bytes and keys from lists and text."""
    if value is None or isinstance(value, bool):
        return value
    for kind in (str, int, float):
        if isinstance(value, kind):
            return kind(value)
    if isinstance(value, (list, range)):
        return [packed(item) for item in value]
    if isinstance(value, dict):
        return {"dict": [[packed(key), packed(item)] for key, item in value.items()]}
    if isinstance(value, tuple):
        return {"tuple": [packed(item) for item in value]}
    if isinstance(value, (set, frozenset)):
        tag = "set" if isinstance(value, set) else "frozenset"
        return {tag: [packed(item) for item in sorted(value, key=repr)]}
    if isinstance(value, (bytes, bytearray)):
        return {"bytes": bytes(value).hex()}
    if hasattr(value, "__next__"):
        return [packed(item) for item in itertools.islice(value, MOST_ITEMS)]
    raise TypeError(f"its value is a {type(value).__name__}, where plain values are allowed")


def unpacked(value: Any) -> Any:
    """Return the value that was packed."""
    if isinstance(value, list):
        return [unpacked(item) for item in value]
    if not isinstance(value, dict):
        return value
    ((tag, items),) = value.items()
    if tag == "dict":
        return {unpacked(key): unpacked(item) for key, item in items}
    return bytes.fromhex(items) if tag == "bytes" else _COLLECTIONS[tag](map(unpacked, items))


def as_json(made: dict[str, Any]) -> dict[str, Any]:
    """Return what a call made with its value in JSON, or an error if JSON has no such value."""
    try:
        return {"value": _plain(made["value"])} if "value" in made else made
    except (TypeError, ValueError) as error:
        return {"error": f"TypeError: {error}"}


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {
            key if isinstance(key, str) else str(_plain(key)): _plain(item) for key, item in value.items()
        }
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"its value has {value}, which JSON lacks")
    json.dumps(value)
    return value


def described(error: BaseException) -> str:
    """Return an exception's name and text, in one line."""
    text = traceback.format_exception_only(type(error), error)[-1].strip()
    return text.replace("\n", " ")[:500]


def write_all(pipe: int, data: bytes) -> None:
    """Write all bytes."""
    while data:
        data = data[os.write(pipe, data) :]


if __name__ == "__main__":
    main()
