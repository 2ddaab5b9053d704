"""Several LLMs as one: a pool of endpoints of one model, and another model where one fails."""
