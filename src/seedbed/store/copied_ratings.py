"""What people say of rows that only the copy of a run has."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from seedbed.errors import UsageError
from seedbed.store.copy_index import RunCopy
from seedbed.store.copy_place import CopyPlace
from seedbed.store.ratings.ratings_file import RATINGS

# A rating of the same person and row that is newer replaces the one before it.
_LACKING = (
    "SELECT count(*) FROM theirs.ratings AS t WHERE NOT EXISTS (SELECT 1 FROM ratings AS o "
    "WHERE o.leaf = t.leaf AND o.row = t.row AND o.rater = t.rater AND o.time >= t.time)"
)


def check_ratings(made: Path, fetched: Path, earlier: RunCopy, place: CopyPlace) -> None:
    """Raise UsageError if the earlier copy has ratings that the run in `made` lacks.

    Its ratings are copied to the folder `fetched` for that, unless the run's are the same.
    """
    theirs = next((file for file in earlier.files if file.name == RATINGS), None)
    if theirs is None:
        return
    place.fetch(theirs, fetched)
    with closing(sqlite3.connect(fetched / RATINGS)) as connection:
        total = connection.execute("SELECT count(*) FROM ratings").fetchone()[0]
        lacking = _lacking(made / RATINGS, fetched / RATINGS) if (made / RATINGS).is_file() else total
    if lacking:
        raise UsageError(
            f"the copy at '{place.address}' has {lacking:,} rating{'s' * (lacking != 1)} that this run lacks",
            "rate rows in one place, or copy this run to another one",
        )


def _lacking(ours: Path, theirs: Path) -> int:
    with closing(sqlite3.connect(ours)) as connection:
        connection.execute("ATTACH ? AS theirs", [str(theirs)])
        return int(connection.execute(_LACKING).fetchone()[0])
