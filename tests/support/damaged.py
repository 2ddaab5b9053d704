"""Values that a damaged run may have in any column of its files."""

from __future__ import annotations

Cell = tuple[str, str, str]

COLUMNS = {
    "run.db": {
        "sessions": ("id", "started", "ended", "seconds", "outcome", "manifest", "summary"),
        "calls": ("step", "row", "attempt", "digest", "k", "model", "input_tokens", "cost", "answer"),
        "results": ("step", "row", "key", "attempt", "status", "data", "reasons"),
        "verdicts": ("leaf", "seq", "row", "verdict", "step", "source_row", "k"),
        "marks": ("name", "value"),
    },
    "ratings.db": {
        "ratings": ("leaf", "row", "rater", "rating", "label", "note", "time", "columns"),
        "calibrations": ("leaf", "score", "time", "threshold", "made_by", "figures"),
    },
}
CELLS = [(file, table, one) for file in COLUMNS for table in COLUMNS[file] for one in COLUMNS[file][table]]
VALUES: list[object] = [
    "",
    "x",
    "[]",
    "{}",
    "[[]]",
    "[{}]",
    "[null]",
    '[{"text": NaN}]',
    r'[{"text": "\ud800"}]',
    '[{"text": 1',
    "[" * 5000,
    "null",
    '"tea"',
    "7",
    '{"choices": [], "usage": [], "model": null}',
    '{"choices": [{}], "usage": [1, 2, 3, 4], "model": "m", "asked": {"messages": [7], "seed": null}}',
    '{"choices": [{"text": 7, "finish_reason": 7, "tool_calls": [["a"]]}], "usage": [1], "model": 1}',
    '{"steps": [7], "ways": [7], "leaf": 7, "wanted": "x", "order": 7, "input": 7, "task": 7}',
    '{"steps": {"a": 1}, "ways": [[1, 2]], "leaf": null, "wanted": [], "order": {"folder": 7}, "input": ""}',
    '{"calls": "x", "accepted": [], "quality": 7, "out": 7, "cost": "x"}',
    '{"calls": null, "quality": {"rows": "x"}}',
    b"\xff\xfe",
    b"x\x9c\x00",
    b"",
    2**62,
    -1,
    1.5,
    None,
]
"""What stands where something else belongs: other types of SQLite, and JSON of another form."""
