"""The base of classes whose fields users set: what doesn't fit is explained, also in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from seedbed.errors import ParameterError
from seedbed.plugins.fields.field_problems import field_problems
from seedbed.plugins.fields.unfit_fields import known_fields, unfit_error, unknown_names


class Parameters(BaseModel):
    """A pydantic class that raises `ParameterError`, with a line for each field that doesn't fit.

    Values of secret or unknown fields are never shown.
    """

    # Hidden from type checkers, which make the parameters of `__init__` from the fields.
    if not TYPE_CHECKING:

        def __init__(self, /, **fields: Any) -> None:
            # Raised outside of `except`: pydantic's own error shows input values, including secrets, so it
            # must not become the cause or context of ours.
            unfit: ParameterError | None = None
            try:
                super().__init__(**fields)
            except ValidationError as error:
                cls = type(self)
                unknown = unknown_names(cls, fields)
                found = field_problems(error, cls, fields, known_fields(cls))
                # Pydantic reports unknown fields, too.
                found = [one for one in found if not one.is_unknown or one.path[0] not in unknown]
                unfit = unfit_error(cls, unknown, found, f"'{cls.__name__}'")
            if unfit is not None:
                raise unfit

        # As pydantic marks its own: a class with another `__init__` is made by calling it, also inside of
        # other classes, where the error has to be pydantic's.
        __init__.__pydantic_base_init__ = True
