"""Solutions in three steps, and rollouts of which some reach the answer."""

inputs = [{"id": n, "instruction": f"What's {n} and 2?", "answer": n + 2} for n in range(3)]
parameters = {"samples": 3}


def answer(request):
    prompt = request.messages[-1]["content"]
    number = int(prompt.partition("What's ")[2].partition(" ")[0])
    if "Here is the beginning" in prompt:
        return f"Step 3: It's done. The answer is {number + 2 - (request.seed or 0) % 2}."
    return f"Step 1: Take {number}.\nStep 2: Add 2.\nStep 3: The answer is {number + 2}."
