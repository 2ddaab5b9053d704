"""A list with a task; plausible words are no list."""

from seedbed.testing import plausible_answer


def answer(request):
    return f"1. {plausible_answer(request)}"
