"""A quote that is in the document of the example."""

import json


def answer(request):
    return json.dumps(
        {
            "question": "When was the lighthouse built?",
            "quote": "The lighthouse was built in 1874.",
            "answer": "In 1874.",
        }
    )
