"""Live quality: what the texts that a run makes are like, measured while it goes on."""
