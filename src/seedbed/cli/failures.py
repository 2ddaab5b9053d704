"""Error messages and exit statuses of the command."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import IntEnum
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING

from seedbed.cli.shortages import shortage_of
from seedbed.cli.terminal.printing import Painted, echo, show_logs_visibly
from seedbed.errors import PluginError, SeedbedError
from seedbed.plugins.authoring.class_errors import text_of, told
from seedbed.suggestions import did_you_mean
from seedbed.tracebacks import where

if TYPE_CHECKING:
    import click

TRACEBACK = "SEEDBED_TRACEBACK"
_PLAIN: Mapping[str, str] = MappingProxyType(
    {
        "is not a valid integer range": "isn't a whole number",
        "is not a valid integer": "isn't a whole number",
        "is not a valid float": "isn't a number",
        "is not a valid boolean": "isn't true or false",
    }
)
"""What click says to programmers, in the words of users."""

_MEANT: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("--count", "--limit", "--num", "--num-rows", "--rows", "--samples"), "-n"),
        **dict.fromkeys(("--backend", "--model"), "--llm"),
        **dict.fromkeys(("--budget", "--max-budget"), "--max-cost"),
        **dict.fromkeys(("--data", "--dataset", "--file"), "--input"),
        **dict.fromkeys(("--format", "--as"), "--form"),
        **dict.fromkeys(("--output", "--output-file"), "--out"),
        **dict.fromkeys(("--parallel", "--threads", "--workers"), "--concurrency"),
    }
)
"""What other programs call an option, and what it's called here."""

_OF_LLM = frozenset(("api_key", "base_url", "max_tokens", "preset", "stop", "temperature", "top_p"))

_LONGEST = 4000
"""Characters of a line of an error that are shown at most."""

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_SQLITE_FULL = 13  # not from sqlite3, whose import every command would pay for


class ExitStatus(IntEnum):
    """How a command ended."""

    COMPLETE = 0
    INCOMPLETE = 1
    """Rows failed, there are fewer rows than asked for, or a check found a problem."""
    USAGE = 2
    """It couldn't begin; nothing was spent."""
    INTERRUPTED = 3
    FAULT = 4
    """A bug in Seedbed."""


def guarded(command: Callable[[], int | None]) -> int:
    """Run `command` and return its exit status, with one clear message on stderr for whatever it raises."""
    show_logs_visibly()
    try:
        status = command() or ExitStatus.COMPLETE
        sys.stdout.flush()
    except (_click().Abort, KeyboardInterrupt):
        show("interrupted")
        return ExitStatus.INTERRUPTED
    except BrokenPipeError:
        discard_output()
        return ExitStatus.INTERRUPTED
    except (SystemExit, GeneratorExit) as error:
        _show_exit(error)
        return ExitStatus.INCOMPLETE
    except _click().ClickException as error:
        show(*_click_message(error))
        return ExitStatus.USAGE
    except SeedbedError as error:
        show_error(error)
        # The command was right: the disk or the server wasn't.
        return ExitStatus.INTERRUPTED if error.is_of_place or _is_full(error) else ExitStatus.USAGE
    except Exception as error:  # noqa: BLE001 - nothing above catches it; users get one line
        return _unforeseen(error)
    return status


def _click() -> ModuleType:
    # Only imported when something is raised, or by a command that has options.
    import click

    return click


def show_error(error: SeedbedError) -> None:
    """Write an error to stderr as `error: fact`, with its advice indented."""
    _show_traceback(error)
    # A file that can't be opened because too many are open isn't what's wrong.
    shortage = shortage_of(error.__cause__)
    show(error.fact, *(error.advice if shortage is None else shortage[1:]))


def show(fact: str, *advice: str) -> None:
    """Write `error: fact` and the indented lines of `advice` to stderr, without what may be a secret."""
    echo(Painted("error: ", "red", bold=True), _clipped(_shown(fact)), err=True)
    for line in advice:
        echo(f"  {_clipped(_shown(line))}", err=True)


def _shown(text: str) -> str:
    # Imported late: most commands show no error.
    from seedbed.llm.keys.redaction import redact_typed
    from seedbed.tasks.remote.kept_copies import with_addresses

    return redact_typed(with_addresses(text))


def _clipped(text: str) -> str:
    """Return a text without its middle if it's very long: it quotes an option or an answer of 100 kB."""
    left_out = len(text) - _LONGEST
    if left_out <= 0:
        return text
    # What's wrong with it is said at the end, or at the beginning.
    half = _LONGEST // 2
    return f"{text[:half]} ... ({left_out:,} characters) ... {text[-half:]}"


@contextmanager
def blaming(what: str, secrets: Iterable[str] = ()) -> Iterator[None]:
    """Turn what a plugin's own code raises into a PluginError that names the plugin; our own errors pass.

    `secrets` are removed from the message.
    """
    try:
        yield
    except SeedbedError:
        raise
    except Exception as error:  # noqa: BLE001 - raised again, with the name of the plugin
        from seedbed.llm.keys.redaction import redact_message, showable

        fact, advice = told(error)
        place = where(error)
        lines = (*((f"raised in {place}",) if place else ()), *advice)
        raise PluginError(
            f"{what} is broken: {redact_message(fact, secrets)}",
            *(redact_message(line, secrets) for line in lines),
        ) from showable(error, secrets)


def _show_exit(error: BaseException) -> None:
    """Name the code that tried to end the process: the command's own code never does."""
    _show_traceback(error)
    place = _author_place(error)
    show(
        f"code outside of seedbed ended the process: {type(error).__name__}: {error}".rstrip(": "),
        *((f"raised in {place}",) if place else ()),
        "what was made is kept; raise another kind of error if only one row can't be made",
    )


def _is_full(error: BaseException) -> bool:
    """Whether a full disk is the reason for an error, or for one that led to it."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in _NO_ROOM:
            return True
        if getattr(cause, "sqlite_errorcode", 0) & 0xFF == _SQLITE_FULL:
            return True
        cause = cause.__cause__
    return False


def _unforeseen(error: Exception) -> ExitStatus:
    _show_traceback(error)
    if isinstance(error, OSError) and error.errno in _NO_ROOM and error.filename is None:
        discard_output()
        show(f"standard output cannot be written to: {error.strerror}", "free some space there")
        return ExitStatus.INTERRUPTED
    if (shortage := shortage_of(error)) is not None:
        show(*shortage)
        return ExitStatus.INTERRUPTED
    if isinstance(error, OSError) and error.filename is not None:
        # Wherever it was raised in our code, the file is what's wrong.
        show(f"'{error.filename}' cannot be used: {error.strerror}", "choose another file or folder")
        return ExitStatus.INTERRUPTED if _is_full(error) else ExitStatus.USAGE
    if (place := _author_place(error)) is not None:
        fact, advice = told(error)
        show(f"code outside of seedbed is broken: {fact}", f"raised in {place}", *advice)
        return ExitStatus.USAGE
    show(
        f"{type(error).__name__}: {text_of(error)}",
        "this is a bug in seedbed, please report it",
        f"{TRACEBACK}=1 in the environment shows the traceback",
    )
    return ExitStatus.FAULT


def _author_place(error: BaseException) -> str | None:
    # It knows all plugins by their metadata, whose import takes a third of what each Tab in a shell takes.
    from seedbed.plugins.provenance import author_place

    return author_place(error)


def _click_message(error: click.ClickException) -> tuple[str, ...]:
    ctx = getattr(error, "ctx", None)
    help_line = [f"`{ctx.command_path} --help` shows how it is used"] if ctx else []
    if isinstance(error, _click().NoSuchOption):
        options = [name for param in ctx.command.params for name in param.opts] if ctx else []
        known = [name for name in options if name.startswith("-")]
        return (
            f"there is no option '{error.option_name}'",
            *(_option_meant(error.option_name, known) or did_you_mean(error.option_name, known)),
            *help_line,
        )
    message = error.format_message().rstrip(".")
    for theirs, ours in _PLAIN.items():
        message = message.replace(theirs, ours)
    return f"{message[:1].lower()}{message[1:]}", *help_line


def _option_meant(name: str, known: Sequence[str]) -> tuple[str, ...]:
    if (meant := _MEANT.get(name)) in known:
        return (f"did you mean '{meant}'?",)
    field = name.lstrip("-").replace("-", "_")
    if "--set" in known and field in _OF_LLM:
        return (f"write --set llm.{field}=VALUE",)
    return ()


def _show_traceback(error: BaseException) -> None:
    if os.environ.get(TRACEBACK):
        echo(_shown("".join(traceback.format_exception(error))), err=True, nl=False)


def discard_output() -> None:
    """Have the interpreter flush standard output to nowhere when it exits; a failure would be printed."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
