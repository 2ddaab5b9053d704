"""Nothing that strangers write is obeyed by the terminal, whichever command shows it."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.fault_server import FaultServer, Reply
from tests.support.terminal import terminal

from seedbed.cli import invoke
from seedbed.cli.command import seedbed as root
from seedbed.cli.terminal.printing import show_logs_visibly, visible, visible_json
from seedbed.testing.packages.fake_site import FakeSite

OBEYED = {
    "clear": "\x1b[2J",
    "title": "\x1b]0;owned\x07",
    "link": "\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "c1": "\x9b2J",
    "bell": "\x07",
    "back": "\x08",
    "delete": "\x7f",
    "return": "\rerased",
    "override": "\u202egnp",
    "isolate": "\u2066",
    "mark": "\u200f",
    "no width": "\u200b",
    "line": "\u2028",
    "filler": "\u3164",
    "music": "\U0001d173",
    "pile": "\u0301" * 9,
    "byte order": "\ufeff",
    "tag": "\U000e0041",
}
EVIL = f"evil {' '.join(OBEYED.values())} [bold]plain[/bold] [link=http://evil.example]x[/link] :warning:"
# What rich and click themselves send.
OWN = ("\x1b[?25l", "\x1b[?25h", "\x1b[?2026h", "\x1b[?2026l", "\x1b[J", "\x1b[K", "\x1b[1A")
OWN += ("\x1b[1;31m", "\x1b[0m")

SOURCE = f"""
from typing import Any
from pydantic import Field
from seedbed import GeneratorTask, LLM, LLMError, Reject, Response, Choice, ToolCall, hookimpl

EVIL = {EVIL!r}

class Hostile(LLM):
    {EVIL!r}
    backend = "hostile"
    fails: bool = Field(default=False, description=EVIL)

    async def respond(self, request):
        if self.fails or str(request.messages[-1]["content"]).startswith("2"):
            raise LLMError(EVIL, EVIL)
        return Response(choices=(Choice(text=EVIL, reasoning=EVIL, finish_reason="stop"),), model=EVIL)

class Telling(GeneratorTask):
    {EVIL!r}
    template: str = "{{{{ index }}}} " + EVIL
    column: str = Field(default=EVIL, description=EVIL)

    def sample(self, index, rng):
        return {{"index": index}}

    def format_output(self, output, input):
        if input["index"] == 1:
            raise Reject(EVIL)
        return {{self.column: output}}

@hookimpl
def seedbed_llm(name):
    return Hostile

@hookimpl
def seedbed_task(name):
    return Telling
"""


@pytest.fixture
def hostile(folder: Path) -> Iterator[None]:
    """Plugins, files and runs that are full of what a terminal would obey."""
    broken = f"raise RuntimeError({EVIL!r})"
    with FakeSite(folder / "site") as site:
        site.install(
            "hostile",
            {"seedbed.llms": {"hostile": "hostile_plugin"}, "seedbed.tasks": {"telling": "hostile_plugin"}},
            {"hostile_plugin": SOURCE},
        )
        site.install(
            "breaking", {"seedbed.tasks": {"breaking": "breaking_plugin"}}, {"breaking_plugin": broken}
        )
        site.install("named", {"seedbed.tasks": {"\x9b2J\u202e\u200b": "breaking_plugin"}}, version="1")
        site.scan()
        yield


NAME = "evil\x1b]0;owned\x07\x9b2J\u202e\u200b [bold]n"
RUN = ("run", "telling", "--llm", "hostile/m", "-n", "3", "--name", NAME)
OTHER = f"{NAME}other"
COMMANDS: dict[str, list[tuple[str, ...]]] = {
    "run": [
        RUN,
        (*RUN, "--restart", "-o", f"{NAME}.jsonl"),
        (*RUN, "--set", "llm.fails=true", "--restart", "--max-failures", "0"),
        ("run", EVIL),
        ("run", "telling", "--llm", EVIL),
        ("run", "p.yaml"),
        ("run", "tag.yaml"),
        ("run", "telling", "--help"),
        ("run", "telling", "--llm", "hostile/m", "--help"),
        ("run", "telling", "--llm", "hostile/m", "--set", f"{EVIL}=1"),
        ("run", "telling", "--llm", "hostile/m", f"--{EVIL}"),
        ("run", "telling", "--llm", "hostile/m", "-n", EVIL),
        ("run", "breaking", "-n", "1"),
    ],
    "preview": [("preview", "telling", "--llm", "hostile/m", "-n", "3"), ("preview", "telling", "--help")],
    "plan": [
        ("plan", "telling", "--llm", "hostile/m", "-n", "3"),
        ("plan", "telling", "--llm", "hostile/m", "-n", "3", "--name", EVIL.replace("/", ""), "--probe", "2"),
        ("plan", "telling", "--llm", "hostile/m", "-n", "3", "--probe", "2"),
        ("plan", "telling", "--help"),
        ("plan", EVIL),
    ],
    "runs": [("runs",), ("runs", EVIL)],
    "runs list": [("runs", "list")],
    "runs show": [("runs", "show", NAME), ("runs", "show", EVIL.replace("/", ""))],
    "runs export": [("runs", "export", NAME), ("runs", "export", NAME, "-o", f"{NAME}.csv")],
    "runs retry": [("runs", "retry", NAME)],
    "runs explain": [("runs", "explain", NAME), *(("runs", "explain", NAME, row) for row in ("0", "1", "2"))],
    "runs push": [("runs", "push", NAME, EVIL), ("runs", "push", EVIL.replace("/", ""), "hf://a/b")],
    "runs card": [("runs", "card", NAME), ("runs", "card", NAME, "--title", EVIL)],
    "runs diff": [("runs", "diff", NAME, OTHER), ("runs", "diff", NAME, EVIL.replace("/", ""))],
    "runs rate": [
        ("runs", "rate", NAME, EVIL, "good"),
        ("runs", "rate", NAME, "0", EVIL, "--rater", EVIL),
        ("runs", "rate", NAME, "0", "--rater", "ada", "--label", EVIL),
        ("runs", "rate", NAME, "0", "--rater", EVIL, "--note", EVIL),
    ],
    "runs ratings": [
        ("runs", "rate", NAME, "0", "bad", "--rater", "ada", "--note", EVIL),
        ("runs", "ratings", NAME),
        ("runs", "ratings", NAME, "--json"),
    ],
    "runs calibrate": [("runs", "calibrate", NAME, "--score", EVIL), ("runs", "calibrate", NAME)],
    "runs merge": [("runs", "merge", "all", NAME), ("runs", "merge", NAME, EVIL)],
    "runs copy": [("runs", "copy", NAME, "memory://x/" + EVIL), ("runs", "copy", "memory://y/" + EVIL, EVIL)],
    "runs remove": [("runs", "remove", NAME, "--yes")],
    "report": [("report", NAME), ("report", NAME, "--json"), ("report", NAME, "-o", f"{EVIL}/r.html")],
    "view": [("view", EVIL), ("view", EVIL.replace("/", "")), ("view", NAME, "--port", "99999")],
    "plugins": [("plugins",), ("plugins", EVIL)],
    "plugins list": [("plugins", "list")],
    "plugins search": [
        ("plugins", "search", "telling"),
        ("plugins", "search", EVIL),
        ("plugins", "search", "telling", "--json"),
    ],
    "plugins show": [
        ("plugins", "show", "telling"),
        ("plugins", "show", "hostile"),
        ("plugins", "show", "breaking"),
    ],
    "plugins check": [("plugins", "check", "breaking"), ("plugins", "check", EVIL)],
    # Of these packages alone: each plugin that is installed would be tried in a process of its own.
    "plugins doctor": [
        ("plugins", "doctor", "--allow", "hostile", "--allow", "breaking", "--allow", "named")
    ],
    "plugins lock": [("plugins", "lock", "--run", EVIL.replace("/", "")), ("plugins", "lock", f"{NAME}.py")],
    "new": [("new", "task", EVIL), ("new", "task", "calm", "--author", EVIL, "--directory", f"{NAME}-dir")],
    "check": [("check", "p.yaml"), ("check", "tag.yaml"), ("check", "named.yaml"), ("check", EVIL)],
    "graph": [("graph", "p.yaml"), ("graph", "named.yaml"), ("graph", "named.yaml", "--mermaid")],
    "schema": [("schema",)],
}


def leaves(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[str]:
    if not isinstance(command, click.Group):
        yield " ".join(path)
        return
    if path and command.invoke_without_command:
        yield " ".join(path)
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None
        yield from leaves(found, (*path, name))


def test_every_command_is_fed() -> None:
    known = {name if name in COMMANDS else name.partition(" ")[0] for name in leaves(root)}
    kinds = ("task", "llm", "embedder", "step", "format", "observer", "engine")
    assert set(leaves(root)) - COMMANDS.keys() <= {f"new {kind}" for kind in kinds}
    assert known <= COMMANDS.keys()


def check(text: str, where: object) -> None:
    for own in OWN:
        text = text.replace(own, "")
    # Colours, and where rich moves to the beginning of a line.
    colourless = click.unstyle(text).replace("\r", "") if "\rerased" not in text else text
    found = [name for name, obeyed in OBEYED.items() if obeyed in text and name != "bell"]
    assert not found, (where, found)
    assert visible(colourless) == colourless, (where, ascii(colourless))


@pytest.mark.slow
@pytest.mark.variants(10)
@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_shows_what_a_terminal_would_obey(hostile: None, command: str) -> None:
    Path("p.yaml").write_text(json.dumps({"steps": [{"use": EVIL}], EVIL: 1}))
    step = {"use": "telling", "name": EVIL, "llm": f"hostile/{EVIL}"}
    Path("named.yaml").write_text(json.dumps({"steps": [step, {"use": "pass", "name": "second"}]}))
    Path("tag.yaml").write_bytes(f"a: !{EVIL} b".encode())
    if command not in ("run", "preview", "plan"):
        with terminal():
            invoke(RUN)
            if command == "runs diff":
                invoke((*RUN[:-1], OTHER, "-n", "5", "--set", f"template={EVIL} other {{{{ index }}}}"))
    for arguments in COMMANDS[command]:
        with terminal() as screen:
            status = invoke(arguments)
        check(screen.text, arguments)
        assert status != 4, screen.text


@pytest.mark.parametrize(
    "arguments", [("preview", "telling", "--llm", "hostile/m", "-n", "1"), ("runs", "explain", NAME, "0")]
)
def test_it_is_shown_as_text(hostile: None, arguments: tuple[str, ...]) -> None:
    with terminal():
        invoke(RUN)
    with terminal() as screen:
        invoke(arguments)
    shown = "".join(screen.text.split())
    for text in (r"\x1b[2J", r"\x1b]8;;http://evil.example", r"\x9b2J", r"\u202e", r"\u200b", r"\U000e0041"):
        assert text in shown
    assert "[bold]plain[/bold]" in shown
    assert "[link=http://evil.example]x[/link]:warning:" in shown


def test_rows_in_files_and_json_are_as_they_were_made(
    hostile: None, seedbed: Callable[..., object], capfd: pytest.CaptureFixture[str]
) -> None:
    capfd.readouterr()
    invoke((*RUN, "-o", "out.jsonl"))
    assert json.loads(Path("out.jsonl").read_text(encoding="utf-8").split("\n")[0])[EVIL] == EVIL
    capfd.readouterr()
    invoke(("runs", "explain", NAME, "0", "--json"))
    told = capfd.readouterr().out
    assert json.loads(told)["steps"][0]["calls"][0]["answers"][0]["text"] == EVIL
    check(told, "--json")
    invoke(("runs", "export", NAME))
    assert json.loads(capfd.readouterr().out.split("\n")[0])[EVIL] == EVIL


def test_rows_on_a_terminal_have_the_same_value(hostile: None) -> None:
    with terminal() as screen:
        invoke(("run", "telling", "--llm", "hostile/m", "-n", "1"))
    row = next(line for line in screen.text.split("\n") if line.startswith("{"))
    assert json.loads(row)[EVIL] == EVIL


def test_an_error_of_a_server_is_shown_as_text(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with FaultServer() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        server.answer_with(Reply(400, {"error": {"message": EVIL}}))
        with terminal() as screen:
            invoke(("run", "qa-pairs", "--llm", "openai/m", "-n", "1", "--name", "e"))
            invoke(("runs", "show", "e"))
            invoke(("runs", "explain", "e"))
    check(screen.text, "a server's error")
    assert r"\x1b[2J" in screen.text


def test_a_traceback_and_a_log_are_shown_as_text(
    hostile: None, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SEEDBED_TRACEBACK", "1")
    invoke(("run", "breaking", "-n", "1"))
    traced = capfd.readouterr().err
    assert "Traceback" in traced
    check(traced, "a traceback")
    show_logs_visibly()
    assert logging.lastResort is not None
    record = logging.LogRecord("x", logging.WARNING, "f", 1, EVIL, (), None)
    assert visible(logging.lastResort.format(record)) == logging.lastResort.format(record)


@pytest.mark.slow
@given(st.text())
def test_visible_text_stays_visible_and_json_its_value(text: str) -> None:
    assert visible(visible(text)) == visible(text)
    assert all(obeyed not in visible(text + obeyed) for obeyed in OBEYED.values())
    assert json.loads(visible_json(json.dumps({text: text}, ensure_ascii=False))) == {text: text}


@pytest.mark.parametrize("mark", ["\u0301", "\u0e49", "\u20dd", "\ufe0f", "\U000e0101"])
def test_a_pile_of_marks_covers_no_other_line_and_hides_nothing(mark: str) -> None:
    for count in (1, 8):
        assert visible(f"a{mark * count}b") == f"a{mark * count}b"
    shown = visible(f"a{mark * 300}b")
    assert shown.count(mark) == 8
    assert shown.count("\\") == 292
    assert json.loads(visible_json(json.dumps(mark * 300, ensure_ascii=False))) == mark * 300


def test_an_error_that_quotes_very_much_is_cut_in_its_middle(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert invoke(["run", "t.py:Haiku", "--llm", "x" * 100_000, "-n", "1"]) == 2
    err = capfd.readouterr().err
    assert len(err) < 5000
    assert "characters) ..." in err
    assert "does not have the form BACKEND/MODEL" in err


def test_what_scripts_need_is_left_alone() -> None:
    for text in ("Zażółć gęślą jaźń\n\tж 日本語 葛\U000e0100 ไทย العربية שָׁלוֹם 👍🏽❤️", '{"a": 1}'):
        assert visible(text) == text


PRINTING = re.compile(r"\bclick\.(echo|secho|style|confirm|prompt)\b|\bprint(_exc|_exception)?\(|\bText\(")


def test_nothing_else_in_the_command_prints() -> None:
    folder = Path(invoke.__code__.co_filename).parent
    found = {path.name: len(PRINTING.findall(path.read_text())) for path in folder.rglob("*.py")}
    # The bar prints by rich, with texts that one function makes.
    assert {name: count for name, count in found.items() if count} == {
        "printing.py": 3,
        "bar.py": 1,
        "bar_text.py": 1,
    }
