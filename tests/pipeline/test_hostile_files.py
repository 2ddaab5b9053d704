"""Files that a stranger wrote to harm: each is refused with a message, in little time and memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="it has no bounds for a process"),
]

# Each case and door in a process of its own, forked once everything is imported: only the file itself counts.
TRIAL = """
import contextlib, gc, importlib, json, os, resource, signal, sys, tempfile
from pathlib import Path
import yaml, seedbed_data, seedbed_tasks
from seedbed import Pipeline, SeedbedError
from seedbed.cli import invoke
import seedbed.cli.check.checking, seedbed.cli.run.making, seedbed.cli.graph.command
from seedbed.pipeline.file import load_pipeline

SECONDS, MEGABYTES = 2, 200

def from_file(file):
    try:
        Pipeline.from_file(file)
    except SeedbedError as error:
        print("error:", error, file=sys.stderr)
        return 2
    return 0

DOORS = {
    "check": lambda file: invoke(["check", file]),
    "graph": lambda file: invoke(["graph", file]),
    "run": lambda file: invoke(["run", file]),
    "from_file": from_file,
}

def bound():
    used = int(sum(resource.getrusage(resource.RUSAGE_SELF)[:2]))
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_CPU, (used + SECONDS + 1,) * 2)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEGABYTES * 2**20,) * 2)
    # Waiting takes no processor time.
    signal.alarm(250)

def tried(door, folder, file):
    with tempfile.TemporaryFile() as told:
        child = os.fork()
        if not child:
            os.dup2(told.fileno(), 1)
            os.dup2(told.fileno(), 2)
            bound()
            status = 99
            try:
                os.chdir(folder)
                status = DOORS[door](file)
                sys.stdout.flush()
                sys.stderr.flush()
            finally:
                os._exit(status)
        status = os.waitpid(child, 0)[1]
        told.seek(0)
        return [os.waitstatus_to_exitcode(status), told.read().decode()]

def modules_of_a_run(folder, file):
    # It starts threads, so it's run in a process of its own.
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.chdir(folder)
        status = DOORS["run"](file)
        os.write(writing, json.dumps(sorted(sys.modules)).encode())
        os._exit(status)
    os.close(writing)
    with open(reading) as names:
        found = json.load(names)
    os.waitpid(child, 0)
    return found

for name in modules_of_a_run(*sys.argv[1:]):
    with contextlib.suppress(ImportError):
        importlib.import_module(name)
# A collection would copy all of it to each process.
gc.freeze()
for line in sys.stdin:
    print(json.dumps({door: tried(door, *json.loads(line)) for door in DOORS}), flush=True)
"""
STEPS = "steps: [{use: pass}]\n"


class Case(NamedTuple):
    """A file, and what is said about it."""

    content: str | bytes | Callable[[Path], Any]
    said: str


def bomb(last: str) -> str:
    """Return nine levels of aliases, nine to a level: 387 million values."""
    levels = [f"  a{at}: &a{at} [{', '.join([f'*a{at - 1}'] * 9)}]" for at in range(1, 10)]
    return "\n".join(["vars:", "  a0: &a0 [x, x, x, x, x, x, x, x, x]", *levels, last])


def merge_bomb() -> str:
    """Return mappings of which each merges the one before nine times."""
    levels = [f"  a{at}: &a{at} {{<<: [{', '.join([f'*a{at - 1}'] * 9)}]}}" for at in range(1, 10)]
    return "\n".join(["vars:", "  a0: &a0 {x: 1, y: 2}", *levels, STEPS])


def chain(length: int) -> str:
    """Return a value that is nested by aliases alone."""
    links = "".join(f"  a{at}: &a{at} [*a{at - 1}]\n" for at in range(1, length))
    return f"vars:\n  a0: &a0 []\n{links}{STEPS}"


def large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(100_000_000)


def spread(path: Path) -> None:
    """Write a file whose variable of 200 kB is used two thousand times."""
    path.write_text(f"vars: {{a: {'x' * 200_000}}}\nname: {'${a}' * 2000}\n{STEPS}")


CASES = {
    "python tag": Case("a: !!python/object/apply:os.system [touch pwned]\n" + STEPS, "tag"),
    "name tag": Case("a: !!python/name:os.system\n" + STEPS, "tag"),
    "own tag": Case("a: !mine b\n" + STEPS, "tag"),
    "set tag": Case("a: !!set {a}\n" + STEPS, "tag"),
    "bytes that aren't": Case("name: !!binary a\n" + STEPS, "base64"),
    "anchor bomb": Case(bomb(STEPS), "aliases"),
    "anchor bomb in steps": Case(bomb("steps: *a9"), "aliases"),
    "merge bomb": Case(merge_bomb(), "aliases"),
    "alias chain": Case(chain(5000), "nested too deeply"),
    "recursive anchor": Case("vars: &a {b: *a}\n" + STEPS, "alias"),
    "recursive list": Case("input: &a [*a]\n" + STEPS, "alias"),
    "200 levels": Case(f"vars: {{a: {'[' * 200}{']' * 200}}}\n{STEPS}", "nested too deeply"),
    "100,000 levels": Case("[" * 100_000, "nested too deeply"),
    "100,000 levels in a line": Case("- " * 100_000, "nested too deeply"),
    "levels of keys": Case(f"a: {'{a: ' * 300}1{'}' * 300}\n{STEPS}", "nested too deeply"),
    "huge integer": Case(f"n: {'9' * 100_000}\n{STEPS}", "number"),
    "huge hexadecimal": Case(f"n: 0x{'f' * 100_000}\n{STEPS}", "number"),
    "integer to base 60": Case(f"n: {':'.join(['59'] * 100_000)}\n{STEPS}", "number"),
    "float to base 60": Case(f"n: {':'.join(['59'] * 100_000)}.5\n{STEPS}", "number"),
    "large integer": Case(f"n: {10**40}\n{STEPS}input: [{{a: 1}}]\n", "must be at most"),
    "rows for ever": Case(f"n: .inf\n{STEPS}", "n"),
    "budget of nothing": Case(f"budget: {{cost: .nan}}\n{STEPS}", "must be more than 0"),
    "a date that isn't": Case(f"vars: {{a: 2024-99-99}}\n{STEPS}", "invalid value"),
    "key twice": Case("n: 1\nn: 2\n" + STEPS, "again"),
    "key twice within": Case("steps:\n- use: pass\n  use: filter\n", "again"),
    "key that is a boolean": Case("input: [{a: 1}]\nsteps:\n- {use: join, with: {on: [a]}}\n", "'on'"),
    "key that is a list": Case("? [a]\n: b\n" + STEPS, "key"),
    "20,000 steps": Case("steps:\n" + "- {use: pass}\n" * 20_000, "1000"),
    "no UTF-8": Case(b"name: \xff\xfe\n" + STEPS.encode(), "UTF-8"),
    "UTF-16": Case(STEPS.encode("utf-16"), "UTF-8"),
    "NUL": Case(b"name: a\0b\n" + STEPS.encode(), "NUL"),
    "control characters": Case(b"name: a\x07b\n" + STEPS.encode(), "YAML"),
    "100 MB": Case(large, "500,000 bytes"),
    "a pipe": Case(os.mkfifo, "regular file"),
    "a device": Case(lambda path: path.symlink_to("/dev/zero"), "regular file"),
    "a folder": Case(lambda path: path.mkdir(), "folder"),
    "a link to itself": Case(lambda path: path.symlink_to(path), "cannot be read"),
    "nothing": Case("", "not a pipeline file"),
    "only a comment": Case("# nothing\n", "not a pipeline file"),
    "a text": Case("rm -rf /", "not a pipeline file"),
    "two documents": Case(f"{STEPS}---\n{STEPS}", "YAML"),
    "a variable that fills memory": Case(spread, "once its variables are filled in"),
    "input above": Case("input: ../secret.jsonl\n" + STEPS, "outside"),
    "input elsewhere": Case("input: /etc/passwd\n" + STEPS, "outside"),
    "pattern above": Case("input: 'a/*/../../../*.md'\n" + STEPS, "`..` after a wildcard"),
    "input in a home": Case("input: ~/.ssh/id_rsa\n" + STEPS, "outside"),
    "output above": Case("input: [{a: 1}]\nout: ../out.jsonl\n" + STEPS, "outside"),
    "path of a step": Case("steps: [{use: jsonl, with: {path: /etc/passwd}}]\n", "outside"),
    "path in a variable": Case("vars: {a: ../x.jsonl}\ninput: ${a}\n" + STEPS, "outside"),
    "link that leads out": Case("input: link/secret.jsonl\n" + STEPS, "outside"),
    "path with NUL": Case('input: "a\\0b.jsonl"\n' + STEPS, "path"),
    "code": Case("steps: [{use: 'mine.py:Mine'}]\n", "code"),
    "secret in a name": Case("name: ${env:HOME}\n" + STEPS, "secret"),
}


def write(folder: Path, content: Any) -> Path:
    """Write a file in a folder of its own, next to one with a secret and a link to that."""
    (folder / "secret.jsonl").write_text('{"a": "secret"}\n')
    home = folder / "home"
    home.mkdir()
    (home / "link").symlink_to(folder)
    path = home / "p.yaml"
    if callable(content):
        content(path)
    elif isinstance(content, str):
        path.write_text(content)
    else:
        path.write_bytes(content)
    return path


ROWS = "input: [{a: x}]\nsteps:\n"
TEMPLATES = {
    "class": "{{ a.__class__ }}",
    "globals": "{{ a.__init__.__globals__ }}",
    "subclasses": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "attr filter": "{{ a | attr('__class__') }}",
    "loop": "{% for i in range(10**9) %}x{% endfor %}",
    "nested loops": "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
    "repetition": "{{ 'a' * 10**10 }}",
    "list repetition": "{{ [0] * 10**9 }}",
    "power": "{{ 10**(10**10) }}",
    "power of a power": "{{ 9**(9**9) % 10 }}",
    "center": "{{ a.center(10**10) }}",
    "format": "{{ '%999999999d' % 1 }}",
    "format method": "{{ '{:>9999999999}'.format(a) }}",
    "format attribute": "{{ '{0.__class__}'.format(a) }}",
    "join": "{{ range(10**9) | join }}",
    "endless macro": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "import": "{% import '/etc/passwd' as p %}{{ p }}",
    "include": "{% include '/etc/passwd' %}",
}
EXPRESSIONS = {
    "power": "10**(10**10) > 1",
    "repetition": "'a' * 10**10 == a",
    "list repetition": "([0] * 10**10) | length > 1",
    "class": "a.__class__ == 1",
    "subclasses": "''.__class__.__mro__[1].__subclasses__() | length > 1",
    "range": "range(10**12) | sum > 1",
    "format": "'%999999999d' % 1 == a",
    "pattern": "(a * 10**9) == a",
}
HOSTILE_STEPS = {
    f"{use}: {name}": {"use": use, "with": fields(text)}
    for use, texts, fields in (
        ("template", TEMPLATES, lambda text: {"column": "b", "template": text}),
        ("filter", EXPRESSIONS, lambda text: {"keep": text}),
        ("map", EXPRESSIONS, lambda text: {"columns": {"b": text}}),
    )
    for name, text in texts.items()
} | {f"when: {name}": {"use": "pass", "when": text} for name, text in EXPRESSIONS.items()}


Told = dict[str, tuple[int, str]]
"""The status and the words of each way to use a file."""

HARMLESS = ROWS + "- use: pass\n"


class Trials:
    """A process that forks one for each way to use a file, so that imports are paid for once."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def tried(self, path: Path) -> Told:
        """Return what is said about a file."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([str(path.parent), path.name]), file=self._process.stdin, flush=True)
        told: Told = json.loads(self._process.stdout.readline())
        return told


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trials]:
    """The process, of which there's one for each worker of pytest."""
    path = write(tmp_path_factory.mktemp("harmless"), HARMLESS)
    command = [sys.executable, "-c", TRIAL, str(path.parent), path.name]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Trials(process)


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_file_is_refused_with_little_time_and_memory(
    trials: Trials, tmp_path: Path, name: str
) -> None:
    path = write(tmp_path, CASES[name].content)

    for door, (status, said) in trials.tried(path).items():
        assert status == 2, (door, status, said[-500:])
        assert CASES[name].said in said, (door, said[:500])
        assert "error: " in said
        assert "Traceback" not in said
        assert len(said) < 5000
    left = {one.name for one in path.parent.iterdir()}
    assert left - {"runs"} == {"p.yaml", "link"}


@pytest.mark.parametrize("name", HOSTILE_STEPS)
def test_a_hostile_template_makes_no_row_and_takes_little_time_and_memory(
    trials: Trials, tmp_path: Path, name: str
) -> None:
    path = write(tmp_path, f"{ROWS}- {json.dumps(HOSTILE_STEPS[name])}\n")

    for door, (status, said) in trials.tried(path).items():
        # Only a run renders a template.
        assert status in ((1, 2) if door == "run" else (0, 2)), (door, status, said[-500:])
        assert "Traceback" not in said
        assert len(said) < 5000
        assert not any(line.startswith("{") for line in said.splitlines())


def test_a_file_that_does_no_harm_passes(trials: Trials, tmp_path: Path) -> None:
    told = trials.tried(write(tmp_path, HARMLESS))

    assert {door: status for door, (status, _) in told.items()} == dict.fromkeys(
        ("check", "graph", "run", "from_file"), 0
    )
