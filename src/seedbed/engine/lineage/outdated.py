"""Marks what is outdated of a row's story: results that an earlier session kept and no row comes to now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seedbed.engine.lineage.chapters import Chapter
from seedbed.store.manifest_parts import upstream_of
from seedbed.store.row_ids import is_made_from


def mark_outdated(chapters: Sequence[Chapter], ways: Sequence[Sequence[str]]) -> Iterator[Chapter]:
    """Yield the chapters, which are in the order of the steps, with `is_old` set for those that are outdated.

    A chapter is outdated in two cases: a step upstream refuses the row now, or a step upstream makes fewer
    rows than it did, so that none has the chapter's id. `ways` are the links between the steps.
    """
    upstream: dict[str, set[str]] = {}
    refused: list[Chapter] = []
    # The rows that the chapters so far have made, as (step, id).
    old: set[tuple[str, str]] = set()
    new: set[tuple[str, str]] = set()
    for chapter in chapters:
        steps = upstream.setdefault(chapter.step, upstream_of(chapter.step, ways))
        is_refused = any(one.step in steps and is_made_from(chapter.row, one.row) for one in refused)
        has_parents = bool(steps) and not chapter.is_over_all
        is_old = is_refused or (has_parents and _is_made_no_more(chapter, old - new))
        (old if is_old else new).update((chapter.step, row) for row in _ids_made(chapter))
        if chapter.result and not chapter.rows and chapter.reasons:
            refused.append(chapter)
        yield chapter._replace(is_old=is_old)


def _is_made_no_more(chapter: Chapter, old: set[tuple[str, str]]) -> bool:
    """Whether no step upstream makes a row of this id now.

    Steps that were changed may make one row where they made several. What the next step had made of those
    stays in the run, as it may be used again, and such an id may be the one of another row now.
    """
    # Joined branches may know the row by a shorter id, but one of them has to make it by this one.
    made = [(parent.step, parent.row) for parent in chapter.parents if parent.row == chapter.row]
    return old.issuperset(made)


def _ids_made(chapter: Chapter) -> Sequence[str]:
    # A single row keeps the id of the row that it was made from.
    return [chapter.row] if len(chapter.rows) == 1 else chapter.children
