"""Joins: branches of a pipeline become one again."""
