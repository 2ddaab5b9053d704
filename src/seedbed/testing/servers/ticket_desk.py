"""Answers that are fetched later, by a ticket: for protocols in which a client asks, and then polls."""

from __future__ import annotations

from itertools import count
from typing import NamedTuple

from seedbed.testing.servers.exchange import Received, Reply
from seedbed.testing.servers.wire import Wire


class Kept(NamedTuple):
    """A question, and the reply to it that is to be fetched."""

    received: Received
    reply: Reply


class TicketDesk:
    """Accepts questions, says once that the answer isn't there yet, and then gives it as often as asked."""

    def __init__(self, protocol: Wire) -> None:
        self._protocol = protocol
        self._numbers = count(1)
        self._kept: dict[str, Kept] = {}
        self._early: set[str] = set()

    def ticket_of(self, received: Received) -> str | None:
        """Return the ticket by which a request asks for an answer; None for a question."""
        return self._protocol.ticket(received)

    def accept(self, received: Received, reply: Reply) -> Reply | None:
        """Keep the reply to a question, and return the one that accepts it; None if there's no need to wait.

        A refusal and a connection that breaks off come at once.
        """
        if reply.status != 200 or reply.drop:
            return None
        ticket = str(next(self._numbers))
        self._kept[ticket] = Kept(received, reply)
        self._early.add(ticket)
        return self._protocol.accepted(ticket)

    def early(self, ticket: str) -> Reply | None:
        """Return the reply to whoever asks for the first time; None after that."""
        if ticket not in self._early:
            return None
        self._early.discard(ticket)
        return self._protocol.waiting(ticket)

    def fetch(self, ticket: str) -> Kept | None:
        """Return what is kept for a ticket, and the question with it; None for a ticket of nobody's."""
        return self._kept.get(ticket)
