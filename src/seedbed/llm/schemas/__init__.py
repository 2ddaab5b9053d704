"""Schemas: structured output, in the dialect of JSON Schema that a provider takes."""
