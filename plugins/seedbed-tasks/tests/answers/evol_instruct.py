"""Whether an evolution gained information is a choice."""

from seedbed.testing import plausible_answer


def answer(request):
    asks_for_gain = request.messages[-1]["content"].endswith("Equal or Different.")
    return "Different" if asks_for_gain else plausible_answer(request)
