"""Solutions that end with a number."""

from seedbed.testing import plausible_answer


def answer(request):
    return f"{plausible_answer(request)}\nThe answer is {(request.seed or 0) % 3}."
