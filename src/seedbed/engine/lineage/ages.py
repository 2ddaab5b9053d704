"""Finds what is outdated of a row's story: results that an earlier session kept and no row comes to now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seedbed.engine.lineage.chapters import Chapter
from seedbed.store.refused_rows import upstream_of


def with_ages(chapters: Sequence[Chapter], ways: Sequence[Sequence[str]]) -> Iterator[Chapter]:
    """Yield the chapters, which are in the order of the steps, and mark those that are outdated."""
    above: dict[str, set[str]] = {}
    ended: list[Chapter] = []
    old: set[tuple[str, str]] = set()
    new: set[tuple[str, str]] = set()
    for chapter in chapters:
        upstream = above.setdefault(chapter.step, upstream_of(chapter.step, ways))
        is_dropped = any(
            end.step in upstream and f"{chapter.row}/".startswith(f"{end.row}/") for end in ended
        )
        has_parents = bool(upstream) and not chapter.is_over_all
        is_old = is_dropped or (has_parents and _is_made_no_more(chapter, old - new))
        (old if is_old else new).update((chapter.step, row) for row in _rows_made(chapter))
        if chapter.result and not chapter.rows and chapter.reasons:
            ended.append(chapter)
        yield chapter._replace(is_old=is_old)


def _is_made_no_more(chapter: Chapter, old: set[tuple[str, str]]) -> bool:
    """Whether no step above makes a row of this id now.

    Steps that were changed may make one row where they made several. What the next step had made of those
    stays in the run, as it may be used again, and such an id may be the one of another row now.
    """
    # Joined branches may know the row by a shorter id, but one of them has to make it by this one.
    made = [(parent.step, parent.row) for parent in chapter.parents if parent.row == chapter.row]
    return old.issuperset(made)


def _rows_made(chapter: Chapter) -> Iterator[str]:
    if len(chapter.rows) == 1:
        yield chapter.row
    else:
        yield from (f"{chapter.row}/{number}" for number in range(len(chapter.rows)))
