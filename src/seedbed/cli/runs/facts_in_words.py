"""Facts about a run, in words."""

from __future__ import annotations

from seedbed.cli.terminal.counting import cost_text, count_if_any, moment
from seedbed.counts import tokens_text
from seedbed.store import RunEntry
from seedbed.store.run_facts import RunFacts as Facts


class FactsInWords(Facts):
    """The facts about one run, with the words for them."""

    def rows_text(self) -> str:
        """Return '612 of 1,000' if rows are missing, else '1,000'."""
        short = self.wanted is not None and self.accepted < self.wanted
        return f"{self.accepted:,}{f' of {self.wanted:,}' if short else ''}"

    def holder_text(self) -> str:
        """Return the process that writes it: 'process 4711 on tinker since 2026-01-31 12:00', or nothing."""
        holder = self.entry.holder
        return f"process {holder.pid} on {holder.host} since {moment(holder.since)}" if holder else ""

    def spent_texts(self) -> list[str]:
        """Return what it has spent in all: '640 calls', '12,000 input + 34,000 output tokens', '$0.52'."""
        spent = self.spent
        if spent is None:
            return []
        tokens = tokens_text(spent.input_tokens, spent.output_tokens)
        return [text for text in (count_if_any(spent.calls, "call"), tokens, cost_text(self.cost)) if text]


def facts_of(entry: RunEntry) -> FactsInWords:
    """Return the facts about a run; if it can't be read, they have the error, which isn't raised."""
    return FactsInWords.of(entry)
