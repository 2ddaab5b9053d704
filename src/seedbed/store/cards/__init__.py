"""The card of a dataset: what it is, what it was made with, and what it cost, written from the run."""
