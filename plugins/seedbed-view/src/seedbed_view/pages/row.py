"""One row: what each step got, asked, was answered and made."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from seedbed import Ratings, RunReader, Verdict, visible
from seedbed_view.chats import chats_of
from seedbed_view.pages.ratings import rater_of
from seedbed_view.rendering import page, text_of
from seedbed_view.runs_read import download, leaf_of, opened, row_of, story_of


def row(request: Request) -> Response:
    """Show how a row was made."""
    with opened(request) as reader:
        leaf = leaf_of(request, reader)
        story = story_of(request, reader)
        verdict = story.verdict or reader.verdict_of(leaf, story.row)
        before, after = _around(reader, verdict)
        is_rateable = verdict is not None and verdict.verdict == "accepted" and story.row == verdict.row
        said = Ratings(reader, verdict.leaf).of(story.row) if verdict is not None and is_rateable else []
        rater = rater_of(request)
        return page(
            request,
            "row.html",
            run_name=request.path_params["name"],
            tab="rows",
            story=story,
            chapters=[(chapter, chats_of(chapter)) for chapter in story.chapters],
            leaf=verdict.leaf if verdict is not None else leaf,
            is_rateable=is_rateable,
            said=said,
            rater=rater,
            own=next((one for one in said if one.rater == rater and one.is_current), None),
            before=before,
            after=after,
        )


def _around(reader: RunReader, verdict: Verdict | None) -> tuple[str | None, str | None]:
    """Return the accepted rows before and after one, by their ids."""
    if verdict is None:
        return None, None
    nearest = [reader.accepted_seqs(verdict.leaf, verdict.seq, way) for way in (-1, 1)]
    rows = {
        one.seq: one.row for one in reader.rows_at(verdict.leaf, [seq for found in nearest for seq in found])
    }
    before, after = (rows.get(found[0]) if found else None for found in nearest)
    return before, after


def text(request: Request) -> Response:
    """Answer with a text of a row, whole: a value of a column that a step has made, or without one, all."""
    name, known = request.path_params["name"], row_of(request)
    step, column = request.query_params.get("step", ""), request.query_params.get("column", "")
    with opened(request) as reader:
        story = story_of(request, reader)
    for chapter in (one for one in story.chapters if one.step == step):
        if not column:
            return download(text_of(chapter.rows), f"{name}-{known}-{step}")
        for made in chapter.rows:
            if column in made:
                return download(text_of(made[column]), f"{name}-{known}-{column}")
    raise HTTPException(
        404, f"there is no column '{visible(column)}' of the step '{visible(step)}' in this row"
    )


routes = [
    Route("/runs/{name}/row", row),
    # As people write it by hand. Nothing may follow the id, which may end in anything.
    Route("/runs/{name}/row/{row:path}", row),
    Route("/runs/{name}/text", text),
]
