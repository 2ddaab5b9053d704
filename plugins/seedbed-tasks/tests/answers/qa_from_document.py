"""A quote that is in the document of the example."""

import json


def answer(request):
    return json.dumps(
        {
            "question": "What is the capital of Italy?",
            "quote": "Rome is the capital of Italy.",
            "answer": "Rome.",
        }
    )
