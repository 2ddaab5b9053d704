"""Writing a report on a run: to a file, or to the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from seedbed.cli.companions import companion
from seedbed.cli.runs.export import leaf_of
from seedbed.cli.runs.kept_runs import kept_run
from seedbed.cli.terminal.output import kept_stdout, write_json
from seedbed.cli.terminal.printing import Painted, echo
from seedbed.errors import DatasetError, UsageError
from seedbed.llm.embedding.embedder import get_embedder
from seedbed.plugins.registry import Registry
from seedbed.store import RunReader
from seedbed.store.atomic_replace import replacing

_PAGES = {".html": "html_page", ".htm": "html_page", ".md": "markdown_page"}
_TYPES = (*_PAGES, ".json")


def write_report(
    name: str,
    outs: Sequence[Path],
    registry: Registry,
    *,
    leaf: str | None,
    embedder: str | None,
    tokenizer: str | None,
    as_json: bool,
) -> None:
    """Write the report on a run to each of `outs`, or a summary to the terminal; raises UsageError."""
    folder = kept_run(name)
    for out in outs:
        _check_file(out)
    made_by = companion("report", "seedbed-report")
    with kept_stdout(), RunReader.open(folder) as reader:
        report = made_by.report_of(
            reader,
            name,
            leaf=leaf_of(reader, name, leaf),
            embedder=get_embedder(embedder, registry=registry) if embedder else None,
            tokenizer=tokenizer,
        )
        pages = [(out, _page(out, made_by, report)) for out in outs]
    for out, page in pages:
        _write(out, page)
    if as_json:
        write_json(report.model_dump(mode="json"))
    elif not outs:
        _summarise(name, made_by, report)


def _check_file(out: Path) -> None:
    # Before the rows are read, which may take a minute.
    if out.suffix.lower() not in _TYPES:
        raise UsageError(f"a report can't be written as '{out.name}'", f"name a file {', '.join(_TYPES)}")
    if out.is_dir() or not out.parent.is_dir():
        what = "is a folder" if out.is_dir() else "is in a folder that isn't there"
        raise UsageError(f"'{out}' {what}", "name a file in a folder that exists")


def _page(out: Path, made_by: ModuleType, report: Any) -> str:
    maker = _PAGES.get(out.suffix.lower())
    made: str = getattr(made_by, maker)(report) if maker else report.model_dump_json(indent=2) + "\n"
    return made


def _write(out: Path, page: str) -> None:
    try:
        with replacing(out) as made:
            made.write_text(page, encoding="utf-8")
    except OSError as error:
        raise DatasetError(f"'{out}' can't be written: {error.strerror or error}") from error
    echo(f"the report is in {out}", err=True)


def _summarise(name: str, made_by: ModuleType, report: Any) -> None:
    lines = list(made_by.summary_lines(report))
    width = max(len(title) for title, _ in lines)
    echo(Painted(name, bold=True))
    for title, text in lines:
        echo(f"  {title.ljust(width)}  {text}")
    echo(f"\nA page with plots: seedbed report {name} -o report.html")
