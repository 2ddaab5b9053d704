"""Command lines and files as nobody should give them, for hypothesis."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import strategies as st

RUN = ("run", "t.py:Haiku", "--llm", "t.py:Echo/m", "-n", "2")
OVER_ROWS = ("run", "t.py:Answer", "--llm", "t.py:Echo/m")

# What has broken a program before, and anything else.
_WORDS = [
    ".",
    "..",
    "/",
    "-",
    "--",
    "=",
    "a/b",
    "null",
    "NaN",
    "-1",
    "0",
    "3",
    "1_0",
    "1e999",
    "2**64",
    "{{",
    "{%x%}",
    "t.py",
    "t.py:",
    "t.py:X",
    "a.yaml",
    "a.jsonl",
]
TEXTS = st.one_of(
    st.sampled_from(
        ["", " ", "\0", "\udcff", "\u202e", "y" * 300, "9" * 5000, "[" * 3000, "{" * 3000, *_WORDS]
    ),
    st.text(max_size=20),
)
_OPTIONS = [
    "-n",
    "-o",
    "--name",
    "--seed",
    "--concurrency",
    "--input",
    "--llm",
    "--columns",
    "--drop",
    "--encoding",
    "--max-cost",
    "--max-time",
    "--max-failures",
    "--max-bytes-in-flight",
    "--give-up-after",
    "--engine",
    "--plugin",
    "--leaf",
    "--allow-host",
    "--allow-code",
    "--price-input",
    "--max-attempts",
    "--json",
    "--as",
    "--failed",
]
OPTIONS = st.sampled_from(_OPTIONS)
_FIELDS = [
    "style",
    "words",
    "lines",
    "title",
    "template",
    "llm.cut",
    "llm.waits_for",
    "llm.temperature",
    "llm.seed",
    "generation.max_tokens",
    "generation.stop",
    "generation.extra",
    "num_generations",
    "system_prompt",
    "name",
]
_COMMANDS = [
    "runs",
    "runs show",
    "runs export",
    "runs explain",
    "runs remove --yes",
    "runs retry",
    "plugins",
    "plugins show",
    "plugins check",
    "schema",
    "preview",
    "run",
]
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["use", "with", "name", "after", "when", "llm", "x"]), inner, max_size=3
        ),
    ),
    max_leaves=6,
)
_STEP = st.fixed_dictionaries(
    {"use": st.one_of(st.sampled_from(["pass", "text-generation", "concat", "join"]), TEXTS)},
    optional=dict.fromkeys(["with", "name", "after", "when", "otherwise", "llm", "schema"], VALUES),
)
_PIPELINE = st.one_of(
    VALUES,
    st.fixed_dictionaries(
        {"steps": st.one_of(st.lists(_STEP, max_size=3), VALUES)},
        optional=dict.fromkeys(["name", "llm", "columns", "drop"], VALUES),
    ),
)
_MARKS = [
    "steps:",
    "-",
    "use:",
    "pass",
    "{",
    "}",
    "[",
    "]",
    "&a",
    "*a",
    "!!binary",
    "!!float",
    "!!set",
    "!!timestamp",
    "0x_",
    "2001-99-99",
    "<<:",
    "?",
    ":",
    "'",
    "|",
    ">",
    "#",
    ".",
]
_YAML = st.lists(
    st.sampled_from([*_MARKS, "\n", "  ", " ", '"', "\t", "%YAML 9.9\n", "9" * 5000]), max_size=12
)
_DEEP = st.sampled_from([b"steps: " + b"[" * 500 + b"]" * 500, b"a: &a [*a]", b"{" * 2000])
_LINES = st.sampled_from(
    [
        *b'{"question":"x"} {"question":1e999} {} [] null "x" { " question a,b,c PAR1 ARROW1 {"":1}'.split(),
        b'{"a":1,"a":2}',
        b"\xff",
        b"\x00",
        b"",
        b" ",
        b"\xef\xbb\xbf",
        b"," * 50,
        b"[" * 3000,
        b"\xed\xa0\x80",
        b"9" * 5000,
        b"\x1f\x8b\x08",
        b"(\xb5/\xfd",
        b'{"question": "\\ud800"}',
        b'{"question": [' + b"[" * 2000,
    ]
)
_CONTENTS = st.lists(st.one_of(_LINES, st.binary(max_size=20)), max_size=5).map(b"\n".join)
_ENDINGS = st.sampled_from(
    [
        ".jsonl",
        ".ndjson",
        ".json",
        ".csv",
        ".tsv",
        ".parquet",
        ".arrow",
        ".feather",
        ".jsonl.gz",
        ".csv.zst",
        ".txt",
        ".hf",
    ]
)


def commands(folder: Path) -> st.SearchStrategy[list[str]]:
    """Return command lines over `t.py`; the files that they name are written into the folder."""

    def with_file(name: str, content: bytes, *args: str) -> list[str]:
        (folder / name).write_bytes(content)
        return list(args)

    options = st.lists(st.tuples(OPTIONS, TEXTS), max_size=3).map(_flat)
    fields = st.tuples(st.sampled_from(_FIELDS), st.one_of(TEXTS, VALUES.map(repr), VALUES.map(json.dumps)))
    settings = st.lists(fields.map(lambda pair: ("--set", "=".join(pair))), max_size=3).map(_flat)
    others = st.tuples(
        st.sampled_from(_COMMANDS).map(str.split), st.lists(st.one_of(OPTIONS, TEXTS), max_size=3)
    )
    files = st.one_of(
        _PIPELINE.map(lambda value: json.dumps(value).encode()),
        _YAML.map(lambda parts: "".join(parts).encode()),
        _DEEP,
    )
    inputs = st.tuples(_ENDINGS, _CONTENTS)
    return st.one_of(
        options.map(lambda args: [*RUN, *args]),
        settings.map(lambda args: [*RUN, *args]),
        others.map(lambda parts: [*parts[0], *parts[1]]),
        files.map(lambda text: with_file("p.yaml", text, "run", "p.yaml", "-n", "2", "--llm", "t.py:Echo/m")),
        inputs.map(lambda file: with_file(f"in{file[0]}", file[1], *OVER_ROWS, "--input", f"in{file[0]}")),
    )


def _flat(pairs: list[tuple[str, str]]) -> list[str]:
    return [one for pair in pairs for one in pair]
