"""The steps keep the contract of all steps."""

from __future__ import annotations

from pathlib import Path

import pytest

from seedbed.testing import StepContract

# Each makes all rows again, some of them in processes of their own.
pytestmark = pytest.mark.variants(
    5,
    "test_a_run_that_grows_comes_to_the_same_rows",
    "test_only_the_inputs_named_are_read",
    "test_rows_have_the_columns_promised",
    "test_a_row_alone_is_the_row_among_many",
    "test_files_that_it_reads_are_declared",
)

ROWS = [{"text": f"word number {n}", "n": n, "parts": [n, n + 1]} for n in range(6)]


class TestFilter(StepContract):
    step = "filter"
    parameters = {"keep": "n > 2"}
    inputs = ROWS


class TestLength(StepContract):
    step = "length"
    parameters = {"at_least": 2, "unit": "words"}
    inputs = ROWS


class TestLimit(StepContract):
    step = "limit"
    parameters = {"rows": 4}
    inputs = ROWS


class TestMap(StepContract):
    step = "map"
    parameters = {"make": {"double": "n * 2", "is_large": "double > 4"}}
    inputs = ROWS


class TestTemplate(StepContract):
    step = "template"
    parameters = {"column": "prompt", "template": "Say {{ text }}"}
    inputs = ROWS


class TestSelect(StepContract):
    step = "select"
    parameters = {"only": ["n", "text"]}
    inputs = ROWS


class TestDrop(StepContract):
    step = "drop"
    parameters = {"without": ["n"]}
    inputs = ROWS


class TestRename(StepContract):
    step = "rename"
    parameters = {"names": {"text": "instruction"}}
    inputs = ROWS


class TestExplode(StepContract):
    step = "explode"
    parameters = {"column": "parts", "into": "part", "position": "at"}
    inputs = ROWS


class TestMessages(StepContract):
    step = "messages"
    parameters = {"user": "text"}
    inputs = ROWS


class TestSort(StepContract):
    step = "sort"
    parameters = {"by": "-n"}
    inputs = ROWS


class TestShuffle(StepContract):
    step = "shuffle"
    inputs = ROWS


class TestSample(StepContract):
    step = "sample"
    parameters = {"share": 0.5}
    inputs = ROWS


class TestSplit(StepContract):
    step = "split"
    parameters = {"parts": {"train": 0.5, "test": 0.5}}
    inputs = ROWS


class TestDedupExact(StepContract):
    step = "dedup-exact"
    inputs = [*ROWS, ROWS[0]]


class TestDedupNear(StepContract):
    step = "dedup-near"
    parameters = {"ngram": 1}
    inputs = ROWS


class TestChunk(StepContract):
    step = "chunk"
    parameters = {"size": 2}
    inputs = ROWS


class TestChunkOfMarkdown(StepContract):
    step = "chunk"
    parameters = {"size": 2, "overlap": 1, "unit": "sentences", "markdown": True}
    inputs = ROWS


class TestDecontaminate(StepContract):
    step = "decontaminate"
    parameters = {"against": str(Path(__file__).with_name("evaluation.jsonl"))}
    inputs = ROWS


class TestCodeRun(StepContract):
    step = "code-run"
    inputs = [{"code": f"print({n})"} for n in range(3)]


class TestGroup(StepContract):
    step = "group"
    parameters = {"by": ["kind"], "make": {"texts": "text", "most": "n | max"}}
    inputs = [{**row, "kind": row["n"] % 2} for row in ROWS]


class TestBalance(StepContract):
    step = "balance"
    parameters = {"by": "kind", "each": 2}
    inputs = [{**row, "kind": row["n"] % 2} for row in ROWS]


class TestSplitStratified(StepContract):
    step = "split"
    parameters = {"parts": {"train": 0.5, "test": 0.5}, "stratify": "kind"}
    inputs = [{**row, "kind": row["n"] % 2} for row in ROWS]


class TestMessagesBack(StepContract):
    step = "messages"
    parameters = {"to": "columns"}
    inputs = [{"messages": [{"role": "user", "content": row["text"]}]} for row in ROWS]


class TestLanguage(StepContract):
    step = "language"
    parameters = {"confidence": "sure"}
    inputs = ROWS


class TestQualityHeuristics(StepContract):
    step = "quality-heuristics"
    inputs = [{"text": f"A few words about the sea, and {row['n']} ships."} for row in ROWS]


class TestPii(StepContract):
    step = "pii"
    inputs = [{"text": f"a{row['n']}@example.com"} for row in ROWS]


class TestSecrets(StepContract):
    step = "secrets"
    parameters = {"action": "find"}
    inputs = ROWS


class TestValidate(StepContract):
    step = "validate"
    parameters = {"column": "text", "parse": "json", "json_schema": {"type": "number"}, "into": "number"}
    inputs = [{"text": str(row["n"])} for row in ROWS]
