"""A text with the numbers of the example, which the task holds."""

from seedbed.testing import plausible_answer


def answer(request):
    return f"{plausible_answer(request)} 9"
