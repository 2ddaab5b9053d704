"""A JSON Schema that many requests share, with its JSON."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import orjson


class EncodedSchema(dict[str, Any]):
    """The JSON Schema of a class, encoded once for all its requests; don't change it.

    schema = EncodedSchema({"type": "object", "properties": {}})
    schema.encoded
    """

    # Each call needs its JSON several times: for its key, for the server's dialect, and for a copy that the
    # backend may change.

    @cached_property
    def encoded(self) -> bytes:
        """The schema as JSON."""
        return orjson.dumps(self, option=orjson.OPT_NON_STR_KEYS)

    @cached_property
    def ordered(self) -> bytes:
        """The schema as JSON with its keys in order."""
        return orjson.dumps(self, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SORT_KEYS)
