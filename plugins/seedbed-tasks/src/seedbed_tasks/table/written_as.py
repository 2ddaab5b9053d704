"""What a parameter may be written as in Python: a date, a file or a model as text, too.

Type checkers and editors read these types; a run has the values that pydantic makes of the text. Without
them, `Date(start="2024-01-01")` works and is marked as wrong.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from seedbed import LLM, Embedder, Files

if TYPE_CHECKING:
    Moment = datetime.datetime | datetime.date | str
    FilePattern = Files | str
    Model = LLM | str
    EmbeddingModel = Embedder | str
else:
    Moment = datetime.datetime | datetime.date
    FilePattern = Files
    Model = LLM
    EmbeddingModel = Embedder
