"""A problem with a solution that passes."""

import hashlib


def answer(request):
    digest = hashlib.sha256(repr((request.messages, request.seed)).encode()).hexdigest()
    # Few different ones, since each program that is new takes a sandbox.
    number = int(digest[:6], 16) % 7
    return (
        f"<problem>Write add(n), which adds {number} to n.</problem>\n"
        f"<solution>\n```python\ndef add(n):\n    return n + {number}\n```\n</solution>\n"
        f"<tests>\nassert add(0) == {number}\nassert add(1) == {number + 1}\n</tests>"
    )


rows = 4
parameters = {"topics": ["strings", "sets", "dates"], "least_tests": 2}
