"""The reason that a judge gives before its verdict."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

LONGEST_REASON = 500
"""Characters; about four times as many as the one to three sentences that are asked for."""

Reason: TypeAlias = Annotated[str, Field(json_schema_extra={"maxLength": LONGEST_REASON})]
"""A text that a server with a grammar ends after LONGEST_REASON characters.

A small model that repeats itself would fill max_tokens and never come to the verdict. The length isn't
validated, since elsewhere a longer reason does no harm.
"""
