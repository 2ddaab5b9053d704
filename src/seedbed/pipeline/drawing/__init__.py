"""Drawings of a pipeline's graph, as text and as Mermaid."""
