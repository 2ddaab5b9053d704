"""What a run with many workers costs in each of its parts, and a simulation that puts the parts together."""
