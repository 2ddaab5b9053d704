"""The texts that prompts of one step share."""

from __future__ import annotations

from collections.abc import Callable

from seedbed.engine.prompts.prompt_pieces import text_digest

# Prompts with random examples share no text, and each would be looked for among all earlier ones.
_MOST_SHARED = 100
_MOST_SEEN = 1000


class SharedTexts:
    """The texts that prompts of one step share: a text that is met again is kept from then on."""

    def __init__(self) -> None:
        self._seen: set[int] = set()
        self._names: dict[str, str] = {}

    @property
    def are_all_different(self) -> bool:
        """Whether many texts were met and none of them again."""
        return len(self._seen) >= _MOST_SEEN and not self._names

    def name_of(self, text: str, keep: Callable[[str, str], object]) -> str | None:
        """Return the name under which a text is kept; None if it isn't."""
        if (name := self._names.get(text)) is not None:
            return name
        if hash(text) not in self._seen:
            if len(self._seen) < _MOST_SEEN:
                self._seen.add(hash(text))
            return None
        if len(self._names) >= _MOST_SHARED:
            return None
        name = self._names[text] = text_digest(text)
        keep(mark_of(name), text)
        return name


def mark_of(name: str) -> str:
    """Return the mark of the store under which the shared text of this name is."""
    return f"prompt text {name}"
