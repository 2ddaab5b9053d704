"""What the class of a step says of itself: what it's for, what to cite, an example."""
