"""Problems, and solutions of which most reach one answer."""

import hashlib


def answer(request):
    digest = hashlib.sha256(repr((request.messages, request.seed)).encode()).hexdigest()
    if "Write the problem only" not in request.messages[-1]["content"]:
        return f"Adding gives it.\nThe answer is {4 if int(digest[0], 16) else 5}."
    number = int(digest[:6], 16)
    return f"I have {number} pears and want {number + 4}. How many do I buy?"


parameters = {"topics": ["fractions", "circles", "prices"], "levels": ["easy", "hard"], "samples": 2}
