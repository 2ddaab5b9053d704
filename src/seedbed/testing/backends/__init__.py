"""What an LLM or an embedder must do: the contracts of backends."""
