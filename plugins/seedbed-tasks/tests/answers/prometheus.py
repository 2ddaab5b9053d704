"""Feedback and a grade."""


def answer(request):
    return "Feedback: It names a colour. [RESULT] 4"
