"""Pairs are scored from 1 to 5."""

from seedbed.testing import plausible_answer

parameters = {"min_score": 3}


def answer(request):
    return "4" if request.messages[-1]["content"].endswith("Score:") else plausible_answer(request)
