"""Joins: the branches of a pipeline meet again."""
