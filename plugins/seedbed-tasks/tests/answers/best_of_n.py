"""Answers that differ by their seeds, and a score for each."""

import json

from seedbed.testing import plausible_answer


def answer(request):
    if request.schema:
        return json.dumps({"reason": "As it is.", "score": 1 + (request.seed or 0) % 5})
    return plausible_answer(request)
